"""Ray with a token: whoever reaches a port of a Ray without one runs code there."""

from __future__ import annotations

import os
import sys

from jarvis_retrievers.errors import SettingError

__all__ = ["require_token"]


def require_token() -> None:
    """Have Ray ask for a token in this process, before it is imported.

    Raises:
        SettingError: ``RAY_AUTH_MODE`` is another one, or Ray was imported without it.
    """
    # Ray's own default lets in everybody who can reach a port of it; it reads this when it is imported.
    usual = "disabled" if "ray" in sys.modules else "token"
    mode = os.environ.get("RAY_AUTH_MODE", usual)
    if mode.lower() != "token":
        raise SettingError(
            f"RAY_AUTH_MODE is {mode!r}: whoever reaches a port of Ray could run code; set it to token "
            "before Ray is imported"
        )
    os.environ["RAY_AUTH_MODE"] = "token"

"""How a context is made from several concepts."""

from __future__ import annotations

from enum import StrEnum

from jarvis_retrievers.errors import SettingError

__all__ = ["Mode"]


class Mode(StrEnum):
    """How a context is made from several concepts.

    ``EXACT`` prefills all tokens jointly: what the model would have computed without a memory, and as slow.
    ``COMPOSE`` moves stored segments behind each other and computes nothing: lossless for the first segment;
    the following ones have not attended to those before them.
    """

    EXACT = "exact"
    COMPOSE = "compose"

    @classmethod
    def _missing_(cls, value: object) -> Mode:
        raise SettingError(f"A mode is one of {', '.join(cls)}, got {value!r}.")

"""Saving pictures for commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jarvis_retrievers.errors import SettingError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["save_picture", "target_of"]


def target_of(out: str) -> Path:
    """Where a picture goes.

    Raises:
        SettingError: the name does not end in .png.
    """
    path = Path(out).expanduser()
    if path.suffix.lower() != ".png":
        raise SettingError(f"the picture is a PNG, got --out {out!r}; give a name that ends in .png")
    return path


def save_picture(picture: Image, path: Path) -> None:
    """Write beside the target and rename, so that a full disk leaves what was there.

    Raises:
        SettingError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        picture.save(part, format="PNG")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise SettingError(
            f"the picture cannot be written to {path} ({reason}); name another with --out"
        ) from error

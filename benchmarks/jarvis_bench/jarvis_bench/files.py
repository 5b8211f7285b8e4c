"""Files of a run: written whole or not at all, and read as data only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jarvis_retrievers.errors import DatasetError

__all__ = ["read_object", "write_whole"]


def write_whole(path: Path, parts: Iterable[str]) -> None:
    """Write texts one behind the other; a file of that name is replaced, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        DatasetError: it cannot be read, or is no JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{path} cannot be read ({error}); use a new folder") from error
    if not isinstance(value, dict):
        raise DatasetError(f"{path} is damaged: no JSON object; use a new folder")
    return value

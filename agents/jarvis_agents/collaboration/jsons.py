"""The JSON object in what a model has said."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["read_object"]

_FENCE: Final = re.compile(r"\A\s*```(?:json)?\s*(.*?)\s*```\s*\Z", re.DOTALL)
_LONGEST: Final = 20_000


def read_object(said: str) -> Mapping[str, Any] | None:
    """The object that a text is, with or without a fence around it; None if it is anything else."""
    if len(said) > _LONGEST:
        return None
    fenced = _FENCE.match(said)
    try:
        value = json.loads(fenced[1] if fenced else said)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, Mapping) else None

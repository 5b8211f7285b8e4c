"""What stands in metadata, and how values of it are ordered: the same for the filters of every framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["MISSING", "compares", "is_ordered", "value_at"]

MISSING: Final = object()
"""Stands for a value that is not there, which None is not."""


def value_at(metadata: Mapping[str, Any], key: str) -> Any:
    """The value under a key; ``"home.city"`` leads into nested mappings, unless a key is spelled so."""
    if key in metadata:
        return metadata[key]
    found: Any = metadata
    for part in key.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return MISSING
        found = found[part]
    return found


def is_ordered(value: Any) -> bool:
    """Whether there is less and more of it: a number or a text, and no boolean."""
    return isinstance(value, (int, float, str)) and not isinstance(value, bool)


def compares(found: Any, how: str, wanted: Any) -> bool:
    """``found`` against ``wanted`` by gt, gte, lt or lte; only numbers with numbers and texts with texts."""
    if not is_ordered(found) or isinstance(found, str) is not isinstance(wanted, str):
        return False
    if how == "gt":
        return bool(found > wanted)
    if how == "gte":
        return bool(found >= wanted)
    if how == "lt":
        return bool(found < wanted)
    return bool(found <= wanted)

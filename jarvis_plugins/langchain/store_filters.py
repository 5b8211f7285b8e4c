"""The filters of langgraph's stores, which are not those of vector stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph.store.base import MatchCondition

from jarvis_retrievers.errors import InputError

__all__ = ["check_filter", "matches", "namespace_matches"]

_OPERATORS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")


def check_filter(wanted: Any) -> None:
    """Refuse operators that are unknown, also where no item would be compared with them.

    Raises:
        InputError: an operator that is none of ``$eq $ne $gt $gte $lt $lte``.
    """
    if isinstance(wanted, Mapping):
        known = any(str(key).startswith("$") for key in wanted)
        for key, value in wanted.items():
            if known and key not in _OPERATORS:
                raise InputError(
                    f"there is no filter operator {key!r:.40}; there are {', '.join(_OPERATORS)}"
                )
            check_filter(value)
    elif isinstance(wanted, (list, tuple)):
        for value in wanted:
            check_filter(value)


def matches(found: Any, wanted: Any) -> bool:
    """Whether a value is what a filter wants: equal, or within its operators; mappings are compared by the
    keys that the filter names, and a missing key is None.

    What has no order, such as a text and a number, is not above or below; `InMemoryStore` raises there.
    """
    if isinstance(wanted, Mapping):
        if any(str(key).startswith("$") for key in wanted):
            return all(_holds(found, name, operand) for name, operand in wanted.items())
        return isinstance(found, Mapping) and all(matches(found.get(k), v) for k, v in wanted.items())
    if isinstance(wanted, (list, tuple)):
        return (
            isinstance(found, (list, tuple))
            and len(found) == len(wanted)
            and all(map(matches, found, wanted))
        )
    return bool(found == wanted)


def namespace_matches(condition: MatchCondition, namespace: tuple[str, ...]) -> bool:
    """Whether a namespace starts or ends with a path in which ``"*"`` is any label.

    Raises:
        InputError: a kind of condition that is neither "prefix" nor "suffix".
    """
    path = tuple(condition.path)
    if condition.match_type not in ("prefix", "suffix"):
        raise InputError(f"a namespace matches by 'prefix' or 'suffix', got {condition.match_type!r:.40}")
    if len(namespace) < len(path):
        return False
    part = (
        namespace[: len(path)]
        if condition.match_type == "prefix"
        else namespace[len(namespace) - len(path) :]
    )
    return all(label in ("*", given) for label, given in zip(path, part, strict=True))


def _holds(found: Any, name: str, operand: Any) -> bool:
    if name == "$eq":
        return bool(found == operand)
    if name == "$ne":
        return bool(found != operand)
    try:
        left, right = float(found), float(operand)
    except (TypeError, ValueError):
        if not (isinstance(found, str) and isinstance(operand, str)):
            return False
        return _ordered(found, name, operand)
    return _ordered(left, name, right)


def _ordered(left: Any, name: str, right: Any) -> bool:
    if name == "$gt":
        return bool(left > right)
    if name == "$gte":
        return bool(left >= right)
    return bool(left < right) if name == "$lt" else bool(left <= right)

"""Filters over metadata in MongoDB's style, checked before anything is compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from langchain_core.documents import Document

from jarvis_plugins.common.metadata import MISSING, compares, is_ordered, value_at
from jarvis_retrievers.errors import InputError

__all__ = ["Filter", "document_filter"]

Filter = Mapping[str, Any] | Callable[[Document], bool]
"""What a search takes: a MongoDB-style mapping, or any test of a document."""

Test = Callable[[Mapping[str, Any]], bool]

_OPERATORS: Final = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$not")
_LOGIC: Final = ("$and", "$or", "$not")
_DEPTH: Final = 32


def document_filter(given: Filter | None) -> Callable[[Document], bool] | None:
    """The filter as a test of documents; None lets everything through.

    A mapping is a list of conditions that all must hold. ``{"kind": "dog"}`` means equal;
    ``{"age": {"$gte": 3, "$lt": 9}}`` uses operators: ``$eq $ne $gt $gte $lt $lte $in $nin $exists $not``.
    ``$and``, ``$or`` (lists of mappings) and ``$not`` (a mapping) join them. ``"home.city"`` leads into
    nested mappings, unless there is a key that is spelled so. As in MongoDB, a list in the metadata matches
    if it or one of its elements does, a missing key is equal to None, numbers are never equal to booleans,
    and only numbers with numbers and texts with texts have an order.

    Raises:
        InputError: no mapping and no function, an operator that is unknown, or one with a value that it
            cannot have.
    """
    if given is None:
        return None
    if isinstance(given, Mapping):
        test = _all_of(given, 0)
        return lambda document: test(document.metadata)
    if callable(given):
        return given
    raise InputError(
        f"a filter must be a mapping or a function, got {type(given).__name__}; write {{'kind': 'dog'}}"
    )


def _all_of(given: Any, depth: int) -> Test:
    if not isinstance(given, Mapping):
        raise InputError(f"a filter must be a mapping, got {given!r:.60}; write {{'kind': 'dog'}}")
    if depth > _DEPTH:
        raise InputError(f"a filter may be nested {_DEPTH} deep; write it flatter")
    tests = [_condition(key, value, depth) for key, value in given.items()]
    return lambda metadata: all(test(metadata) for test in tests)


def _condition(key: Any, value: Any, depth: int) -> Test:
    if not isinstance(key, str):
        raise InputError(f"a filter's key must be text, got {key!r:.60}; name a field of the metadata")
    if not key.startswith("$"):
        matches = _field(value, depth)
        return lambda metadata: matches(value_at(metadata, key))
    if key == "$not":
        inner = _all_of(value, depth + 1)
        return lambda metadata: not inner(metadata)
    if key in ("$and", "$or"):
        if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence) or not value:
            raise InputError(f"{key} needs a list of filters, got {value!r:.60}; write [{{...}}, {{...}}]")
        parts = [_all_of(part, depth + 1) for part in value]
        join: Callable[[Iterable[bool]], bool] = all if key == "$and" else any
        return lambda metadata: join(part(metadata) for part in parts)
    raise _unknown(key, _LOGIC)


def _field(value: Any, depth: int) -> Callable[[Any], bool]:
    """A test of what stands under a key; `MISSING` if nothing does."""
    if depth > _DEPTH:
        raise InputError(f"a filter may be nested {_DEPTH} deep; write it flatter")
    if not isinstance(value, Mapping) or not any(str(key).startswith("$") for key in value):
        return lambda found: _equal(found, value)
    parts = [_operator(name, operand, depth) for name, operand in value.items()]
    return lambda found: all(part(found) for part in parts)


def _operator(name: Any, operand: Any, depth: int) -> Callable[[Any], bool]:
    if name == "$eq":
        return lambda found: _equal(found, operand)
    if name == "$ne":
        return lambda found: not _equal(found, operand)
    if name in ("$in", "$nin"):
        if isinstance(operand, (str, bytes, Mapping)) or not isinstance(operand, Iterable):
            raise InputError(f"{name} needs a list of values, got {operand!r:.60}; put it in a list")
        values, wanted = list(operand), name == "$in"
        return lambda found: any(_equal(found, value) for value in values) is wanted
    if name == "$exists":
        if not isinstance(operand, bool):
            raise InputError(f"$exists needs True or False, got {operand!r:.60}")
        return lambda found: (found is not MISSING) is operand
    if name == "$not":
        if not isinstance(operand, Mapping):
            raise InputError(f"$not under a key needs operators, got {operand!r:.60}; write {{'$gt': 3}}")
        inner = _field(operand, depth + 1)
        return lambda found: not inner(found)
    if name in ("$gt", "$gte", "$lt", "$lte"):
        if not is_ordered(operand):
            raise InputError(f"{name} needs a number or a text, got {operand!r:.60}")
        return lambda found: any(compares(one, name[1:], operand) for one in _each(found))
    raise _unknown(name, _OPERATORS)


def _unknown(name: Any, known: Iterable[str]) -> InputError:
    return InputError(f"there is no filter operator {name!r:.40}; there are {', '.join(known)}")


def _each(found: Any) -> Sequence[Any]:
    """The value itself and, of a list, its elements."""
    return [found, *found] if isinstance(found, list) else [found]


def _equal(found: Any, wanted: Any) -> bool:
    if wanted is None and found is MISSING:
        return True
    return any(_same(one, wanted) for one in _each(found))


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return bool(left == right)

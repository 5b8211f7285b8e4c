"""LlamaIndex's metadata filters, checked before anything is compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
)

from jarvis_plugins.common.metadata import MISSING, compares, is_ordered, value_at
from jarvis_retrievers.errors import InputError

__all__ = ["metadata_test"]

Test = Callable[[Mapping[str, Any]], bool]

_DEPTH: Final = 32
_ORDER: Final = {
    FilterOperator.GT: "gt",
    FilterOperator.GTE: "gte",
    FilterOperator.LT: "lt",
    FilterOperator.LTE: "lte",
}
_LISTS: Final = (FilterOperator.IN, FilterOperator.NIN, FilterOperator.ANY, FilterOperator.ALL)
_TEXTS: Final = (FilterOperator.TEXT_MATCH, FilterOperator.TEXT_MATCH_INSENSITIVE)


def metadata_test(filters: MetadataFilters | None) -> Test | None:
    """The filters as a test of metadata; None lets everything through.

    Every operator and condition, nested too. As with llama-index-core's own: a missing key or None passes
    ``!=``, ``nin`` and ``is_empty`` only, a list is equal to a list, ``not`` means that none of the filters
    match, and a group without filters lets everything through. ``"home.city"`` leads into nested mappings,
    unless there is a key that is spelled so. Where core raises over a value in the metadata (a text is not
    less than a number), the metadata do not match.

    Raises:
        InputError: an operator or a condition that is unknown, or one with a value that it cannot have.
    """
    if filters is None:
        return None
    if not isinstance(filters, MetadataFilters):
        raise InputError(f"filters must be MetadataFilters, got {type(filters).__name__}")
    return _group(filters, 0)


def _group(group: MetadataFilters, depth: int) -> Test:
    if depth > _DEPTH:
        raise InputError(f"filters may be nested {_DEPTH} deep; write them flatter")
    tests = [
        _group(one, depth + 1) if isinstance(one, MetadataFilters) else _single(one) for one in group.filters
    ]
    condition = group.condition or FilterCondition.AND
    if condition not in tuple(FilterCondition):
        known = ", ".join(one.value for one in FilterCondition)
        raise InputError(f"there is no filter condition {condition!r:.40}; there are {known}")
    if not tests:
        return lambda metadata: True
    if condition == FilterCondition.AND:
        return lambda metadata: all(test(metadata) for test in tests)
    wanted = condition == FilterCondition.OR
    return lambda metadata: any(test(metadata) for test in tests) is wanted


def _single(one: MetadataFilter) -> Test:
    key, matches = one.key, _matches(one.operator, one.value)
    return lambda metadata: matches(value_at(metadata, key))


def _matches(operator: Any, value: Any) -> Callable[[Any], bool]:
    """A test of what stands under a key; `MISSING` if nothing does."""
    if operator not in tuple(FilterOperator):
        known = ", ".join(one.value for one in FilterOperator)
        raise InputError(f"there is no filter operator {operator!r:.40}; there are {known}")
    operator = FilterOperator(operator)
    if operator == FilterOperator.IS_EMPTY:
        return lambda found: found is MISSING or found is None or found in ("", [])
    if operator == FilterOperator.EQ:
        return lambda found: bool(_there(found) and found == value)
    if operator == FilterOperator.NE:
        return lambda found: not _there(found) or bool(found != value)
    if operator in _ORDER:
        if not is_ordered(value):
            raise InputError(f"{operator.value} needs a number or a text, got {value!r:.60}")
        how = _ORDER[operator]
        return lambda found: compares(found, how, value)
    if operator in _LISTS:
        if not isinstance(value, (list, tuple)):
            raise InputError(f"{operator.value} needs a list of values, got {value!r:.60}; put it in a list")
        return _of_list(operator, list(value))
    if operator in _TEXTS:
        if not isinstance(value, str):
            raise InputError(f"{operator.value} needs a text, got {value!r:.60}")
        if operator == FilterOperator.TEXT_MATCH:
            return lambda found: isinstance(found, str) and value in found
        lowered = value.lower()
        return lambda found: isinstance(found, str) and lowered in found.lower()
    return lambda found: _holds(found, value)


def _of_list(operator: FilterOperator, values: list[Any]) -> Callable[[Any], bool]:
    if operator == FilterOperator.IN:
        return lambda found: _there(found) and found in values
    if operator == FilterOperator.NIN:
        return lambda found: not _there(found) or found not in values
    join = any if operator == FilterOperator.ANY else all
    return lambda found: _there(found) and join(_holds(found, value) for value in values)


def _there(found: Any) -> bool:
    return found is not MISSING and found is not None


def _holds(found: Any, value: Any) -> bool:
    """Whether a list has a value, a mapping a key, or a text a part."""
    if isinstance(found, str):
        return isinstance(value, str) and value in found
    if isinstance(found, Mapping):
        return isinstance(value, (str, int, float)) and value in found
    return isinstance(found, list) and value in found

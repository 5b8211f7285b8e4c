"""An item: a JSON value under a namespace and a key, and how it stands in a row."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import CorruptRecordError, InputError, SettingError

__all__ = [
    "RESERVED",
    "Fields",
    "Item",
    "ItemDraft",
    "Namespace",
    "bounds",
    "checked",
    "is_under",
    "item_of",
    "moment",
    "text_of",
    "values_of",
]

Namespace = tuple[str, ...]
Fields = tuple[str, ...] | Literal[False] | None
"""Which fields are searched: these, none, or those that are usual."""

RESERVED: Namespace = ("jarvis",)
"""What is under it is kept by this project about the owner's record; agents neither see nor write it."""


@dataclass(frozen=True, eq=False, slots=True)
class ItemDraft:
    """What is put.

    Attributes:
        value: what JSON can hold.
        ttl: seconds until it expires, counted from the last write or refreshing read; None for never.
        fields: which fields ``vectors`` are of.
        encoder: fingerprint of what made the vectors; empty for none.
        kinds: a letter for each vector: ``t`` of a text, ``i`` of an image.
        vectors: float32 (len(kinds), dim).
    """

    value: dict[str, Any]
    ttl: float | None = None
    fields: Fields = None
    encoder: str = ""
    kinds: str = ""
    vectors: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Item:
    """What is there: the draft, its place, when it was first and last written (UTC), and when it expires
    (seconds since 1970).
    """

    namespace: Namespace
    key: str
    draft: ItemDraft
    created: datetime
    updated: datetime
    expires: float | None = None


def text_of(namespace: Namespace) -> str:
    """The text of a namespace: JSON."""
    # In ASCII, so that half of a surrogate pair has a form too; no two namespaces share one.
    return json.dumps(list(namespace), separators=(",", ":"))


def bounds(prefix: Namespace) -> tuple[str, ...]:
    """Between which two texts the texts of all namespaces under a prefix are."""
    # The text of a namespace goes on with a comma or ends with a bracket; "^" is behind both.
    start = text_of(prefix)[:-1]
    return start, start + "^"


def is_under(namespace: Namespace, prefix: Namespace) -> bool:
    """Whether a namespace starts with the labels of a prefix."""
    return namespace[: len(prefix)] == tuple(prefix)


def moment(now: float) -> str:
    """Seconds since 1970 as ISO 8601, in UTC."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds")


def checked(draft: ItemDraft) -> ItemDraft:
    """The draft, unchanged.

    Raises:
        SettingError: a time to live that is not above 0.
    """
    if draft.ttl is not None and not (math.isfinite(draft.ttl) and draft.ttl > 0):
        raise SettingError(f"a time to live must be above 0, got {draft.ttl}; leave it out for never")
    return draft


def _json(value: dict[str, Any]) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"the value of an item cannot be written as JSON ({error}); use texts, finite numbers, booleans, "
            "None, lists and mappings, and dates as ISO 8601 text"
        ) from error


def values_of(place: tuple[str, str, str], draft: ItemDraft, created: str, now: float) -> Sequence[Any]:
    """A row's columns up to its digest."""
    ttl = None if draft.ttl is None else float(draft.ttl)
    vectors = np.zeros((0, 0), np.float32) if draft.vectors is None else draft.vectors
    return (
        *(*place, _json(draft.value), json.dumps(draft.fields), created, moment(now)),
        *(
            ttl,
            None if ttl is None else now + ttl,
            draft.encoder,
            draft.kinds,
            vectors.astype("<f4").tobytes(),
        ),
    )


def item_of(row: Sequence[Any]) -> Item:
    """The item of a row, which has no digest any more: that tells rot, but not who has written it.

    Raises:
        CorruptRecordError: no program of ours has.
    """
    _, namespace, key, value, fields, created, updated, ttl, expires, encoder, kinds, vectors = row
    try:
        wanted = json.loads(fields)
        matrix = np.frombuffer(vectors, dtype="<f4").reshape(len(kinds), -1) if kinds else None
        chosen: Fields = tuple(wanted) if isinstance(wanted, list) else wanted
        return Item(
            tuple(json.loads(namespace)),
            json.loads(key),
            ItemDraft(json.loads(value), ttl, chosen, encoder, kinds, matrix),
            datetime.fromisoformat(created),
            datetime.fromisoformat(updated),
            expires,
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise CorruptRecordError(
            f"an item cannot be read ({error}); restore catalogue.sqlite from a backup, or delete the item"
        ) from error

"""How a concept and an item stand in an archive: JSON, and vectors beside it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from jarvis_retrievers.errors import CorruptRecordError, InputError, SettingError

from ..concept import Concept
from .item import Item, ItemDraft, checked, moment

__all__ = ["ArchivedConcept", "ArchivedItem", "Texts", "plain"]

_ID = r"^[0-9a-f]{32}$"
_PHOTO = re.compile(r"photo:([0-9a-f]{32})\Z")
_NAMES = ("namespace", "key", "value", "fields", "created", "updated", "ttl", "expires", "encoder", "kinds")


class Texts(BaseModel):
    """Vectors of a concept's texts: which encoder made them, and their shape."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str = Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")
    rows: int = Field(ge=1)
    dim: int = Field(ge=1)


class ArchivedConcept(BaseModel):
    """A concept without what its home has given it: see `plain`.

    Attributes:
        concept: with its id and those of its photos.
        profiles: how many vectors of its profile stand behind those of its patches.
        dim: numbers per vector; 0 if there is none.
        texts: what a text encoder has made of it, if anything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    concept: Concept
    profiles: int = Field(ge=0)
    dim: int = Field(ge=0)
    texts: Texts | None = None

    def vectors(self, data: bytes) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
        """Those of patches and of the profile, from the bytes of their entry.

        Raises:
            CorruptRecordError: not as many as there should be.
        """
        patches = len(self.concept.patches)
        matrix = _matrix(data, "<f2", patches + self.profiles, self.dim)
        return matrix[:patches], matrix[patches:]

    def text_vectors(self, data: bytes) -> NDArray[np.float16]:
        """Those of texts (rows, dim), from the bytes of their entry."""
        return _matrix(data, "<f2", self.texts.rows, self.texts.dim) if self.texts else _NONE


_NONE = np.zeros((0, 0), np.float16)


def plain(concept: Concept) -> Concept:
    """A concept without owner, sequence numbers and ids of vectors, which every home gives anew."""
    patches = tuple(patch.model_copy(update={"id": 0}) for patch in concept.patches)
    return concept.model_copy(update={"owner": "", "created": 0, "updated": 0, "patches": patches})


@dataclass(frozen=True, eq=False, slots=True)
class ArchivedItem:
    """An item as JSON of ASCII characters, as halves of surrogate pairs have no other form."""

    item: Item

    def to_json(self) -> bytes:
        """All but its vectors."""
        item, draft = self.item, self.item.draft
        matrix = draft.vectors
        fields = {
            "namespace": list(item.namespace),
            "key": item.key,
            "value": draft.value,
            "fields": draft.fields,
            "created": item.created.isoformat(timespec="microseconds"),
            "updated": item.updated.isoformat(timespec="microseconds"),
            "ttl": draft.ttl,
            "expires": item.expires,
            "encoder": draft.encoder,
            "kinds": draft.kinds,
            "dim": 0 if matrix is None else matrix.shape[1],
        }
        return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")

    @property
    def data(self) -> bytes:
        """Its vectors: IEEE 754 binary32, little-endian."""
        matrix = self.item.draft.vectors
        return b"" if matrix is None else matrix.astype("<f4").tobytes()

    @classmethod
    def read(cls, text: bytes, data: bytes) -> ArchivedItem:
        """From the bytes of its entries.

        Raises:
            CorruptRecordError: it is none.
        """
        try:
            found = json.loads(text, parse_constant=_refuse)
            if set(found) != {*_NAMES, "dim"}:
                raise ValueError("its fields are others")
            namespace, key, value, fields, created, updated, ttl, expires, encoder, kinds = (
                found[name] for name in _NAMES
            )
            texts = (*namespace, key, encoder, kinds, *(fields or ()))
            numbers = [number for number in (ttl, expires) if number is not None]
            if not (
                isinstance(namespace, list)
                and isinstance(value, dict)
                and (fields is None or fields is False or isinstance(fields, list))
                and all(isinstance(one, str) for one in texts)
                and all(type(one) in (int, float) and math.isfinite(one) for one in numbers)
                and (ttl is None) == (expires is None)
                and set(kinds) <= {"t", "i"}
            ):
                raise ValueError("a field of it is not what it should be")
            # As a row gives them back: a digest is made over what kind of number it is, too.
            ttl, expires = (None if number is None else float(number) for number in (ttl, expires))
            matrix = _matrix(data, "<f4", len(kinds), found["dim"]) if kinds else None
            if not kinds and (data or found["dim"]):
                raise ValueError("it has vectors of nothing")
            chosen = tuple(fields) if isinstance(fields, list) else fields
            draft = ItemDraft(value, ttl, chosen, encoder, kinds, matrix)
            first, last = datetime.fromisoformat(created), datetime.fromisoformat(updated)
            if first.tzinfo is None or last.tzinfo is None:
                raise ValueError("its times have no zone")
            for time in (first, last):
                moment(time.timestamp())
            checked(draft)
            return cls(Item(tuple(namespace), key, draft, first, last, expires))
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError, SettingError) as error:
            raise CorruptRecordError(
                f"an item cannot be read ({' '.join(str(error).split())[:120]})"
            ) from error

    def renamed(self, photos: Mapping[str, str]) -> ArchivedItem:
        """The same where photos have other ids: its texts ``photo:<id>`` point to them."""
        item, draft = self.item, self.item.draft
        value = {key: _renamed(one, photos) for key, one in draft.value.items()}
        again = ItemDraft(value, draft.ttl, draft.fields, draft.encoder, draft.kinds, draft.vectors)
        return ArchivedItem(Item(item.namespace, item.key, again, item.created, item.updated, item.expires))


def _renamed(value: Any, photos: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(one, photos) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, photos) for one in value]
    found = _PHOTO.match(value) if isinstance(value, str) else None
    return value if found is None else f"photo:{photos.get(found[1], found[1])}"


def _matrix(data: bytes, kind: str, rows: int, dim: int) -> NDArray[Any]:
    if (
        type(dim) is not int
        or dim < 0
        or len(data) != rows * dim * np.dtype(kind).itemsize
        or (rows and not dim)
    ):
        raise CorruptRecordError(
            f"there are {len(data)} bytes of vectors, not {rows} vectors of {dim} numbers"
        )
    matrix = np.frombuffer(data, kind).reshape(rows, dim)
    if not np.isfinite(matrix).all():
        raise CorruptRecordError("vectors hold numbers that are not finite")
    return matrix


def _refuse(name: str) -> None:
    raise InputError(f"{name} is no number of JSON")

"""What a store makes findable by its meaning: which texts and pictures of a batch are embedded, and how."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from langchain_core.embeddings import Embeddings
from langgraph.store.base import (
    GetOp,
    IndexConfig,
    ListNamespacesOp,
    Op,
    PutOp,
    SearchOp,
    ensure_embeddings,
    get_text_at_path,
    validate_op_namespace,
)
from numpy.typing import NDArray
from PIL import Image

from jarvis_memory.store.item import RESERVED, ItemDraft, is_under
from jarvis_retrievers.errors import InputError, SettingError

from .picture_documents import PictureEmbeddings
from .store_filters import check_filter
from .store_pictures import PictureReferences

__all__ = ["Place", "Plan", "StoreIndex", "Vectors"]

Place = tuple[tuple[str, ...], str]
"""Namespace and key."""


@dataclass(eq=False, slots=True)
class Plan:
    """A batch, checked: what has to be embedded before anything is read or written.

    Attributes:
        ops: as given.
        puts: the last one of each place counts.
        texts, pictures: of the values that are put.
        queries: each once.
        parts: of each put its vectors: the kind, and the place among ``texts`` ("t") or ``pictures`` ("i").
    """

    ops: list[Op]
    puts: dict[Place, PutOp] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    pictures: list[Image.Image] = field(default_factory=list)
    parts: dict[Place, list[tuple[str, int]]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Vectors:
    """What a plan asks for, each float32 (dim,); queries by their text."""

    texts: list[NDArray[np.float32]]
    pictures: list[NDArray[np.float32]]
    queries: dict[str, NDArray[np.float32]]


class StoreIndex:
    """Texts and pictures of values to vectors.

    Args:
        config: as for LangGraph's stores; None for a store that finds nothing by meaning.
        image_fields: keys of a value that point to a picture, or to a list of them.

    Raises:
        SettingError: image fields without embeddings for pictures.
    """

    def __init__(self, config: IndexConfig | None, image_fields: Sequence[str] = ()) -> None:
        self.embeddings: Embeddings | None = ensure_embeddings(config["embed"]) if config else None
        self._dims = config.get("dims") if config else None
        self._fields = tuple((config and config.get("fields")) or ("$",))
        self._image_fields = (image_fields,) if isinstance(image_fields, str) else tuple(image_fields)
        if self._image_fields and not isinstance(self.embeddings, PictureEmbeddings):
            raise SettingError(
                "image_fields need an index whose embeddings have embed_images; use "
                'index={"embed": OpenCLIPEmbeddings()}'
            )

    @property
    def maker(self) -> str:
        """What made the vectors: those of another maker are not compared."""
        known = getattr(self.embeddings, "fingerprint", None)
        if known:
            return str(known)
        kind = type(self.embeddings)
        model = getattr(self.embeddings, "model", None) or getattr(self.embeddings, "model_name", "")
        return f"{kind.__module__}.{kind.__qualname__}/{model}/{self._dims or ''}"

    def plan(self, ops: Sequence[Op], pictures: PictureReferences) -> Plan:
        """Check a batch, and find what has to be embedded; pictures are read now.

        Raises:
            InputError: an operation, a filter, a namespace or a key that cannot be.
            ImageError: see `PictureReferences`.
        """
        plan = Plan(list(ops))
        for op in plan.ops:
            if not isinstance(op, (GetOp, SearchOp, PutOp, ListNamespacesOp)):
                raise InputError(f"there is no store operation {type(op).__name__}; use get, put or search")
            validate_op_namespace(op)
            if isinstance(op, (GetOp, PutOp)) and not isinstance(op.key, str):
                raise InputError(f"an item's key must be text, got {op.key!r:.60}")
            if isinstance(op, PutOp):
                if is_under(tuple(op.namespace), RESERVED):
                    raise InputError(
                        f"the namespace {RESERVED[0]!r} is kept for the record; use another first label"
                    )
                plan.puts[tuple(op.namespace), op.key] = op
            elif isinstance(op, SearchOp):
                check_filter(op.filter)
                if op.limit < 0 or op.offset < 0:
                    raise InputError(f"limit and offset must be 0 or more, got {op.limit} and {op.offset}")
                if op.query and self.embeddings is not None and op.query not in plan.queries:
                    plan.queries.append(op.query)
        for place, op in plan.puts.items():
            if op.value is not None and not isinstance(op.value, Mapping):
                raise InputError(f"an item's value must be a mapping, got {type(op.value).__name__}")
            if op.value is not None and self.embeddings is not None and op.index is not False:
                plan.parts[place] = self._parts(plan, op.value, op.index, pictures)
        return plan

    def embed(self, plan: Plan) -> Vectors:
        """Everything that a plan asks for."""
        if self.embeddings is None:
            return Vectors([], [], {})
        texts = self.embeddings.embed_documents(plan.texts) if plan.texts else []
        queries = {query: self.embeddings.embed_query(query) for query in plan.queries}
        return self._vectors(texts, self._seen(plan), queries)

    async def aembed(self, plan: Plan) -> Vectors:
        """`embed` without blocking the event loop."""
        if self.embeddings is None:
            return Vectors([], [], {})
        texts = await self.embeddings.aembed_documents(plan.texts) if plan.texts else []
        queries = {query: await self.embeddings.aembed_query(query) for query in plan.queries}
        return self._vectors(texts, await asyncio.to_thread(self._seen, plan), queries)

    def draft(self, op: PutOp, parts: Sequence[tuple[str, int]], vectors: Vectors) -> ItemDraft | None:
        """What is written for a put; None if it deletes."""
        if op.value is None:
            return None
        lists = {"t": vectors.texts, "i": vectors.pictures}
        rows = [lists[kind][place] for kind, place in parts]
        ttl = None if op.ttl is None else 60.0 * op.ttl
        fields = tuple(op.index) if isinstance(op.index, (list, tuple)) else op.index
        kinds = "".join(kind for kind, _ in parts)
        maker = self.maker if rows else ""
        return ItemDraft(dict(op.value), ttl, fields, maker, kinds, np.stack(rows) if rows else None)

    def _parts(
        self, plan: Plan, value: Mapping[str, Any], index: Any, pictures: PictureReferences
    ) -> list[tuple[str, int]]:
        """Note what of a value has to be embedded."""
        wanted = self._fields if index is None else tuple(index)
        plain = {key: part for key, part in value.items() if key not in self._image_fields}
        texts = [
            t for path in wanted if path not in self._image_fields for t in get_text_at_path(plain, path)
        ]
        parts = [("t", len(plan.texts) + place) for place in range(len(texts))]
        plan.texts += texts
        for key in self._image_fields:
            if index is not None and key not in wanted:
                continue
            given = value.get(key)
            for reference in given if isinstance(given, list) else [] if given is None else [given]:
                if not isinstance(reference, str):
                    raise InputError(f"the field {key!r} must point to a picture, got {reference!r:.60}")
                parts.append(("i", len(plan.pictures)))
                plan.pictures.append(pictures.load(reference))
        return parts

    def _seen(self, plan: Plan) -> list[list[float]]:
        if not plan.pictures or not isinstance(self.embeddings, PictureEmbeddings):
            return []
        return self.embeddings.embed_images(plan.pictures)

    def _vectors(
        self, texts: list[list[float]], pictures: list[list[float]], queries: dict[str, list[float]]
    ) -> Vectors:
        return Vectors(
            [self._row(row) for row in texts],
            [self._row(row) for row in pictures],
            {query: self._row(row) for query, row in queries.items()},
        )

    def _row(self, vector: Sequence[float]) -> NDArray[np.float32]:
        row = np.asarray(vector, dtype=np.float32)
        if row.ndim != 1 or (self._dims and len(row) != self._dims) or not np.isfinite(row).all():
            raise InputError(
                f"embeddings must be {self._dims or 'some'} finite numbers, got an array of shape "
                f"{row.shape}; check dims of the index"
            )
        return row

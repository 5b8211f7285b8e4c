"""``concept-heads``: a linear detector and one learned vector for each concept.

Source: MyVLM (arXiv 2403.14599, sections 3.1 and 3.2): linear heads over the features of a CLIP model say
whether a concept is in a picture, trained with a few positives and 150 negatives; for those that are found
one concept vector each, trained with the model frozen, stands among the tokens of the picture. That a head
finds is the point of the method, so nothing else looks at pictures: recognition is answered by the heads
alone, and a question without a picture is about those it names.
Deviations: heads look at windows of a picture, of which the likeliest counts, since here several concepts
stand in one (there, at the whole picture; faces are cut out); negatives are drawn strangers, and windows of
them and of the other concepts' photos; the vector stands between the marks of a picture with the name on
both sides, behind the profile (MyVLM has no notes; one vector would not hold them) and not behind the
picture's own tokens; it is trained on what the model itself says of photos, in place of captions by hand,
with neither MyVLM's scaling of keys and values nor its regularisation of attention.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..method import BenchMemory, Introduction, Query, Reply, Setting
from .frames import by_frames
from .learned import joined, reply_from
from .models import Models
from .nearest import named_in

if TYPE_CHECKING:
    import torch

    from jarvis_memory.kv import Inputs

    from .training.heads import Head

__all__ = ["ConceptHeadsMethod"]


@dataclass(frozen=True)
class ConceptHeadsMethod:
    """Trains a head and a vector for each concept.

    Attributes:
        vectors: learned for each concept.
        steps: of the training of vectors.
        rate: learning rate, relative to the size of the embeddings of words.
        head_steps: of the training of heads.
        decay: weight of a head's square.
        threshold: from which probability on a head has found its concept.
        seed: of the first vectors and of the order of lessons.
    """

    models: Models
    vectors: int = 1
    steps: int = 50
    rate: float = 0.4
    head_steps: int = 500
    decay: float = 1e-4
    threshold: float = 0.5
    seed: int = 0
    name: str = "concept-heads"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The model, the encoder under the heads, and how is trained; heads find, not the product."""
        trained: dict[str, Setting] = {
            "vectors": int(self.vectors),
            "steps": int(self.steps),
            "rate": float(self.rate),
            "head steps": int(self.head_steps),
            "decay": float(self.decay),
            "threshold": float(self.threshold),
            "seed": int(self.seed),
            "finds": "heads",
        }
        return {**self.models.settings, **self.models.finding, **trained}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory of heads and vectors, trained now, or before on the same."""
        return _HeadsMemory(self, concepts)


class _HeadsMemory:
    def __init__(self, method: ConceptHeadsMethod, concepts: Sequence[Introduction]) -> None:
        from .training.keep import digest_of, kept

        self._method, self._models = method, method.models
        self._told = {one.name: one for one in concepts if one.photos}
        digest = digest_of(concepts, method.settings)
        self._heads = dict(kept(self._models, f"heads/{digest}", self._trained_heads))
        self._vectors = dict(
            kept(self._models, f"{method.name}/{digest}", lambda: self._trained([*self._told.values()]))
        )

    def _trained_heads(self) -> Mapping[str, Head]:
        from .training.detector import train_heads

        method = self._method
        return train_heads(
            self._models,
            {name: one.photos for name, one in self._told.items()},
            steps=int(method.head_steps),
            decay=float(method.decay),
        )

    def _trained(
        self, concepts: Sequence[Introduction], fixed: Mapping[str, torch.Tensor] | None = None
    ) -> Mapping[str, torch.Tensor]:
        from .training.fit import Schedule
        from .training.teacher import lectures
        from .training.vectors import Training, train_vectors

        method = self._method
        schedule = Schedule(int(method.steps), float(method.rate))
        training = Training(int(method.vectors), schedule, seed=int(method.seed))
        told = lectures(self._models, concepts)
        return train_vectors(self._models, told, training, fixed, self._told)[0]

    def stored(self) -> Mapping[str, int]:
        """Heads, vectors and notes."""
        return {name: self._bytes(name) for name in self._vectors}

    def _bytes(self, name: str) -> int:
        from .training.soft import told_of

        text = len(told_of(self._told[name]).encode())
        return self._vectors[name].nbytes + self._heads[name].nbytes + text

    def update(self, later: Introduction) -> None:
        """Train all heads again, since each learns from the others' photos, and the concept's own vectors."""
        whole = joined(self._told.get(later.name), later)
        if not whole.photos:
            return
        self._told[later.name] = whole
        others = {name: one for name, one in self._vectors.items() if name != later.name}
        self._heads = dict(self._trained_heads())
        self._vectors.update(self._trained([whole], others))

    def answer(self, query: Query) -> Reply:
        """What the heads say of recognition; else the answer from the vectors of those who are meant."""
        return by_frames(query, self._models.voice, self._answer)

    def _answer(self, query: Query) -> Reply:
        from .training.detector import seen_by

        began = time.perf_counter()
        named = self._named(query)
        if query.form == "yes_no" and query.images and named:
            seen = seen_by(self._models, {name: self._heads[name] for name in named}, query.images)
            there = all(logit > self._least for logit in seen.values())
            seconds = time.perf_counter() - began
            read = sum(self._heads[name].nbytes for name in named)
            return Reply("Yes" if there else "No", seconds, read, tuple(named), (("retrieve", seconds),))
        return reply_from(self._models.vlm, self._models.voice, query, lambda: self._meant(query), self._load)

    @property
    def _least(self) -> float:
        threshold = float(self._method.threshold)
        return math.log(threshold / (1 - threshold))

    def _named(self, query: Query) -> list[str]:
        return named_in(query, [*self._vectors], self._models.tuning.retriever.name_cutoff)

    def _meant(self, query: Query) -> list[str]:
        """Those who are named, then those whom heads find, the likeliest first."""
        from .training.detector import seen_by

        named = self._named(query)
        if query.told is not None:
            return named
        seen = seen_by(self._models, self._heads, query.images)
        found = [name for name, logit in seen.items() if logit > self._least and name not in named]
        return [*named, *sorted(found, key=lambda name: -seen[name])]

    def _load(self, name: str) -> tuple[Inputs, int]:
        from .training.soft import noted_rows

        rows = noted_rows(self._models.vlm, self._told[name], self._vectors[name])
        return rows, self._bytes(name)

    def close(self) -> None:
        """What was trained is kept for other arms."""

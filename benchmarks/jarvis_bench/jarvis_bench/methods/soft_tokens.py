"""``soft-tokens``: learned soft tokens for each concept, in the prompt of a frozen model.

Source: Yo'LLaVA (arXiv 2406.09400, section 3): a concept token and ``k`` soft tokens for each concept,
trained on recognition with hard negatives, and on questions and answers without a picture.
Deviations: the name stays as it is written, since an answer has to say it, so the row of the language
model's head is not trained, and the concept token is one more vector before the others; what is learned
stands between the marks of a picture and not in a sentence "<sks> is ..."; answers to learn from are those
of the model itself when it is shown photos and notes (there, LLaVA's to photos alone), so notes are learned
too; hard negatives are the nearest of other concepts' photos and of drawn strangers (there, of LAION);
concepts are trained together, half of the time with others before or behind them, as MC-LLaVA (arXiv
2411.11706) does; photos are few (there, 5 to 10, and 200 negatives each); who is meant is found as
`jarvis_memory` finds it, where Yo'LLaVA is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..method import BenchMemory, Introduction, Query, Reply, Setting
from .frames import by_frames
from .learned import joined, reply_from
from .models import Models
from .record import Record

if TYPE_CHECKING:
    import torch

    from jarvis_memory.kv import Inputs

__all__ = ["SoftTokensMethod"]


@dataclass(frozen=True)
class SoftTokensMethod:
    """Trains vectors for each concept.

    Attributes:
        k: soft tokens of a concept, besides its concept token.
        steps: of training.
        rate: learning rate, relative to the size of the embeddings of words.
        seed: of the first vectors and of the order of lessons.
    """

    models: Models
    k: int = 16
    steps: int = 50
    rate: float = 0.4
    seed: int = 0
    name: str = "soft-tokens"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The model, who finds, and how is trained."""
        trained = {
            "k": int(self.k),
            "steps": int(self.steps),
            "rate": float(self.rate),
            "seed": int(self.seed),
        }
        return {**self.models.settings, **self.models.finding, **trained}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory of vectors, trained now, or before on the same."""
        return _SoftMemory(self, concepts)


class _SoftMemory:
    def __init__(self, method: SoftTokensMethod, concepts: Sequence[Introduction]) -> None:
        from .training.keep import digest_of, kept

        self._method, self._models = method, method.models
        self._record = Record(self._models, concepts)
        self._told = {one.name: one for one in concepts}
        key = f"{method.name}/{digest_of(concepts, method.settings)}"
        self._vectors = dict(kept(self._models, key, lambda: self._trained(concepts)))

    def _trained(
        self, concepts: Sequence[Introduction], fixed: Mapping[str, torch.Tensor] | None = None
    ) -> Mapping[str, torch.Tensor]:
        from .training.fit import Schedule
        from .training.teacher import lectures
        from .training.vectors import Training, train_vectors

        method = self._method
        schedule = Schedule(int(method.steps), float(method.rate))
        training = Training(int(method.k) + 1, schedule, seed=int(method.seed))
        return train_vectors(self._models, lectures(self._models, concepts), training, fixed)[0]

    def stored(self) -> Mapping[str, int]:
        """Vectors that were trained, and vectors of patches to find concepts by."""
        found = self._record.vector_bytes
        return {name: one.nbytes + found[name] for name, one in self._vectors.items()}

    def update(self, later: Introduction) -> None:
        """Train the concept again on all that is known of it; the others stay as they are."""
        whole = joined(self._told.get(later.name), later)
        self._record.tell(later)
        if not whole.photos:
            return
        self._told[later.name] = whole
        others = {name: one for name, one in self._vectors.items() if name != later.name}
        self._vectors.update(self._trained([whole], others))

    def answer(self, query: Query) -> Reply:
        """The answer from the vectors of those who are meant."""
        return by_frames(query, self._models.voice, self._answer)

    def _answer(self, query: Query) -> Reply:
        return reply_from(self._models.vlm, self._models.voice, query, lambda: self._found(query), self._load)

    def _found(self, query: Query) -> list[str]:
        return [one.name for one in self._record.find(query) if one.name in self._vectors]

    def _load(self, name: str) -> tuple[Inputs, int]:
        from .training.soft import soft_rows

        vectors = self._vectors[name]
        return soft_rows(self._models.vlm, name, vectors), vectors.nbytes

    def close(self) -> None:
        """Delete the record; what was trained is kept for other arms."""
        self._record.close()

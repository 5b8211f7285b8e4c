"""``aligner``: a small network that makes soft tokens of a reference photo; nothing is trained for a concept.

Source: PLVM (arXiv 2412.17610): an Aligner, trained once over many people, turns what an encoder makes of a
reference photo into tokens that stand for the person in the prompt of a frozen model.
Deviations: the encoder is the one that all methods find with (CLIP in place of DINOv2), and gives the
vectors of the photo and of nine windows of it; the network is two layers in place of cross-attention; it is
trained on drawn concepts of Pocket World, first to tell their attributes and then through the model, for
minutes; tokens of several photos are their mean; tokens stand between the marks of a picture with the name
on both sides; the profile is shown before them, since PLVM has no notes; who is meant is found as
`jarvis_memory` finds it.
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

    from .training.aligner import Aligner

__all__ = ["AlignerMethod"]


@dataclass(frozen=True)
class AlignerMethod:
    """Trains a network once, and keeps the tokens that it makes of photos.

    Attributes:
        k: soft tokens of a concept.
        photos: drawn ones that the network learns from.
        epochs: over them, to tell attributes.
        steps, rate: of the training through the model.
        seed: of everything that is drawn.
    """

    models: Models
    k: int = 16
    photos: int = 600
    epochs: int = 25
    steps: int = 80
    rate: float = 0.02
    seed: int = 0
    name: str = "aligner"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The model, who finds, and how the network is trained."""
        trained: dict[str, Setting] = {
            "k": int(self.k),
            "photos": int(self.photos),
            "epochs": int(self.epochs),
            "steps": int(self.steps),
            "rate": float(self.rate),
            "seed": int(self.seed),
        }
        return {**self.models.settings, **self.models.finding, **trained}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory of tokens; the first one trains the network."""
        return _AlignerMemory(self, concepts)


class _AlignerMemory:
    def __init__(self, method: AlignerMethod, concepts: Sequence[Introduction]) -> None:
        self._method, self._models = method, method.models
        self._record = Record(self._models, concepts)
        self._aligner = self._trained()
        self._told = {one.name: one for one in concepts if one.photos}
        self._tokens = {name: self._made(one) for name, one in self._told.items()}

    def _trained(self) -> Aligner:
        from .training.keep import digest_of, kept

        key = f"aligner-{digest_of((), self._method.settings)}"
        return kept(self._models, key, lambda: self._kept(key))

    def _kept(self, key: str) -> Aligner:
        from .training.aligner import Aligner, Aligning, train_aligner
        from .training.fit import Schedule
        from .training.keep import stored_weights

        method, models = self._method, self._models
        aligning = Aligning(
            int(method.k),
            int(method.photos),
            int(method.epochs),
            Schedule(int(method.steps), float(method.rate)),
            seed=int(method.seed),
        )
        weights = stored_weights(models.keep, key, lambda: train_aligner(models, aligning)[0].state_dict())
        hidden = models.network.get_input_embeddings().weight.shape[-1]
        made = Aligner(models.encoder.dim, aligning.tokens, hidden, 1.0)
        made.load_state_dict(dict(weights))
        return made.requires_grad_(False)

    def _made(self, one: Introduction) -> torch.Tensor:
        from .training.aligner import photo_views

        tokens: torch.Tensor = self._aligner(photo_views(self._models, one.photos))
        return tokens

    def stored(self) -> Mapping[str, int]:
        """Tokens, notes, the vectors to find concepts by, and an equal share of the network."""
        network = sum(one.nbytes for one in self._aligner.state_dict().values())
        found = self._record.vector_bytes
        return {name: self._bytes(name) + found[name] + network // len(self._tokens) for name in self._tokens}

    def update(self, later: Introduction) -> None:
        """More photos and notes; the network stays as it is."""
        self._record.tell(later)
        whole = joined(self._told.get(later.name), later)
        if whole.photos:
            self._told[later.name], self._tokens[later.name] = whole, self._made(whole)

    def answer(self, query: Query) -> Reply:
        """The answer from the tokens and notes of those who are meant."""
        return by_frames(query, self._models.voice, self._answer)

    def _answer(self, query: Query) -> Reply:
        return reply_from(self._models.vlm, self._models.voice, query, lambda: self._found(query), self._load)

    def _found(self, query: Query) -> list[str]:
        return [one.name for one in self._record.find(query) if one.name in self._tokens]

    def _load(self, name: str) -> tuple[Inputs, int]:
        from .training.soft import noted_rows

        rows = noted_rows(self._models.vlm, self._told[name], self._tokens[name])
        return rows, self._bytes(name)

    def _bytes(self, name: str) -> int:
        from .training.soft import told_of

        return self._tokens[name].nbytes + len(told_of(self._told[name]).encode())

    def close(self) -> None:
        """Delete the record; the network is kept for other arms."""
        self._record.close()

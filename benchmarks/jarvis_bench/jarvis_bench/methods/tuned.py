"""``tuned``: a model that was tuned for reference photos in its prompt, and RAP's retrieval.

Source: RAP (arXiv 2410.13360): LoRA on dialogues with the photos, names and notes of those who are
retrieved, some of whom are not meant, so that a retrieval without any threshold does no harm: the K
concepts that are nearest to a region of the picture, and whoever the question names. PVIT (arXiv
2410.07113): a concept is shown by its photo and name before the question, and one that is not shown is said
to be unknown.
Deviations: dialogues are drawn (Pocket World's training split), not made by Gemini or GPT-4 from 260,000
and 3 million photos; LoRA (all linear layers of the language model) is trained for few steps; regions are
windows in place of YOLO-World's boxes; all photos are shown as squares; the projector is not trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..method import BenchMemory, Introduction, Query, Reply, Setting
from .frames import by_frames
from .learned import joined, reply_from
from .models import Models
from .nearest import Nearest

if TYPE_CHECKING:
    from jarvis_memory.kv import Inputs
    from jarvis_memory.vlm import VLM

__all__ = ["TunedMethod"]


@dataclass(frozen=True)
class TunedMethod:
    """Tunes the model once, and shows it the photos of the K nearest.

    Attributes:
        k: concepts that are shown with a picture, besides those that are named.
        rank: of LoRA.
        steps, rate: of its training.
        seed: of first weights and of what is drawn.
    """

    models: Models
    k: int = 2
    rank: int = 8
    steps: int = 30
    rate: float = 3e-4
    seed: int = 0
    name: str = "tuned"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The model, the encoder, and how is trained; the nearest are taken, not whom the product finds."""
        trained: dict[str, Setting] = {
            "k": int(self.k),
            "rank": int(self.rank),
            "steps": int(self.steps),
            "rate": float(self.rate),
            "seed": int(self.seed),
            "finds": "the k nearest, no threshold",
            "photo side": self.models.photo_side,
        }
        return {**self.models.settings, **self.models.finding, **trained}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory of photos and notes; the first one tunes the model."""
        return _TunedMemory(self, concepts)


class _TunedMemory:
    def __init__(self, method: TunedMethod, concepts: Sequence[Introduction]) -> None:
        self._method, self._models = method, method.models
        self._told = {one.name: one for one in concepts if one.photos}
        self._nearest = Nearest(self._models, {name: one.photos for name, one in self._told.items()})
        self._node, self._sizes = self._tuned(), dict[str, int]()

    def _tuned(self) -> VLM:
        from .training.keep import digest_of, kept

        key = f"adapter-{digest_of((), self._method.settings)}"
        return kept(self._models, key, lambda: self._made(key))

    def _made(self, key: str) -> VLM:
        from peft import set_peft_model_state_dict

        from .training.adapter import Adapting, adapted_node, train_adapter
        from .training.fit import Schedule
        from .training.keep import stored_weights

        method, models = self._method, self._models
        adapting = Adapting(
            int(method.rank), int(method.k), Schedule(int(method.steps), float(method.rate)), int(method.seed)
        )
        weights = stored_weights(models.keep, key, lambda: train_adapter(models, adapting))
        _, node = adapted_node(models, adapting.rank, adapting.seed)
        set_peft_model_state_dict(node.parts.runner.text, dict(weights))
        return node

    def stored(self) -> Mapping[str, int]:
        """Photos, notes, the vectors they are found by, and an equal share of the adapter."""

        adapter = sum(
            one.nbytes for name, one in self._node.parts.runner.text.named_parameters() if "lora_" in name
        )
        return {
            name: self._bytes(name) + self._nearest.nbytes(name) + adapter // len(self._told)
            for name in self._told
        }

    def update(self, later: Introduction) -> None:
        """More photos and notes; the model is not tuned again."""
        whole = joined(self._told.get(later.name), later)
        if whole.photos:
            self._told[later.name] = whole
            self._sizes.pop(later.name, None)
            self._nearest = Nearest(self._models, {name: one.photos for name, one in self._told.items()})

    def answer(self, query: Query) -> Reply:
        """The answer of the tuned model, shown photos and notes of the K nearest."""
        return by_frames(query, self._models.voice, self._answer)

    def _answer(self, query: Query) -> Reply:
        return reply_from(
            self._node,
            self._models.voice,
            query,
            lambda: self._nearest.find(query, int(self._method.k)),
            self._load,
        )

    def _load(self, name: str) -> tuple[Inputs, int]:
        from .training.adapter import shown_source

        source = shown_source(self._models, self._told[name])
        return self._node.parts.concepts.read(source)[1], self._bytes(name)

    def _bytes(self, name: str) -> int:
        from jarvis_retrievers.images import encode_png

        from .training.adapter import shown_source

        if name not in self._sizes:
            one = self._told[name]
            text = len(shown_source(self._models, one).profile.encode())
            self._sizes[name] = text + sum(len(encode_png(photo)) for photo in one.photos)
        return self._sizes[name]

    def close(self) -> None:
        """The tuned model is kept for other arms."""

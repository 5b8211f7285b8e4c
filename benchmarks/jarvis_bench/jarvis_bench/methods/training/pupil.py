"""A model that is taught: the loss of what it shall say, with gradients to all that is not frozen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from jarvis_memory.kv import Inputs
from jarvis_memory.vlm.families import choose_family

from .lesson import Lesson

if TYPE_CHECKING:
    from jarvis_memory.vlm import VLM

__all__ = ["Exercise", "Pupil"]


@dataclass(frozen=True, slots=True, eq=False)
class Exercise:
    """A lesson as rows.

    Attributes:
        shown: names of the concepts whose rows stand before the question, in order.
        asked: the question with its pictures, and all but the last token of the answer.
        answer: the tokens of the answer, its end among them: what is judged.
    """

    shown: tuple[str, ...]
    asked: Inputs
    answer: tuple[int, ...]


class Pupil:
    """The model of a node, with its prefix before everything.

    Args:
        model: of transformers; what shall be trained of it requires gradients, all else does not.
        node: of the same model.
        frozen: whether nothing of the model is trained, so that the prefix need not be computed again.
    """

    def __init__(self, model: Any, node: VLM, *, frozen: bool) -> None:
        self.model, self.node, self._frozen = model, node, frozen
        self._family = choose_family(model.config)
        self._parts = node.parts
        self._prefix = self._parts.runner.inputs(self._parts.layout.prefix())
        # A model whose layers keep no rows has nothing to go on from.
        self._stored = frozen and self._parts.runner.reach.segments is None

    def exercise(self, lesson: Lesson) -> Exercise:
        """A lesson as rows; this is where its pictures are looked at."""
        parts = self._parts
        question = parts.runner.inputs(parts.layout.question(lesson.question, lesson.images, lesson.history))
        answer = (*parts.encoder.encode(lesson.answer), parts.turn_end)
        said = Inputs(
            answer[:-1],
            torch.arange(len(answer) - 1).expand(len(question.positions), -1).clone(),
            question.features[:, :0],
        )
        return Exercise(lesson.shown, Inputs.join([question, said]), answer)

    def loss(self, batch: Sequence[Exercise], rows: Callable[[str], Inputs]) -> torch.Tensor:
        """Mean cross-entropy, in nats, of the tokens of the answers.

        Args:
            batch: exercises.
            rows: what is shown of a concept; its features may carry gradients.
        """
        given = [Inputs.join([*map(rows, one.shown), one.asked]) for one in batch]
        hidden = self.hidden(given)
        judged = [
            hidden[row, one.tokens - len(exercise.answer) : one.tokens]
            for row, (one, exercise) in enumerate(zip(given, batch, strict=True))
        ]
        logits = self.model.lm_head(torch.cat(judged)).float()
        right = torch.tensor([token for one in batch for token in one.answer], device=logits.device)
        return functional.cross_entropy(logits, right)

    def hidden(self, given: Sequence[Inputs]) -> torch.Tensor:
        """(B, longest, hidden) outputs of the last layer behind the prefix; those of padding mean nothing."""
        runner, stored = self._parts.runner, self._stored
        prefix = self._prefix
        if not stored:
            given = [Inputs.join([prefix, one]) for one in given]
        longest = max(one.tokens for one in given)
        embeds, images, places = [], [], []
        for one in given:
            made, seen = runner.embeddings(one)
            behind = longest - one.tokens
            embeds.append(functional.pad(made, (0, 0, 0, behind)))
            images.append(functional.pad(seen, (0, behind)))
            places.append(functional.pad(runner.positions(one), (0, behind)))
        whole, where = torch.cat(embeds), torch.stack(images)
        positions = torch.cat(places, dim=1) + (prefix.width if stored else 0)
        before = prefix.tokens if stored else 0
        there = torch.tensor(
            [[1] * (before + one.tokens) + [0] * (longest - one.tokens) for one in given], device=whole.device
        )
        features = torch.cat([one.features.to(whole) for one in given], dim=1)
        found: torch.Tensor = runner.text(
            inputs_embeds=whole,
            attention_mask=self._family.masks(self.model, there, whole, where),
            position_ids=positions[0] if len(positions) == 1 else positions,
            past_key_values=self._cache(len(given)) if stored else None,
            use_cache=stored,
            **(self._family.deep(features, where) if features.shape[1] else {}),
        ).last_hidden_state
        return found if stored else found[:, prefix.tokens :]

    def _cache(self, batch: int) -> Any:
        """The prefix, for each of a batch."""
        from transformers import DynamicCache

        cache, prefix = DynamicCache(), self.node.prefix
        for layer, (keys, values) in enumerate(zip(prefix.keys, prefix.values, strict=True)):
            cache.update(*(rows.expand(batch, *rows.shape) for rows in (keys, values)), layer)
        return cache

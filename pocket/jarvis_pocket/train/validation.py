"""A look at the validation split: contexts of names and looks that are neither trained on nor examined."""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import Tensor

from jarvis_pocket import ask
from jarvis_pocket.train.batch import collate, forward
from jarvis_pocket.train.data import Stage, draw_example
from jarvis_pocket.train.writer import Writer

# Kinds of questions, then drills of each kind.
METERED = (*ask.KINDS, *(f"{kind} drill" for kind in ask.KINDS))
BATCH = 4


def whole_answers(
    logits: Tensor, labels: Tensor, kinds: Tensor, answers: Tensor
) -> dict[str, tuple[float, int]]:
    """Per kind the share of answers whose every token is right (true ones before it given), and the count."""
    wrong = (logits.argmax(-1) != labels).float()
    unique, index = answers.unique(return_inverse=True)
    misses = torch.zeros(len(unique), device=wrong.device).index_add_(0, index, wrong)
    of = torch.zeros(len(unique), dtype=torch.long, device=wrong.device).scatter_(0, index, kinds)
    return {
        kind: ((misses[of == i] == 0).float().mean().item(), int((of == i).sum()))
        for i, kind in enumerate(METERED)
        if (of == i).any()
    }


class Validation:
    """The same contexts every time, drawn once.

    Args:
        tokenizer: of the model.
        stage: what is drawn; its drills are left out.
        contexts: how many contexts.
    """

    def __init__(self, tokenizer: Any, stage: Stage, contexts: int) -> None:
        writer = Writer(tokenizer)
        drawn = [draw_example(random.Random(f"valid/{i}"), writer, stage, "valid") for i in range(contexts)]
        self.batches = [
            collate(drawn[i : i + BATCH], tokenizer.pad_token_id) for i in range(0, len(drawn), BATCH)
        ]

    @torch.no_grad()
    def look(self, model: Any, device: torch.device) -> dict[str, float]:
        """Per kind the share of whole answers that are right, and ``mean``, their mean over kinds."""
        sums: dict[str, list[float]] = {}
        was = model.training
        model.eval()
        for batch in self.batches:
            for kind, (right, count) in whole_answers(*forward(model, batch.to(device))).items():
                cell = sums.setdefault(kind, [0.0, 0.0])
                cell[0] += right * count
                cell[1] += count
        model.train(was)
        seen = {kind: sums[kind][0] / sums[kind][1] for kind in ask.KINDS if kind in sums}
        return seen | {"mean": sum(seen.values()) / max(1, len(seen))}

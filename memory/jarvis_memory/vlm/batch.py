"""Several questions, each behind its own context, in one pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers.cache_utils import Cache

from jarvis_memory.kv import Context, Inputs
from jarvis_memory.kv.cache import empty_cache

from .runner import Runner

__all__ = ["BatchRunner"]


class BatchRunner:
    """Decodes a left-padded batch; what is padding is seen by nobody, so each answer is that of its own call.

    ::

        columns   | context, on the right | question, on the right | answer |
        row 0     |  . . . . p s s s s s  |  . . q q q q q         | a a a  |
        row 1     |  p s s s s s s s s s  |  q q q q q q q         | a a    |

    Args:
        runner: Has the model.
        stop_ids: Tokens that end an answer.
    """

    def __init__(self, runner: Runner, stop_ids: frozenset[int]) -> None:
        self._runner, self._stop_ids = runner, stop_ids

    def run(
        self,
        ready: Sequence[tuple[Context, Inputs]],
        most: Sequence[int],
        wanted: Sequence[Callable[[], bool] | None],
    ) -> tuple[list[list[int]], float]:
        """The tokens of each answer, and when (``time.perf_counter``) the first ones were there.

        Args:
            ready: Contexts, and the questions behind them; at least one.
            most: The most tokens of each answer.
            wanted: Of each, whether it is to go on, asked before each token but the first.
        """
        cache, mask, inputs = self._laid_out(ready, max(most))
        with torch.no_grad():
            logits = self._runner.step(cache=cache, mask=mask, **inputs)
            first = time.perf_counter()
            at = torch.tensor([memory.next_position + asked.width for memory, asked in ready])
            told: list[list[int]] = [[] for _ in ready]
            under_way = set(range(len(ready)))
            while True:
                tokens = logits.argmax(-1).tolist()
                for row in tuple(under_way):
                    told[row].append(tokens[row])
                    if self._ends(told[row], most[row], wanted[row]):
                        under_way.remove(row)
                if not under_way:
                    return told, first
                mask = torch.nn.functional.pad(mask, (0, 1), value=1)
                logits = self._runner.step(
                    cache=cache,
                    mask=mask,
                    embeds=self._runner.embed(torch.tensor(tokens)[:, None]),
                    positions=at[None, :, None].expand(self._runner.axes, -1, 1),
                )
                at = at + 1

    def _ends(self, ids: Sequence[int], most: int, wanted: Callable[[], bool] | None) -> bool:
        return len(ids) == most or ids[-1] in self._stop_ids or not (wanted is None or wanted())

    def _laid_out(
        self, ready: Sequence[tuple[Context, Inputs]], room: int
    ) -> tuple[Cache, torch.Tensor, dict[str, Any]]:
        """Cache, mask and the questions' embeddings and positions."""
        past = max(memory.tokens for memory, _ in ready)
        asked = max(question.tokens for _, question in ready)
        like = ready[0][0].keys
        cache = empty_cache(like, len(ready), past, asked + room)
        mask = torch.zeros(len(ready), past + asked, dtype=torch.long, device=like.device)
        embeds, positions, deep, images = [], [], [], []
        for row, (memory, question) in enumerate(ready):
            memory.wait()
            for layer, keys, values in zip(cache.layers, memory.keys, memory.values, strict=True):
                layer.keys[row, :, past - memory.tokens :] = keys
                layer.values[row, :, past - memory.tokens :] = values
            mask[row, past - memory.tokens : past] = 1
            mask[row, past + asked - question.tokens :] = 1
            missing = asked - question.tokens
            found, seen = self._runner.embeddings(question)
            embeds.append(torch.nn.functional.pad(found[0], (0, 0, missing, 0)))
            images.append(torch.nn.functional.pad(seen, (missing, 0)))
            where = question.positions.to(like.device) + memory.next_position
            positions.append(torch.nn.functional.pad(where, (missing, 0)))
            deep.append(question.features.to(found))
        return (
            cache,
            mask,
            {
                "embeds": torch.stack(embeds),
                "positions": torch.stack(positions, dim=1),
                "features": torch.cat(deep, dim=1),
                "images": torch.stack(images),
            },
        )

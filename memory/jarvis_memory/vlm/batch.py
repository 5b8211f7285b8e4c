"""Several questions, each behind its own context, in one pass."""

from __future__ import annotations

import time
from collections.abc import Sequence
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
        self, ready: Sequence[tuple[Context, Inputs]], most: Sequence[int]
    ) -> tuple[list[list[int]], float]:
        """The tokens of each answer, and when (``time.perf_counter``) the first ones were there.

        Args:
            ready: Contexts, and the questions behind them; at least one.
            most: The most tokens of each answer.
        """
        cache, mask, inputs = self._laid_out(ready, max(most))
        with torch.no_grad():
            logits = self._runner.step(cache=cache, mask=mask, **inputs)
            first = time.perf_counter()
            at = torch.tensor([memory.next_position + asked.width for memory, asked in ready])
            told: list[list[int]] = [[] for _ in ready]
            for number in range(1, max(most) + 1):
                tokens = logits.argmax(-1).tolist()
                for ids, token, limit in zip(told, tokens, most, strict=True):
                    if len(ids) < limit and not (ids and ids[-1] in self._stop_ids):
                        ids.append(token)
                if number == max(most) or all(self._done(ids, n) for ids, n in zip(told, most, strict=True)):
                    break
                mask = torch.nn.functional.pad(mask, (0, 1), value=1)
                logits = self._runner.step(
                    cache=cache,
                    mask=mask,
                    embeds=self._runner.embed(torch.tensor(tokens)[:, None]),
                    positions=at[None, :, None].expand(self._runner.axes, -1, 1),
                )
                at = at + 1
        return told, first

    def _done(self, ids: Sequence[int], limit: int) -> bool:
        return len(ids) == limit or bool(ids and ids[-1] in self._stop_ids)

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

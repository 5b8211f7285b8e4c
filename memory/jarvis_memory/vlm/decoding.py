"""Greedy decoding, and its tokens as pieces of text."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import torch

from .block import Block
from .runner import Runner

__all__ = ["greedy", "text_pieces"]

# What a decoder writes for bytes that are not (yet) a character.
_UNFINISHED = "\ufffd"


def greedy(
    runner: Runner,
    cache: Any,
    block: Block,
    next_position: int,
    stop_ids: frozenset[int],
    max_new_tokens: int,
) -> Generator[int, None, None]:
    """The most likely token, again and again, up to and with the first of ``stop_ids``.

    Args:
        runner: Computes.
        cache: Of the context; a fresh one, it grows.
        block: The question.
        next_position: Where the question goes on.
        stop_ids: Tokens that end the answer.
        max_new_tokens: The most tokens to generate, at least 1.
    """
    positions = runner.positions(block) + next_position
    for number in range(1, max_new_tokens + 1):
        token = int(runner.run(block, positions, cache).argmax())
        yield token
        if token in stop_ids or number == max_new_tokens:
            return
        block, positions = Block((token,)), torch.full_like(positions[..., :1], int(positions.max()) + 1)


def text_pieces(tokens: Iterable[int], decode: Callable[[list[int]], str]) -> Iterator[str]:
    """Text as it becomes certain; joined, it is ``decode`` of all tokens.

    A character may take several tokens: what ends in an unfinished one waits for the next.
    """
    ids: list[int] = []
    told = ""
    for token in tokens:
        ids.append(token)
        text = decode(ids)
        if len(text) > len(told) and not text.endswith(_UNFINISHED):
            yield text[len(told) :]
            told = text
    rest = decode(ids)[len(told) :]
    if rest:
        yield rest

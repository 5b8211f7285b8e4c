"""Greedy decoding, and its tokens as pieces of text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from typing import Any

from jarvis_memory.kv import Inputs

from .grammar import Guide
from .runner import Runner

__all__ = ["greedy", "stop_ids", "text_pieces"]

# What a decoder writes for bytes that are not (yet) a character.
_UNFINISHED = "\ufffd"


def greedy(
    runner: Runner,
    cache: Any,
    question: Inputs,
    next_position: int,
    stop_ids: frozenset[int],
    max_new_tokens: int,
    guide: Guide | None = None,
    wanted: Callable[[], bool] | None = None,
) -> Generator[int, None, None]:
    """The most likely token, again and again, up to and with the first of ``stop_ids``.

    Args:
        runner: Computes.
        cache: Of the context; a fresh one, it grows.
        question: What is asked.
        next_position: Where the question goes on.
        stop_ids: Tokens that end the answer.
        max_new_tokens: The most tokens to generate, at least 1.
        guide: What says which tokens may come next; all may if there is none.
        wanted: Whether to go on, asked before each token but the first.
    """
    inputs, at = question, next_position
    for number in range(1, max_new_tokens + 1):
        logits = runner.run(inputs, at, cache)
        token = int((logits if guide is None else guide.mask(logits)).argmax())
        yield token
        if token in stop_ids or number == max_new_tokens or not (wanted is None or wanted()):
            return
        if guide is not None:
            guide.follow(token)
        inputs, at = runner.token(token), at + inputs.width


def stop_ids(model: Any, tokenizer: Any, closing: int, control_ids: Collection[int]) -> frozenset[int]:
    """What ends an answer: the ends that model and tokenizer name, and that of a turn in the template.

    Args:
        model: With ``generation_config`` and ``config``.
        tokenizer: Its tokenizer.
        closing: The first token behind what a user says.
        control_ids: Tokens that no text has; ``closing`` counts only if it is one.
    """
    found: set[int] = {closing} & set(control_ids)
    for named in (getattr(model, "generation_config", None), model.config.get_text_config(), tokenizer):
        stop = getattr(named, "eos_token_id", None)
        if stop is not None:
            found.update(stop if isinstance(stop, (list, tuple)) else [stop])
    return frozenset(int(token) for token in found)


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

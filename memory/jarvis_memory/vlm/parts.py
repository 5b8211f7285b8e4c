"""What a VLM is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .concepts import ConceptEncoder
from .families import ImageTokens
from .grammar import Grammar
from .images import ImageEncoder
from .runner import Runner
from .text import TextEncoder

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a VLM is made of, for what in this package builds on it.

    Attributes:
        processor: with the chat template.
        encoder: turns texts of users into tokens.
        tokens: how images stand in a prompt.
        images: makes images the numbers that the vision tower takes.
        runner: computes.
        concepts: encodes segments and makes contexts.
        grammar: leads answers along a schema.
        stop_ids: tokens that end an answer.
        turn_end: the token with which a turn ends.
    """

    processor: Any
    encoder: TextEncoder
    tokens: ImageTokens
    images: ImageEncoder
    runner: Runner
    concepts: ConceptEncoder
    grammar: Grammar
    stop_ids: frozenset[int]
    turn_end: int

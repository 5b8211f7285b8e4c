"""One question to the node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from jarvis_memory.kv import Context

__all__ = ["Query", "Turn"]

Turn = tuple[str, str]
"""An earlier question and its answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """One question to the node.

    Attributes:
        context: What it is answered from, of this model; ``None`` is no memory, the prefix alone.
        question: What is asked.
        images: What the question shows, before its text.
        max_new_tokens: The most tokens of the answer.
        history: Earlier questions and their answers, oldest first; they come behind the images.
        schema: A JSON schema, as JSON, that the answer follows; ``None`` is plain text.
        wanted: Asked before each token but the first, with the seconds that the run has taken by then; an
            answer that is not wanted any more ends as it is.
    """

    context: Context | None
    question: str
    images: Sequence[Image.Image] = ()
    max_new_tokens: int = 64
    history: Sequence[Turn] = ()
    schema: str | None = None
    wanted: Callable[[float], bool] | None = None

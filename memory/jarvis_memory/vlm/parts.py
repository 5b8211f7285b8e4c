"""What a VLM is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .concepts import ConceptEncoder
from .decoding import stop_ids
from .families import Family, ImageTokens
from .grammar import Grammar
from .images import ImageEncoder
from .layout import Layout
from .runner import Runner
from .settings import ImageSettings
from .template import Frame, read_frame
from .text import TextEncoder

__all__ = ["Parts", "make_parts"]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a VLM is made of, for what in this package builds on it.

    Attributes:
        processor: with the chat template.
        encoder: turns texts of users into tokens.
        frame: what stands before and behind a question.
        tokens: how images stand in a prompt.
        images: makes images the numbers that the vision tower takes.
        layout: writes concepts and questions as tokens.
        runner: computes.
        concepts: encodes segments and makes contexts.
        stop_ids: tokens that end an answer.
        grammar: leads answers along a schema.
    """

    processor: Any
    encoder: TextEncoder
    frame: Frame
    tokens: ImageTokens
    images: ImageEncoder
    layout: Layout
    runner: Runner
    concepts: ConceptEncoder
    stop_ids: frozenset[int]
    grammar: Grammar

    @property
    def turn_end(self) -> int:
        """A token that ends an answer, that of the template where it is one."""
        closing = self.frame.tail[0]
        return closing if closing in self.stop_ids else min(self.stop_ids, default=closing)


def make_parts(model: Any, processor: Any, name: str, family: Family, settings: ImageSettings) -> Parts:
    """The parts of a model with its processor; `VLM` says what may be raised."""
    encoder = TextEncoder(processor.tokenizer)
    frame = read_frame(processor, encoder)
    tokens = family.image_tokens(model.config, processor)
    images = family.images(model.config, processor, settings)
    layout = Layout(encoder, frame, tokens, images)
    runner = Runner(model, family, tokens.pad, name)
    stops = stop_ids(model, processor.tokenizer, frame.tail[0], encoder.control_ids)
    vocabulary = int(model.config.get_text_config().vocab_size)
    return Parts(
        processor=processor,
        encoder=encoder,
        frame=frame,
        tokens=tokens,
        images=images,
        layout=layout,
        runner=runner,
        concepts=ConceptEncoder(layout, runner),
        stop_ids=stops,
        grammar=Grammar(processor.tokenizer, vocabulary, stops, encoder.control_ids),
    )

"""How concepts and questions are written as tokens.

::

    prefix    the chat template up to the first user content, with the memory instruction
    segment   profile lines, each with its line break;
              per patch: name <vision_start> image <vision_end> name line break
    question  per image: <vision_start> image <vision_end> line break;
              per earlier turn: its question, the template, its answer, the template;
              the text; the rest of the template

The name stands on both sides of a patch: the one before it finds an image by its name, the one behind it a
name by its image.

Every piece is tokenised by itself, so that the boundaries of tokens never move, whatever stands beside them.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from jarvis_retrievers.errors import InputError, UnsupportedModelError

from .block import Block, Stretch
from .families import ImageTokens
from .images import ImageEncoder
from .query import Turn
from .source import SegmentSource
from .template import Frame
from .text import TextEncoder

__all__ = ["Layout"]


class Layout:
    """Writes concepts and questions as tokens, in the one way that this package knows."""

    def __init__(
        self, encoder: TextEncoder, frame: Frame, tokens: ImageTokens, image_encoder: ImageEncoder
    ) -> None:
        self._encoder = encoder
        self._frame = frame
        self._tokens = tokens
        self._images = image_encoder
        self._break = tuple(encoder.encode("\n"))

    def prefix(self) -> Block:
        """What every segment stands behind."""
        return Block(self._frame.prefix)

    def segment(self, source: SegmentSource) -> Block:
        """A concept: its profile, then its patches."""
        profile = self._profile(source.profile)
        head = Block(profile, stretches=(Stretch("profile", len(profile)),))
        return Block.join([head, self.patches(source.name, source.patches)])

    def segment_ids(self, name: str, profile: str, patches: int) -> tuple[int, ...]:
        """The tokens of :meth:`segment`, known without looking at a patch."""
        return self._profile(profile) + self._patch(name, self._images.tokens) * patches

    def patches(self, name: str, patches: Sequence[Image.Image]) -> Block:
        """Patches of a concept, as they stand behind its profile or behind earlier patches."""
        if not patches:
            return Block(())
        pixels = self._images.patches(patches)
        rows = [self._patch(name, count) for count in pixels.counts]
        return Block(
            token_ids=tuple(i for row in rows for i in row),
            pixels=pixels,
            stretches=tuple(Stretch("patch", len(row)) for row in rows),
        )

    def question(self, text: str, images: Sequence[Image.Image] = (), history: Sequence[Turn] = ()) -> Block:
        """A question with its images and the turns before it, up to where the answer begins.

        Raises:
            InputError: The question is blank.
            UnsupportedModelError: There are earlier turns, and the template does not print such.
        """
        if not text.strip():
            raise InputError(f"A question has some text, got {text!r}.")
        pixels = self._images.question(images) if images else None
        rows = [self._image(n) + self._break for n in pixels.counts] if pixels else []
        shown = tuple(i for row in rows for i in row)
        asked = tuple(self._encoder.encode(text)) + self._frame.tail
        return Block(shown + self._turns(history) + asked, pixels)

    def _turns(self, history: Sequence[Turn]) -> tuple[int, ...]:
        if not history:
            return ()
        if self._frame.turn is None:
            raise UnsupportedModelError(
                "The chat template of this model does not print earlier turns one after the other; "
                f"ask without the {len(history)} turns before."
            )
        reply, following = self._frame.turn
        written: tuple[int, ...] = ()
        for asked, answered in history:
            written += (*self._encoder.encode(asked), *reply, *self._encoder.encode(answered), *following)
        return written

    def _profile(self, text: str) -> tuple[int, ...]:
        lines = [line for line in text.split("\n") if line.strip()]
        return tuple(i for line in lines for i in self._encoder.encode(f"{line}\n"))

    def _patch(self, name: str, tokens: int) -> tuple[int, ...]:
        named = tuple(self._encoder.encode(name))
        return named + self._image(tokens) + named + self._break

    def _image(self, tokens: int) -> tuple[int, ...]:
        return (*self._tokens.start, *(self._tokens.pad,) * tokens, *self._tokens.end)

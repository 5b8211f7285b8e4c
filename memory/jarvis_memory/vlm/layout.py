"""How concepts and questions are written as tokens.

::

    prefix    the chat template up to the first user content, with the memory instruction
    segment   profile lines, each with its line break;
              per patch: name <vision_start> image <vision_end> name line break;
              per whole photo the same, with those of its tokens that are kept
    question  per image: <vision_start> image <vision_end> line break;
              per earlier turn: its question, the template, its answer, the template;
              the text; the rest of the template

The name stands on both sides of a patch: the one before it finds an image by its name, the one behind it a
name by its image.

Every piece is tokenised by itself, so that the boundaries of tokens never move, whatever stands beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from jarvis_retrievers.errors import InputError, UnsupportedModelError

from .block import Block, Stretch
from .excerpt import Excerpt
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
        """A concept: its profile, then its patches, then what is kept of its photos."""
        profile = self._profile(source.profile)
        head = Block(profile, stretches=(Stretch("profile", len(profile)),))
        seen = (self.patches(source.name, source.patches), self.photos(source.name, source.photos))
        return Block.join([head, *seen])

    def segment_ids(
        self, name: str, profile: str, patches: int, photos: Sequence[int] = ()
    ) -> tuple[int, ...]:
        """The tokens of :meth:`segment`, known without looking at a patch or photo.

        Args:
            name: The concept's name.
            profile: Its profile.
            patches: How many patches.
            photos: How many tokens are kept of each photo.
        """
        ids = self._profile(profile) + self._patch(name, self._images.tokens) * patches
        return ids + tuple(i for kept in photos for i in self._patch(name, kept))

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

    def photos(self, name: str, photos: Sequence[Excerpt]) -> Block:
        """Whole photos of a concept, as they stand behind its profile or behind earlier photos.

        Raises:
            InputError: There are fewer tokens of a photo than are to be kept.
        """
        if not photos:
            return Block(())
        pixels = self._images.photos([one.photo for one in photos])
        before = len(self._encoder.encode(name)) + len(self._tokens.start)
        blocks = []
        for one, count in zip(photos, pixels.counts, strict=True):
            kept = range(count) if one.kept is None else one.kept
            if kept[-1] >= count:
                raise InputError(
                    f"This model makes {count} tokens of the photo, so that there is no token {kept[-1]}; "
                    "choose among those that there are."
                )
            row = self._patch(name, count)
            gone = sorted(set(range(count)) - set(kept))
            out = tuple(before + i for i in gone)
            blocks.append(Block(row, stretches=(Stretch("patch", len(row)),), left_out=out))
        return replace(Block.join(blocks), pixels=pixels)

    def cells(self, photo: Image.Image) -> tuple[int, int, int]:
        """Rows, columns and number of the tokens of a whole photo."""
        pixels = self._images.photos([photo])
        rows, columns = self._images.cells(pixels)[0]
        return rows, columns, pixels.counts[0]

    def said(self, words: Sequence[str]) -> tuple[Block, tuple[int, ...]]:
        """Words with commas between them, as an answer has them; and which rows are of the words."""
        ids: list[int] = []
        rows: list[int] = []
        for number, word in enumerate(words):
            if number:
                ids += self._encoder.encode(",")
            mine = self._encoder.encode(f" {word}" if number else word)
            rows += range(len(ids), len(ids) + len(mine))
            ids += mine
        return Block(tuple(ids)), tuple(rows)

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

"""Concepts as rows of a cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from PIL import Image

from jarvis_memory.kv import Context, Inputs, Mode, Part, Prefix, Repair, Segment, compose
from jarvis_memory.kv.cache import roomy_cache
from jarvis_memory.kv.selection import later_rows, linked_rows, moved_most
from jarvis_retrievers.errors import InputError

from .block import Block
from .layout import Layout
from .recompute import recompute
from .runner import Runner
from .source import SegmentSource

__all__ = ["ConceptEncoder"]


class ConceptEncoder:
    """Encodes the prefix and segments behind it, and makes contexts. :class:`VLM` says what may be raised."""

    def __init__(self, layout: Layout, runner: Runner) -> None:
        self._layout = layout
        self._runner = runner

    def prefix(self, fingerprint: str, inv_freq: torch.Tensor) -> Prefix:
        """The prefix, encoded at position 0."""
        inputs = self._runner.inputs(self._layout.prefix())
        keys, values = self._append(None, inputs)
        return Prefix(
            keys=keys,
            values=values,
            inputs=inputs,
            fingerprint=fingerprint,
            inv_freq=inv_freq,
        )

    def read(self, source: SegmentSource) -> tuple[Block, Inputs]:
        """A concept as tokens and features; this is where its patches are looked at."""
        block = self._layout.segment(source)
        if not block.token_ids:
            raise InputError(f"{source.name!r} has neither a profile nor a patch; give one of them.")
        return block, self._runner.inputs(block)

    def segment(self, prefix: Prefix, source: SegmentSource) -> Segment:
        """A concept, encoded behind the prefix."""
        block, inputs = self.read(source)
        return self.encoded(prefix, inputs, self._runner.parts(block, inputs))

    def encoded(self, prefix: Prefix, inputs: Inputs, parts: tuple[Part, ...]) -> Segment:
        """The same from its tokens and features."""
        keys, values = self._append(compose(prefix, ()), inputs)
        return Segment(keys, values, inputs, parts, prefix.width, prefix.fingerprint)

    def extend(self, prefix: Prefix, segment: Segment, name: str, patches: Sequence[Image.Image]) -> Segment:
        """A segment with more patches behind its own, which are not encoded again."""
        # The source checks name and patches; its profile is there already.
        source = SegmentSource(name, "", tuple(patches))
        block = self._layout.patches(source.name, source.patches)
        if not block.token_ids:
            return segment
        inputs = self._runner.inputs(block)
        keys, values = self._append(compose(prefix, (segment,)), inputs)
        return Segment(
            keys=torch.cat([segment.keys.to(keys), keys], dim=2),
            values=torch.cat([segment.values.to(values), values], dim=2),
            inputs=Inputs.join([segment.inputs, inputs]),
            parts=segment.parts + self._runner.parts(block, inputs),
            start=segment.start,
            fingerprint=segment.fingerprint,
        )

    def exact(self, prefix: Prefix, items: Sequence[Inputs]) -> Context:
        """One full prefill of the prefix and all concepts, jointly."""
        inputs = Inputs.join([prefix.inputs, *items])
        keys, values = self._append(None, inputs)
        return Context(
            keys=keys,
            values=values,
            token_ids=inputs.token_ids,
            next_position=inputs.width,
            reused=0,
            mode=Mode.EXACT,
            fingerprint=prefix.fingerprint,
        )

    def repaired(self, prefix: Prefix, segments: Sequence[Segment], mode: Mode, repair: Repair) -> Context:
        """Segments composed, and some rows of the later ones computed anew (``link`` or ``blend``)."""
        context = compose(prefix, segments)
        if len(segments) < 2:
            return replace(context, mode=mode)
        inputs = Inputs.join([prefix.inputs, *(segment.inputs for segment in segments)])
        run = partial(recompute, self._runner, context.keys, context.values, inputs)
        if mode is Mode.LINK:
            done = run(torch.tensor(linked_rows(segments, prefix.tokens, repair.link_tokens)))
        else:
            done = run(
                torch.tensor(later_rows(segments, prefix.tokens)),
                choose=partial(moved_most, share=repair.blend_share),
                check_layer=min(repair.check_layer, len(context.keys) - 1),
            )
        return replace(context, mode=mode, reused=context.tokens - done)

    def _append(self, before: Context | None, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of new tokens behind a context."""
        from transformers import DynamicCache

        skip, start = (0, 0) if before is None else (before.tokens, before.next_position)
        cache = DynamicCache() if before is None else roomy_cache(before.keys, before.values, inputs.tokens)
        self._runner.check_room(start + inputs.width, "The context")
        self._runner.run(inputs, start, cache)
        return Runner.rows(cache, skip)

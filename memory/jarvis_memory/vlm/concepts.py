"""Concepts as rows of a cache."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image

from jarvis_memory.kv import Context, Prefix, Segment, compose
from jarvis_retrievers.errors import ContextError, InputError

from .block import Block
from .layout import Layout
from .runner import Runner
from .source import SegmentSource

__all__ = ["ConceptEncoder"]


class ConceptEncoder:
    """Encodes the prefix, segments behind it, and exact contexts. :class:`VLM` says what may be raised."""

    def __init__(self, layout: Layout, runner: Runner) -> None:
        self._layout = layout
        self._runner = runner

    def prefix(self, fingerprint: str, inv_freq: torch.Tensor) -> Prefix:
        """The prefix, encoded at position 0."""
        block = self._layout.prefix()
        keys, values, positions = self._append(None, block)
        return Prefix(
            keys=keys,
            values=values,
            token_ids=block.token_ids,
            width=Runner.width(positions),
            fingerprint=fingerprint,
            inv_freq=inv_freq,
        )

    def segment(self, prefix: Prefix, source: SegmentSource) -> Segment:
        """A concept, encoded behind the prefix."""
        block = self._layout.segment(source)
        if not block.token_ids:
            raise InputError(f"{source.name!r} has neither a profile nor a patch; give one of them.")
        keys, values, positions = self._append(compose(prefix, ()), block)
        return Segment(
            keys=keys,
            values=values,
            token_ids=block.token_ids,
            start=prefix.width,
            width=Runner.width(positions),
            parts=Runner.parts(block, positions),
            fingerprint=prefix.fingerprint,
        )

    def extend(self, prefix: Prefix, segment: Segment, name: str, patches: Sequence[Image.Image]) -> Segment:
        """A segment with more patches behind its own, which are not encoded again."""
        # The source checks name and patches; its profile is there already.
        source = SegmentSource(name, "", tuple(patches))
        before = compose(prefix, (segment,))
        block = self._layout.patches(source.name, source.patches)
        if not block.token_ids:
            return segment
        keys, values, positions = self._append(before, block)
        return Segment(
            keys=torch.cat([segment.keys.to(keys), keys], dim=2),
            values=torch.cat([segment.values.to(values), values], dim=2),
            token_ids=segment.token_ids + block.token_ids,
            start=segment.start,
            width=segment.width + Runner.width(positions),
            parts=segment.parts + Runner.parts(block, positions),
            fingerprint=segment.fingerprint,
        )

    def exact(self, fingerprint: str, items: Sequence[SegmentSource | Segment]) -> Context:
        """One full prefill of the prefix and all sources, jointly."""
        blocks = [self._layout.prefix()]
        for number, item in enumerate(items, start=1):
            if isinstance(item, Segment):
                raise ContextError(
                    f"Item {number} is a segment; the mode 'exact' computes everything anew "
                    "and needs a SegmentSource."
                )
            blocks.append(self._layout.segment(item))
        block = Block.join(blocks)
        keys, values, positions = self._append(None, block)
        return Context(
            keys=keys,
            values=values,
            token_ids=block.token_ids,
            next_position=Runner.width(positions),
            reused=0,
            fingerprint=fingerprint,
        )

    def _append(
        self, before: Context | None, block: Block
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Keys and values of a block behind a context, and its positions from 0 on."""
        from transformers import DynamicCache

        cache = DynamicCache() if before is None else before.cache()
        skip, start = (0, 0) if before is None else (before.tokens, before.next_position)
        positions = self._runner.positions(block)
        self._runner.check_room(start + Runner.width(positions), "The context")
        self._runner.run(block, positions + start, cache)
        return *Runner.rows(cache, skip), positions

"""Concepts as rows of a cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch

from jarvis_memory.kv import (
    Context,
    Inputs,
    Mode,
    Part,
    Prefix,
    Repair,
    Segment,
    compose,
    segment_from_bytes,
)
from jarvis_memory.kv.cache import roomy_cache
from jarvis_memory.kv.selection import later_rows, linked_rows, moved_most
from jarvis_memory.kv.streams import join_stream
from jarvis_retrievers.errors import CorruptRecordError, InputError, UnsupportedModelError

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

    def prefix(self, fingerprint: str, inv_freq: torch.Tensor, head: Block | None = None) -> Prefix:
        """The prefix, or another head in its place, encoded at position 0."""
        inputs = self._runner.inputs(head or self._layout.prefix())
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

    def restored(self, prefix: Prefix, data: bytes) -> Segment:
        """A segment from its bytes; rows that are not stored are computed."""
        device = prefix.keys.device
        stored = segment_from_bytes(data, prefix.fingerprint, self._runner.rotary, device=device)
        features, like = stored.inputs.features.shape, self._runner.unseen.shape
        if (features[0], features[2]) != (like[0], like[2]):
            raise CorruptRecordError(
                f"This segment has features of shape {tuple(features)}, the model wants "
                f"({like[0]}, tokens, {like[2]}); encode it again from its sources."
            )
        if stored.segment is not None:
            return stored.segment
        return self.encoded(prefix, stored.inputs, stored.parts)

    def extend(self, prefix: Prefix, segment: Segment, source: SegmentSource) -> Segment:
        """A segment with more patches and photos behind its own, which are not encoded again."""
        seen = (
            self._layout.patches(source.name, source.patches),
            self._layout.photos(source.name, source.photos),
        )
        block = Block.join(seen)
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

    def context(
        self,
        prefix: Prefix,
        items: Sequence[SegmentSource | Segment],
        mode: Mode,
        repair: Repair,
        rows_at_once: int | None,
        behind: Prefix | None = None,
    ) -> Context:
        """A context of concepts in any mode but ``auto``; ``behind`` as for :func:`compose`."""
        if mode is Mode.EXACT:
            read = [i.inputs if isinstance(i, Segment) else self.read(i)[1] for i in items]
            return self.exact(behind or prefix, read)
        self._check_reach(mode, len(items) + (behind is not None))
        segments = [item if isinstance(item, Segment) else self.segment(prefix, item) for item in items]
        fresh = sum(s.tokens for s, item in zip(segments, items, strict=True) if s is not item)
        room = (behind or prefix).width + sum(segment.width for segment in segments)
        self._runner.check_room(room, "The context")
        if mode is Mode.COMPOSE:
            context = compose(prefix, segments, overlap=True, behind=behind)
        else:
            context = self.repaired(prefix, segments, mode, repair, rows_at_once, behind)
        return replace(context, reused=max(0, context.reused - fresh))

    def _check_reach(self, mode: Mode, segments: int) -> None:
        reach = self._runner.reach
        if reach.segments is not None and segments > reach.segments:
            several = "a segment" if reach.segments == 0 else f"{segments} segments"
            raise UnsupportedModelError(
                f"This model cannot make a context of {several} in mode {mode.value!r}: it has {reach.why}. "
                "Use mode 'exact'."
            )

    def exact(self, prefix: Prefix, items: Sequence[Inputs]) -> Context:
        """One full prefill of the prefix and all concepts, jointly."""
        join_stream(prefix.keys.device)  # features may still be on their way
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
            inputs=inputs if self._runner.reach.segments == 0 else None,
        )

    def repaired(
        self,
        prefix: Prefix,
        segments: Sequence[Segment],
        mode: Mode,
        repair: Repair,
        rows_at_once: int | None = None,
        behind: Prefix | None = None,
    ) -> Context:
        """Segments composed, and some rows of the later ones computed anew (``link`` or ``blend``)."""
        context = compose(prefix, segments, behind=behind)
        sound, prefix = (1, prefix) if behind is None else (0, behind)
        if len(segments) <= sound:
            return replace(context, mode=mode)
        inputs = Inputs.join([prefix.inputs, *(segment.inputs for segment in segments)])
        run = partial(recompute, self._runner, context.keys, context.values, inputs)
        if mode is Mode.LINK:
            linked = linked_rows(segments, prefix.tokens, repair.link_tokens, sound)
            rows = torch.tensor(linked, dtype=torch.long)
            # Earlier rows are done in all layers before later ones look at them, so chunks change nothing.
            done = sum(run(some) for some in rows.split(rows_at_once or max(1, len(rows))))
        else:
            done = run(
                torch.tensor(later_rows(segments, prefix.tokens, sound)),
                choose=partial(moved_most, share=repair.blend_share),
                check_layer=min(repair.check_layer, len(context.keys) - 1),
            )
        return replace(context, mode=mode, reused=context.tokens - done)

    def _append(self, before: Context | None, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of new tokens behind a context."""
        from transformers import DynamicCache

        skip, start = (0, 0) if before is None else (before.tokens, before.next_position)
        self._runner.check_room(start + inputs.width, "The context")
        if self._runner.reach.segments == 0:
            return self._runner.no_rows(inputs.tokens)
        cache = DynamicCache() if before is None else roomy_cache(before.keys, before.values, inputs.tokens)
        self._runner.run(inputs, start, cache)
        return Runner.rows(cache, skip)

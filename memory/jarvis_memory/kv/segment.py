"""The KV cache of one concept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import InitVar, dataclass, replace

import torch

from jarvis_retrievers.errors import ContextError

from .inputs import Inputs
from .part import Part
from .rows import check_rows

__all__ = ["Segment"]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """The KV cache of one concept: its profile first, then its patches by falling score.

    Encoded once behind the shared prefix, whose own rows are not kept. Tensors are never written to; compare
    segments by identity.

    Attributes:
        keys: (layers, kv_heads, tokens, head_dim), rotated for the positions from ``start`` on.
        values: The same shape.
        inputs: What it was computed from, so that rows of it can be computed again.
        parts: The profile, then each patch, in the order of the rows.
        start: The position of the first token, where it was encoded: the width of the prefix.
        fingerprint: Of the model, processor and prefix that made it.
        finite: Whether to look at every number. Not needed for numbers that were looked at before.

    Raises:
        ContextError: Shapes, parts and numbers disagree, or a number is not finite.
    """

    keys: torch.Tensor
    values: torch.Tensor
    inputs: Inputs
    parts: tuple[Part, ...]
    start: int
    fingerprint: str
    finite: InitVar[bool] = True

    def __post_init__(self, finite: bool) -> None:
        check_rows("segment", self.keys, self.values, self.inputs.tokens, finite=finite)
        kinds = [part.kind for part in self.parts]
        if not kinds or kinds[0] != "profile" or "profile" in kinds[1:]:
            raise ContextError(f"A segment is one profile and then patches, got the parts {kinds}.")
        sums = tuple(sum(getattr(part, what) for part in self.parts) for what in ("tokens", "width", "seen"))
        has = (self.inputs.tokens, self.inputs.width, self.inputs.seen)
        if sums != has:
            raise ContextError(
                "The parts of a segment make tokens, width and image tokens of "
                f"{sums}, but its inputs have {has}."
            )
        if self.start < 0:
            raise ContextError(f"A segment starts at a position of 0 or more, got {self.start}.")

    @property
    def token_ids(self) -> tuple[int, ...]:
        """One id per row."""
        return self.inputs.token_ids

    @property
    def width(self) -> int:
        """By how much it moves the next position."""
        return self.inputs.width

    @property
    def tokens(self) -> int:
        """How many rows of a cache it takes."""
        return self.inputs.tokens

    @property
    def patches(self) -> int:
        """How many patches it holds."""
        return len(self.parts) - 1

    @property
    def nbytes(self) -> int:
        """Bytes of its keys, values and features together."""
        return 2 * self.keys.numel() * self.keys.element_size() + self.inputs.nbytes

    def cut(self, n_patches: int) -> Segment:
        """The same segment with its first ``n_patches`` patches only.

        Exact, not approximate: by causality no kept row has seen a cut one. The rows are views, nothing is
        copied.

        Raises:
            ContextError: ``n_patches`` is negative or more than the segment holds.
        """
        if not 0 <= n_patches <= self.patches:
            raise ContextError(f"This segment holds {self.patches} patches, cannot cut it to {n_patches}.")
        if n_patches == self.patches:
            return self
        parts = self.parts[: n_patches + 1]
        tokens = sum(part.tokens for part in parts)
        return replace(
            self,
            keys=self.keys[:, :, :tokens],
            values=self.values[:, :, :tokens],
            inputs=self.inputs.head(tokens, sum(part.seen for part in parts)),
            parts=parts,
            finite=False,
        )

    def placed(self, place: Callable[[torch.Tensor], torch.Tensor]) -> Segment:
        """The same with its tensors brought elsewhere, as ``place`` does it: such as to a device."""
        return replace(
            self,
            keys=place(self.keys),
            values=place(self.values),
            inputs=self.inputs.placed(place),
            finite=False,
        )

    def profile_only(self) -> Segment:
        """The same segment without its patches: enough for a question that no photo answers."""
        return self.cut(0)

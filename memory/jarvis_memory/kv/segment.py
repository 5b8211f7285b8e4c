"""The KV cache of one concept."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from jarvis_retrievers.errors import ContextError

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
        token_ids: One id per row.
        start: The position of the first token, where it was encoded: the width of the prefix.
        width: By how much the segment moves the next position.
        parts: The profile, then each patch, in the order of the rows.
        fingerprint: Of the model, processor and prefix that made it.

    Raises:
        ContextError: Shapes, parts and numbers disagree, or a number is not finite.
    """

    keys: torch.Tensor
    values: torch.Tensor
    token_ids: tuple[int, ...]
    start: int
    width: int
    parts: tuple[Part, ...]
    fingerprint: str

    def __post_init__(self) -> None:
        check_rows("segment", self.keys, self.values, len(self.token_ids))
        kinds = [part.kind for part in self.parts]
        if not kinds or kinds[0] != "profile" or "profile" in kinds[1:]:
            raise ContextError(f"A segment is one profile and then patches, got the parts {kinds}.")
        tokens, width = sum(p.tokens for p in self.parts), sum(p.width for p in self.parts)
        if (tokens, width) != (len(self.token_ids), self.width):
            raise ContextError(
                f"The parts of a segment make {tokens} tokens and width {width}, "
                f"but it has {len(self.token_ids)} tokens and width {self.width}."
            )
        if self.start < 0:
            raise ContextError(f"A segment starts at a position of 0 or more, got {self.start}.")

    @property
    def tokens(self) -> int:
        """How many rows of a cache it takes."""
        return len(self.token_ids)

    @property
    def patches(self) -> int:
        """How many patches it holds."""
        return len(self.parts) - 1

    @property
    def nbytes(self) -> int:
        """Bytes of its keys and values together."""
        return 2 * self.keys.numel() * self.keys.element_size()

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
            token_ids=self.token_ids[:tokens],
            width=sum(part.width for part in parts),
            parts=parts,
        )

    def profile_only(self) -> Segment:
        """The same segment without its patches: enough for a question that no photo answers."""
        return self.cut(0)

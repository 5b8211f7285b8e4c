"""One cache, ready for the model to answer from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from jarvis_retrievers.errors import ContextError

from .inputs import Inputs
from .modes import Mode
from .rows import check_rows

__all__ = ["Context"]


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """The prefix and several segments as one cache, ready for the model to answer from.

    It may answer any number of questions: each takes a fresh container from :meth:`cache`.

    Attributes:
        keys: (layers, kv_heads, tokens, head_dim).
        values: The same shape.
        token_ids: One id per row.
        next_position: Where a question goes on. Under M-RoPE this is less than the number of tokens.
        reused: How many of its rows came from stored caches, not computed for it.
        mode: How it was made.
        fingerprint: Of the model that made it.
        landed: Events, one per layer, where rows are still being copied by a GPU: :meth:`wait` before the
            tensors are used otherwise than through :meth:`cache`.
        inputs: Of a model whose rows cannot be stored, what they are computed from; it has 0 layers of them.

    Raises:
        ContextError: Shapes and numbers disagree.
    """

    keys: torch.Tensor
    values: torch.Tensor
    token_ids: tuple[int, ...]
    next_position: int
    reused: int
    mode: Mode
    fingerprint: str
    landed: tuple[Any, ...] = ()
    inputs: Inputs | None = None

    def __post_init__(self) -> None:
        check_rows("context", self.keys, self.values, len(self.token_ids), finite=False)
        if self.next_position < 1 or not 0 <= self.reused <= len(self.token_ids):
            raise ContextError(
                f"A context of {len(self.token_ids)} tokens cannot go on at position {self.next_position} "
                f"with {self.reused} of them reused."
            )

    @property
    def tokens(self) -> int:
        """How many rows the cache has."""
        return len(self.token_ids)

    @property
    def computed(self) -> int:
        """How many rows were computed for this context."""
        return self.tokens - self.reused

    @property
    def nbytes(self) -> int:
        """Bytes of its keys and values together."""
        return 2 * self.keys.numel() * self.keys.element_size()

    def cache(self, room: int = 0) -> Any:
        """A fresh cache for ``transformers`` with these rows; what is appended to it never comes back.

        Args:
            room: How many rows will be appended; beyond them every further token copies all rows.
        """
        from .cache import roomy_cache

        return roomy_cache(self.keys, self.values, room, self.landed)

    def wait(self) -> None:
        """Let the current stream of the GPU wait until all rows are there; does not hold up the program."""
        for event in self.landed:
            event.wait()

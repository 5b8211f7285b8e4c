"""Rows of conversations computed before, so that no turn is computed twice."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jarvis_retrievers.errors import SettingError

if TYPE_CHECKING:
    import torch

__all__ = ["SESSION_BYTES", "Sessions", "held", "shared"]

SESSION_BYTES: Final = 256 * 1024**2
"""Bytes of conversations that are kept by default."""


@dataclass(frozen=True, slots=True, eq=False)
class _Session:
    keys: torch.Tensor
    values: torch.Tensor

    @property
    def nbytes(self) -> int:
        return 2 * self.keys.numel() * self.keys.element_size()


class Sessions:
    """Rows of the conversations of one owner with one model, the ones used last, within a number of bytes.

    A row depends on everything before it and on nothing behind it. So the rows of two conversations are the
    same as far as what they were computed from is: that is what the labels say, one per row. They hold ids of
    tokens, and digests of images and contexts, so equal labels mean equal inputs.

    Threads may share it. Tensors are never written to.

    Args:
        most: how many bytes; 0 keeps nothing.

    Raises:
        SettingError: ``most`` is negative.
    """

    def __init__(self, most: int = SESSION_BYTES) -> None:
        if most < 0:
            raise SettingError(f"conversations take 0 bytes or more, got {most}")
        self._most = most
        self._kept: OrderedDict[tuple[Hashable, ...], _Session] = OrderedDict()
        self._lock = threading.Lock()
        _LIVE.add(self)

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept."""
        with self._lock:
            return sum(session.nbytes for session in self._kept.values())

    def __len__(self) -> int:
        """How many conversations are kept."""
        with self._lock:
            return len(self._kept)

    def longest(self, labels: Sequence[Hashable]) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Keys and values (layers, kv_heads, rows, head_dim) of the longest beginning that is kept.

        Args:
            labels: of the rows that are wanted.

        Returns:
            Views of at least one row; None if there is none.
        """
        with self._lock:
            best = max(self._kept, key=lambda kept: shared(kept, labels), default=())
            rows = shared(best, labels)
            if not rows:
                return None
            self._kept.move_to_end(best)
            session = self._kept[best]
        return session.keys[:, :, :rows], session.values[:, :, :rows]

    def keep(self, labels: Sequence[Hashable], keys: torch.Tensor, values: torch.Tensor) -> None:
        """Keep the rows of a conversation; what they go on from is kept within them.

        Args:
            labels: one per row.
            keys: (layers, kv_heads, rows, head_dim). Nobody writes to them from now on.
            values: the same shape.
        """
        session, key = _Session(keys, values), tuple(labels)
        if session.nbytes > self._most:
            return
        with self._lock:
            for old in [old for old in self._kept if key[: len(old)] == old]:
                del self._kept[old]
            self._kept[key] = session
            size = sum(one.nbytes for one in self._kept.values())
            while size > self._most:
                size -= self._kept.popitem(last=False)[1].nbytes

    def clear(self) -> tuple[int, int]:
        """Keep nothing of what was said; returns how many conversations it was, and their bytes."""
        with self._lock:
            gone = list(self._kept.values())
            self._kept.clear()
        return len(gone), sum(session.nbytes for session in gone)


_LIVE: weakref.WeakSet[Sessions] = weakref.WeakSet()


def held() -> int:
    """Bytes of all sessions of this process."""
    return sum(sessions.nbytes for sessions in list(_LIVE))


def shared(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """How long the beginning is that two sequences have in common."""
    most = min(len(first), len(second))
    return next((at for at in range(most) if first[at] != second[at]), most)

"""What is done to a whole memory now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from . import upkeep
from .engine import Engine
from .gate import Limits, Trial, Verdict
from .store.owner import OwnerStore

__all__ = ["Maintaining"]


class Maintaining:
    """What `PersonalMemory` has for its upkeep."""

    _store: OwnerStore
    _engine: Engine
    _writing: threading.RLock

    def gate(
        self,
        trials: Iterable[Trial] | None = None,
        limits: Limits | None = None,
        seen: Callable[[int], None] = lambda count: None,
    ) -> Verdict:
        """Measure which mode is right for this model with several concepts; ``auto`` follows the verdict.

        Args:
            trials: questions to measure with; by default some about the owner's own concepts.
            limits: what passes.
            seen: called with the number of questions done.

        Raises:
            InputError: fewer than two concepts. HomeReadOnlyError: the home cannot be written.
        """
        with self._writing:
            return upkeep.gate(self._engine, self._store, trials, limits, seen)

    def migrate(self, kv: str) -> int:
        """Store segments in another way, those that are there too; see `jarvis_memory.upkeep.migrate`."""
        with self._writing:
            return upkeep.migrate(self._engine, self._store, kv)

    def reindex(self, *, everything: bool = False) -> int:
        """Mine concepts that need it again, or all; see `jarvis_memory.upkeep.reindex`."""
        with self._writing:
            return upkeep.reindex(self._engine, self._store, everything=everything)

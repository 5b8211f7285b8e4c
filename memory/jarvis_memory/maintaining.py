"""What is done to a whole memory now and then."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable

from jarvis_retrievers.errors import SettingError

from . import upkeep
from .engine import Engine
from .gate import Limits, Trial, Verdict
from .operation import operation
from .selecting.layers import CalibrationPhoto, LayerScores
from .selecting.selector import Selecting
from .store.holdings import Holdings
from .store.manifest import Manifest
from .store.owner import OwnerStore
from .store.quota import Quota
from .store.receipt import Receipt
from .tally import LoadCounts

__all__ = ["Maintaining"]


class Maintaining:
    """What `PersonalMemory` has for its upkeep."""

    _store: OwnerStore
    _engine: Engine
    _writing: threading.RLock

    @operation("gate")
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

    @property
    def loads(self) -> LoadCounts:
        """How often segments were there when they were needed, since this memory was opened."""
        return self._engine.tally.counts

    @property
    def selecting(self) -> Selecting:
        """What segments of this home are made from."""
        return self._engine.selecting

    @operation("calibrate")
    def calibrate(
        self, photos: Iterable[CalibrationPhoto], seen: Callable[[int], None] = lambda count: None
    ) -> LayerScores:
        """Find the layers whose attention shows a subject; see `jarvis_memory.upkeep.calibrate`."""
        with self._writing:
            return upkeep.calibrate(self._engine, photos, seen)

    @operation("migrate")
    def migrate(
        self, kv: str | None = None, *, selector: str | None = None, tokens: int | None = None
    ) -> int:
        """Make and store segments in another way, those that are there too.

        Args:
            kv: how they are stored; see `Storage`.
            selector: what of photos they are made from: "patches", "attention", "full" or "uniform".
            tokens: the most tokens of one photo, for "attention" and "uniform"; by default a fifth of them.

        Returns, Raises: see `jarvis_memory.upkeep.migrate`.
        """
        if selector is None and tokens is not None:
            raise SettingError(f"tokens belongs to a selector, got {tokens} alone; name the selector too")
        wanted = None if selector is None else Selecting.of(selector, tokens)
        with self._writing:
            return upkeep.migrate(self._engine, self._store, kv, wanted)

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """One for each concept that was forgotten here since this was opened, the last 256."""
        return self._store.receipts

    def forget_owner(self) -> Receipt:
        """Forget everything of this owner: concepts, items, keys and the quota; in memory, too.

        Raises:
            StoreError: all is hidden for good, but the disk is full or another process is reading: opening
                the home finishes.
        """
        with self._writing:
            given = self._store.delete_owner()
            if self._engine.index is not None:
                self._engine.index.delete_owner(self._store.owner)
            return self._store.amend_receipt(given.concepts, self._engine.dismiss()) or given

    def holdings(self) -> Holdings:
        """All that this owner has, counted by kind."""
        return self._store.holdings()

    @property
    def quota(self) -> Quota:
        """What limits this owner; see `OwnerStore.quota`."""
        return self._store.quota

    def put_quota(self, quota: Quota | None) -> None:
        """Limit this owner; see `OwnerStore.put_quota`."""
        self._store.put_quota(quota)

    def export(self, path: str | os.PathLike[str]) -> Manifest:
        """Write all of this owner's record into one file, which is not encrypted.

        `jarvis_memory.store.import_owner` makes an owner of it. Raises: see
        `jarvis_memory.store.exporting.export_owner`.
        """
        return self._store.export(path)

    @operation("reindex")
    def reindex(self, *, everything: bool = False) -> int:
        """Mine concepts that need it again, or all; see `jarvis_memory.upkeep.reindex`."""
        with self._writing:
            return upkeep.reindex(self._engine, self._store, everything=everything)

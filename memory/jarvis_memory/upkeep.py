"""What is done to a whole memory now and then: measure the model, store segments in another way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from jarvis_retrievers.errors import InputError

from .engine import STORAGE_KEY, Engine
from .gate import Limits, Trial, Verdict, run_gate
from .kv import Storage
from .store.owner import OwnerStore
from .trials import draw_trials

__all__ = ["gate", "migrate"]

_MOST = 8


def _nothing(count: int) -> None:
    pass


def gate(
    engine: Engine,
    store: OwnerStore,
    trials: Iterable[Trial] | None,
    limits: Limits | None,
    seen: Callable[[int], None] = _nothing,
) -> Verdict:
    """Measure the modes, keep the verdict in the home, and return it.

    Without ``trials`` questions about the owner's own concepts are made up.

    Raises:
        InputError: fewer than two concepts are there to ask about.
        HomeReadOnlyError: the home cannot be written.
    """
    if trials is None:
        concepts = store.list()
        if len(concepts) < 2:
            raise InputError(
                f"the gate asks about several concepts, and {store.owner!r} has {len(concepts)}; "
                "remember two or more first"
            )
        chosen = random.Random(0).sample(concepts, min(_MOST, len(concepts)))
        trials = draw_trials([engine.keeper.source(concept) for concept in chosen])
    verdict = run_gate(engine.vlm, trials, storage=engine.storage, limits=limits, seen=seen)
    engine.keep_verdict(verdict)
    return verdict


def migrate(engine: Engine, store: OwnerStore, storage: str, seen: Callable[[int], None] = _nothing) -> int:
    """Store the segments of this home as ``storage`` from now on, and those of the owner at once.

    Each segment is read, or made again, and written anew; one that is broken off in between stays as it was,
    and is read all the same. The gate's verdict was found with another storage, so it is dropped.

    Returns:
        How many segments were written.

    Raises:
        SettingError: there is no such storage.
    """
    wanted = Storage(storage)
    store.put_setting(STORAGE_KEY, wanted.value)
    engine.drop_verdict()
    keeper = engine.keeper
    count = 0
    for count, concept in enumerate(store.list(), start=1):
        keeper.keep(concept, keeper.get(concept).segment)
        seen(count)
    return count

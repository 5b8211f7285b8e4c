"""What is done to a whole memory now and then: measure the model, store segments in another way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from jarvis_retrievers.errors import InputError

from .engine import STORAGE_KEY, Engine
from .gate import Limits, Trial, Verdict, run_gate
from .intake import check_writable
from .kv import Storage
from .remembering import again
from .store.owner import OwnerStore
from .trials import draw_trials

__all__ = ["gate", "migrate", "reindex"]

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


def reindex(
    engine: Engine, store: OwnerStore, *, everything: bool = False, seen: Callable[[int], None] = _nothing
) -> int:
    """Mine concepts again that another encoder has seen, or whose vectors are damaged; returns how many.

    Where a text encoder was given, what another one made of the other concepts' texts is made again, too, and
    they count; for that no photo is read.

    One after the other, each in one commit: broken off in between, the others are as they were.

    Args:
        engine: with the encoder to come.
        store: the owner's store.
        everything: all of them, as after a change of how patches are mined.
        seen: called with the number of concepts looked at.

    Raises:
        CorruptRecordError: a photo is damaged.
        EmbeddingError: the text encoder fails.
        HomeReadOnlyError: the home cannot be written.
    """
    check_writable(store)
    told = {finding.concept for finding in store.verify() if finding.kind == "vectors"}
    concepts = store.list()
    broken = {concept.id for concept in concepts if concept.name in told}
    count = 0
    for number, concept in enumerate(concepts, start=1):
        if everything or concept.encoder != engine.encoder.fingerprint or concept.id in broken:
            again(store, engine, concept, broken)
            broken.discard(concept.id)
            count += 1
        seen(number)
    return count if engine.texts is None else count + len(engine.texts.renew(store.list()))

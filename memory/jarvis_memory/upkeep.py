"""What is done to a whole memory now and then: measure the model, store segments in another way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from jarvis_retrievers.errors import InputError, SettingError, UnsupportedModelError

from .engine import STORAGE_KEY, Engine
from .gate import Limits, Trial, Verdict, run_gate
from .intake import check_writable
from .kv import Storage
from .remembering import again, extend
from .selecting.layers import CalibrationPhoto, LayerScores
from .selecting.layers import calibrate as rank_layers
from .selecting.selector import SELECTOR_KEY, Selecting, Selector
from .store.owner import OwnerStore
from .trials import draw_trials

__all__ = ["calibrate", "gate", "migrate", "reindex"]

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

    Without ``trials`` questions about the owner's own concepts are made up; such that are given are made of
    patches.

    Raises:
        InputError: fewer than two concepts are there to ask about.
        HomeReadOnlyError: the home cannot be written.
    """
    made = ""
    if trials is None:
        made = engine.selecting.key
        concepts = store.list()
        if len(concepts) < 2:
            raise InputError(
                f"the gate asks about several concepts, and {store.owner!r} has {len(concepts)}; "
                "remember two or more first"
            )
        chosen = random.Random(0).sample(concepts, min(_MOST, len(concepts)))
        trials = draw_trials([engine.keeper.source(concept) for concept in chosen])
    verdict = run_gate(engine.vlm, trials, storage=engine.storage, limits=limits, selector=made, seen=seen)
    engine.keep_verdict(verdict)
    return verdict


def calibrate(
    engine: Engine, photos: Iterable[CalibrationPhoto], seen: Callable[[int], None] = _nothing
) -> LayerScores:
    """Find the layers whose attention shows a subject, and keep them in the home.

    Raises:
        InputError: there is no photo to calibrate with.
        UnsupportedModelError: the attention of this model cannot be looked at.
        HomeReadOnlyError: the home cannot be written.
    """
    found = rank_layers(engine.vlm, photos, seen)
    engine.keep_layers(found)
    return found


def migrate(
    engine: Engine,
    store: OwnerStore,
    storage: str | None = None,
    selecting: Selecting | None = None,
    seen: Callable[[int], None] = _nothing,
) -> int:
    """Make and store the segments of this home in another way from now on, and those of the owner at once.

    Each segment is read, or made again, and written anew; one that is broken off in between stays as it was,
    and is read all the same, or made again when it is needed. The gate's verdict was found with other
    segments, so it is dropped.

    Args:
        engine: with the model.
        store: the owner's store.
        storage: how rows are stored; None leaves it as it is.
        selecting: what of photos segments are made from; None leaves it as it is. Tokens are chosen again and
            recorded, from the stored photos.
        seen: called with the number of segments written.

    Returns:
        How many segments were written.

    Raises:
        SettingError: there is no such storage, or nothing to change was given.
        UnsupportedModelError: the attention of this model cannot be looked at.
    """
    if storage is None and selecting is None:
        raise SettingError("nothing to change; say how segments are stored, or what they are made from")
    wanted = None if storage is None else Storage(storage)
    if selecting is not None and selecting.selector is Selector.ATTENTION:
        reach = engine.vlm.reach
        if reach.segments is not None:
            raise UnsupportedModelError(
                f"the selector 'attention' does not go with {engine.vlm.name!r}, which has {reach.why}; "
                "choose 'patches', 'full' or 'uniform'"
            )
    if wanted is not None:
        store.put_setting(STORAGE_KEY, wanted.value)
    if selecting is not None:
        store.put_setting(SELECTOR_KEY, selecting.model_dump_json())
    engine.drop_verdict()
    keeper = engine.keeper
    count = 0
    for count, concept in enumerate(store.list(), start=1):
        if selecting is None:
            keeper.keep(concept, keeper.get(concept).segment)
        else:
            extend(store, engine, concept.name, (), (), None, (), anew=True)
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

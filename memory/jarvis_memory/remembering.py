"""How a concept comes into a memory, and how more is added to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jarvis_retrievers.errors import InputError, JarvisWarning, ProfileError
from jarvis_retrievers.images import pixel_digest
from jarvis_retrievers.patches import crop

from .concept import Concept, Edits, Moment, Profile, name_key
from .doubts import note_doubts, photo_doubts, warn_of
from .engine import Engine
from .footage import Video, filmed
from .intake import Describe, Intake, Photo, check_absent, check_writable, other_patches
from .kv import Segment
from .profile import build_profile, fold_notes
from .profiling.description import Description
from .profiling.profiler import Subject
from .store.draft import ConceptDraft, PatchLike
from .store.holdings import Around
from .store.owner import OwnerStore
from .watching import timed

__all__ = ["add", "again", "doubts", "extend"]


def add(
    store: OwnerStore,
    engine: Engine,
    name: str,
    images: Sequence[Image.Image],
    notes: Sequence[str],
    category: str | None,
    aliases: Sequence[str],
    moments: Mapping[str, Moment] | None = None,
) -> Concept:
    """Mine the patches of a new concept, encode its segment, and store both.

    What is given has been checked, but for the name being free and the home being writable.
    """
    check_writable(store)
    check_absent(store, name)
    others = other_patches(store, engine.encoder.fingerprint)
    describe = _describing(engine, lambda: images)
    with timed("mine"):
        draft = engine.intake.draft(
            name, aliases, category, list(notes), list(images), others, describe=describe, moments=moments
        )
    warn_of(engine, draft)
    # Before anything is stored: a concept whose segment cannot be made is not half remembered.
    with timed("encode"):
        draft = engine.chooser.chosen(draft)
        began = time.perf_counter()
        segment = engine.keeper.make(draft, images)
        took = time.perf_counter() - began
        texts = _texts(engine, draft)
    with timed("store"):
        return _kept(engine, store.add_concept(draft), segment, texts, took)


def extend(
    store: OwnerStore,
    engine: Engine,
    name: str,
    photos: Sequence[Photo],
    notes: Sequence[str],
    category: str | None,
    aliases: Sequence[str],
    edits: Callable[[Edits], Edits] = lambda old: old,
    *,
    anew: bool = False,
    videos: Sequence[Video] = (),
    changed: bool = False,
    around: Around | None = None,
) -> Concept:
    """Add to a concept, or edit its profile; ``edits`` makes new edits of those that are there.

    Only new photos are mined, and where the profile stays as it is only their patches are encoded. Of a
    concept that another encoder has seen everything is made again. ``anew`` chooses the tokens of all photos
    again. ``changed``: it looks as on the new photos from now on, and those before show what was.
    ``around`` is that of `OwnerStore.replace_concept`.
    """
    check_writable(store)
    old = store.get(name)
    wanted = edits(old.edits)
    stored = [store.photo(photo.id) for photo in old.photos]
    known = {photo.digest for photo in old.photos}
    film = filmed(videos)
    given = Intake.photos(photos, old.name) if len(photos) else []
    shown = {pixel_digest(photo): photo for photo in (*given, *film.images)}
    new = [photo for digest, photo in shown.items() if digest not in known]
    if changed and not new:
        raise InputError(f"how {old.name!r} looks now is told by new photos, and there is none; give one")
    told = fold_notes(old.about, list(notes))
    names, what = (*old.aliases, *aliases), category or old.category
    same = old.encoder == engine.encoder.fingerprint
    # Patches of others decide what is distinct; they are a whole memory to read, and notes mine nothing.
    others = other_patches(store, engine.encoder.fingerprint, but={old.id}) if new or not same else None

    def seen() -> list[Image.Image]:
        return [*Intake.photos(stored, old.name), *new]

    describe = _describing(engine, seen) if new else None
    images = new
    with timed("mine"):
        if same:
            rows = store.vectors([old.id])
            draft = engine.intake.extended(
                old, stored, rows, told, what, names, new, others, wanted, describe, film.moments, changed
            )
        else:
            images = seen()
            draft = engine.intake.draft(
                old.name,
                names,
                what,
                told,
                images,
                others,
                old=old,
                edits=wanted,
                describe=describe,
                moments=film.moments,
            )
    draft = replace(draft, past=len(old.photos) if changed else old.past)
    warn_of(engine, draft, old)
    with timed("encode"):
        draft = engine.chooser.chosen(draft, old if same and not anew else None)
        segment = engine.keeper.grown(old, draft, images) if same else engine.keeper.make(draft, images)
    return _replaced(store, engine, old, draft, segment, around)


def doubts(
    store: OwnerStore, engine: Engine, name: str, images: Sequence[Image.Image], notes: Sequence[str]
) -> list[JarvisWarning]:
    """What `add`, or `extend` if the name is taken, would warn of; nothing is stored, no model describes."""
    old = next((one for one in store.list() if name_key(one.name) == name_key(name)), None)
    told = notes if old is None else fold_notes(old.about, list(notes))
    but = set() if old is None else {old.id}
    found: list[JarvisWarning] = []
    if images:
        others = other_patches(store, engine.encoder.fingerprint, but=but)
        draft = engine.intake.draft(name, (), None, told, images, others, old=old)
        found += photo_doubts(draft.name, draft.subjects, engine.finder, engine.least_relevance, old)
    facts = build_profile(name, told).facts
    return [*found, *note_doubts(name, facts, () if old is None else old.profile.facts)]


def again(store: OwnerStore, engine: Engine, old: Concept, broken: Collection[str] = ()) -> Concept:
    """Mine and encode a concept again from its photos and notes; what was written by hand stays.

    Args:
        store: the owner's store.
        engine: mines and encodes.
        old: the concept as it is.
        broken: ids of concepts whose vectors cannot be read.

    Raises:
        CorruptRecordError: a photo is damaged; nothing is changed.
    """
    images = Intake.photos([store.photo(photo.id) for photo in old.photos], old.name)
    others = other_patches(store, engine.encoder.fingerprint, but={old.id, *broken})
    draft = engine.intake.draft(old.name, old.aliases, old.category, old.about, images, others, old=old)
    draft = engine.chooser.chosen(replace(draft, past=old.past))
    return _replaced(store, engine, old, draft, engine.keeper.make(draft, images))


def _describing(engine: Engine, shown: Callable[[], Sequence[Image.Image]]) -> Describe | None:
    """What describes a concept; None if no profiler was chosen. ``shown`` gives all photos, decoded."""
    profiler = engine.profiler
    if profiler is None:
        return None

    def describe(known: Profile, patches: Sequence[PatchLike]) -> Description:
        photos, side = shown(), engine.vlm.patch_side
        crops = tuple(crop(photos[patch.photo], patch.box, side) for patch in patches)
        said = profiler.describe(Subject(known.name, known.category, known.facts, tuple(photos), crops))
        if not isinstance(said, Description):
            raise ProfileError(
                f"{type(profiler).__name__}.describe gives a Description, got {type(said).__name__}; return "
                "jarvis_memory.profiling.Description"
            )
        return said.lasting()

    return describe


def _replaced(
    store: OwnerStore,
    engine: Engine,
    old: Concept,
    draft: ConceptDraft,
    segment: Segment,
    around: Around | None = None,
) -> Concept:
    texts = _texts(engine, draft)
    with timed("store"):
        return _kept(engine, store.replace_concept(old.id, draft, around), segment, texts)


def _texts(engine: Engine, draft: ConceptDraft) -> NDArray[np.float16] | None:
    """Vectors (m, dim) of the draft's texts; None without a text encoder."""
    return engine.texts.encode(draft.profile) if engine.texts and draft.profile else None


def _kept(
    engine: Engine,
    concept: Concept,
    segment: Segment,
    texts: NDArray[np.float16] | None,
    seconds: float | None = None,
) -> Concept:
    """Keep beside a stored concept what can be made again, so that no question has to wait for it."""
    engine.keeper.keep(concept, segment, seconds)
    if engine.texts is not None and texts is not None:
        engine.texts.keep(concept, texts)
    return concept

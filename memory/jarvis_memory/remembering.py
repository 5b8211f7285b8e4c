"""How a concept comes into a memory, and how more is added to it."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from .concept import Concept
from .engine import Engine
from .intake import Intake, Photo, check_absent, check_writable, other_patches
from .profile import fold_notes
from .store.owner import OwnerStore

__all__ = ["add", "extend"]


def add(
    store: OwnerStore,
    engine: Engine,
    name: str,
    images: Sequence[Image.Image],
    notes: Sequence[str],
    category: str | None,
    aliases: Sequence[str],
) -> Concept:
    """Mine the patches of a new concept, encode its segment, and store both.

    What is given has been checked, but for the name being free and the home being writable.
    """
    check_writable(store)
    check_absent(store, name)
    others = other_patches(store, engine.encoder.fingerprint)
    draft = engine.intake.draft(name, aliases, category, list(notes), list(images), others)
    # Before anything is stored: a concept whose segment cannot be made is not half remembered.
    segment = engine.keeper.make(draft, images)
    concept = store.add_concept(draft)
    engine.keeper.keep(concept, segment)
    return concept


def extend(
    store: OwnerStore,
    engine: Engine,
    name: str,
    photos: Sequence[Photo],
    notes: Sequence[str],
    category: str | None,
    aliases: Sequence[str],
) -> Concept:
    """Add to a concept, mine and encode it again from all its photos, and store both."""
    check_writable(store)
    old = store.get(name)
    kept = [store.photo(photo.id) for photo in old.photos]
    new = Intake.photos(photos, old.name) if len(photos) else []
    images = Intake.photos([*kept, *new], old.name)
    draft = engine.intake.draft(
        old.name,
        (*old.aliases, *aliases),
        category or old.category,
        fold_notes(old.about, list(notes)),
        images,
        other_patches(store, engine.encoder.fingerprint, but=old.id),
    )
    segment = engine.keeper.make(draft, images)
    concept = store.replace_concept(old.id, draft)
    engine.keeper.keep(concept, segment)
    return concept

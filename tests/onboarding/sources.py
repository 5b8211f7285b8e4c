"""Drawn concepts of several owners, as a folder and as a home that was filled by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.concept import Concept
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.places import open_place
from jarvis_memory.store.transfer import owners_of
from jarvis_pocket import notes, scene, world
from jarvis_retrievers.openclip import OpenCLIPEncoder

Kept = dict[tuple[str, str], str]
"""By owner and name the id of a concept."""


def draw(root: Path, concepts: int, owners: int = 2, photos: int = 1, seed: str = "onboarding") -> Path:
    """``OWNER/CONCEPT`` with photos and notes; the same for the same arguments."""
    rng = random.Random(seed)
    for number, concept in enumerate(world.draw_concepts(rng, concepts, "heldout")):
        folder = root / f"owner-{number % owners}" / concept.name
        folder.mkdir(parents=True)
        for photo in range(photos):
            scene.draw_photo(rng, concept.look, 96).image.save(folder / f"{photo}.png")
        (folder / "notes.txt").write_text("\n".join(notes.draw_notes(rng, concept)))
    return root


def by_hand(root: Path, home: Path, vlm: VLM, encoder: OpenCLIPEncoder) -> None:
    """The same by `PersonalMemory.remember`."""
    for owner in sorted(root.iterdir()):
        with PersonalMemory.open(home, owner=owner.name, model=vlm, clip=encoder) as memory:
            for folder in sorted(owner.iterdir()):
                told = (folder / "notes.txt").read_text().splitlines()
                memory.remember(folder.name, sorted(folder.glob("*.png")), told)


def kept(home: str | Path, blobs: Path | None = None) -> Kept:
    """All that is there; a name that is there twice is an error."""
    catalogue, _ = open_place(home, blobs)
    found: Kept = {}
    for owner in owners_of(catalogue):
        for concept in catalogue.concepts(owner):
            assert (owner, concept.name) not in found
            found[owner, concept.name] = concept.id
    catalogue.close()
    return found


def wanted(root: Path) -> set[tuple[str, str]]:
    return {(folder.parent.name, folder.name) for folder in root.glob("*/*")}


def assert_same(one: Path, other: Path | str, blobs: Path | None = None) -> None:
    """Two homes with the same concepts, in the same order, but for what every home gives by itself."""
    catalogues = [open_place(one)[0], open_place(other, blobs)[0]]
    owners = owners_of(catalogues[0])
    assert owners == owners_of(catalogues[1])
    for owner in owners:
        left, right = (catalogue.concepts(owner) for catalogue in catalogues)
        assert [_plain(concept) for concept in left] == [_plain(concept) for concept in right]
        vectors = [catalogue.vectors(owner) for catalogue in catalogues]
        assert vectors[0].kinds == vectors[1].kinds
        # Float16 rows of unit vectors; how many windows go through the encoder at once moves the last bit.
        np.testing.assert_allclose(vectors[0].matrix, vectors[1].matrix, atol=2e-3)
        for before, after in zip(left, right, strict=True):
            for patch, again in zip(before.patches, after.patches, strict=True):
                assert patch.box == again.box
                np.testing.assert_allclose(patch.score, again.score, atol=1e-4)
    for catalogue in catalogues:
        catalogue.close()


def _plain(concept: Concept) -> tuple[object, ...]:
    photos: Sequence[object] = [(photo.digest, photo.width, photo.height) for photo in concept.photos]
    texts = (concept.name, concept.aliases, concept.category, concept.about, concept.profile)
    return (*texts, concept.encoder, tuple(photos))


def blobs_without_rows(home: Path, owner: str) -> int:
    """How many files a sweep without grace deletes: photos that nothing points to."""
    with OwnerStore.open(home, owner) as store:
        return store.sweep(grace=0)

"""Concepts whose photos are real PNG files, with something in every field."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from PIL import Image

from jarvis_memory.concept import Description, Edits, Moment, PastProfile, Profile, Selection
from jarvis_memory.store import ConceptDraft, DraftPatch, DraftPhoto, OwnerStore
from jarvis_memory.store.items import Item, ItemDraft, Namespace
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.images import encode_png, pixel_digest


def photo(seed: int, side: int = 12, moment: Moment | None = None) -> DraftPhoto:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side + 4, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    return DraftPhoto(encode_png(image), pixel_digest(image), image.width, image.height, moment)


def portrait(name: str, seed: int = 0, *, photos: int = 2, patches: int = 3, dim: int = 6) -> ConceptDraft:
    """A concept with all that a record can hold; ``seed`` chooses numbers and which parts are there."""
    numbers, chance = np.random.default_rng(seed), random.Random(seed)
    profile = Profile(name=name, category="shiba", caption=f"{name} sits.", facts=(f"{name} is good.",))
    shown = [
        photo(
            1000 * seed + n, 12 + n, Moment(video="ab" * 32, seconds=n / 3) if chance.random() < 0.3 else None
        )
        for n in range(photos)
    ]
    return ConceptDraft(
        name=name,
        aliases=(f"{name} the {seed}",),
        category="shiba" if chance.random() < 0.5 else None,
        notes=(f"My {name}.\nBorn in May \N{SNOWMAN}.", "x" * chance.randrange(1, 300)),
        photos=shown,
        patches=[
            DraftPatch(
                n % photos,
                Box(n % 5, 0, 8, 9),
                chance.random(),
                chance.random(),
                chance.random(),
                numbers.standard_normal(dim).astype(np.float32),
            )
            for n in range(patches if photos else 0)
        ],
        profile_vectors=numbers.standard_normal((chance.randrange(3), dim)).astype(np.float32),
        profile=profile,
        encoder=f"encoder-{dim}",
        edits=Edits(category="dog") if chance.random() < 0.5 else Edits(facts=("A fact.",)),
        description=Description(category="shiba", attributes=("ear: black",)) if seed % 2 else None,
        history=(PastProfile(profile=profile, until="2026-01-01T00:00:00+00:00"),) * (seed % 3),
        selections=tuple(
            Selection(model="m", key="even:4", rows=2, columns=2, tokens=4, kept=(0, 3)) for _ in shown
        )
        if seed % 2
        else (),
        past=1 if photos > 1 and seed % 4 == 1 else 0,
    )


def put(store: OwnerStore, place: Namespace, key: str, value: dict[str, object], **more: object) -> None:
    items = store.items
    assert items is not None
    items.write([(place, key, ItemDraft(value, **more))])  # type: ignore[arg-type]


def items_of(store: OwnerStore) -> list[Item]:
    items = store.items
    assert items is not None
    return items.under(())


def files_of(home: Path) -> dict[str, bytes]:
    """Every file of a home, but for the log and the memory of the catalogue, which change by being read."""
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and not path.name.endswith("-shm")
    }

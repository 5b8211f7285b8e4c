"""A home of two owners, and the archive of one of them, as fixtures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jarvis_memory.concept import Concept
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.manifest import Counts
from tests.store.portraits import portrait, put

__all__ = ["archive", "full", "home"]


def full(store: OwnerStore) -> list[Concept]:
    """Three concepts, items, a segment, vectors of texts and a snapshot."""
    made = [store.add_concept(portrait(name, seed)) for seed, name in enumerate(("Bo", "Mia", "Łódź"))]
    made.append(store.add_concept(portrait("Words", 9, photos=0, patches=0)))
    store.put_segment(made[0].id, "f", b"SEGMENT")
    store.put_snapshot("e", b"SNAPSHOT")
    store.put_texts(made[1].id, made[1].updated, "e:1", np.array([[1.5, -0.0, 6e-8]], np.float16))
    put(store, ("a", "b"), "k", {"see": f"photo:{made[0].photos[0].id}", "also": [f"photo:{'0' * 32}", 1.5]})
    put(
        store,
        ("a",),
        "half \ud800",
        {"\udfff": None},
        kinds="ti",
        vectors=np.array([[1, -0.0], [1e-40, 3]], np.float32),
    )
    put(store, ("ttl",), "k", {}, ttl=1e6, fields=("x",), encoder="e")
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    with OwnerStore.open(home, "ana") as store:
        full(store)
    with OwnerStore.open(home, "ben") as store:
        store.add_concept(portrait("Bo", 5))
    return home


@pytest.fixture
def archive(home: Path, tmp_path: Path) -> Path:
    with OwnerStore.open(home, "ana") as store:
        manifest = store.export(tmp_path / "ana.tar")
    assert manifest.counts == Counts(concepts=4, photos=6, patches=9, vectors=9 + _profiles(), items=3)
    return tmp_path / "ana.tar"


def _profiles() -> int:
    drafts = [portrait("x", seed) for seed in range(3)] + [portrait("x", 9, photos=0, patches=0)]
    return sum(len(d.profile_vectors) for d in drafts if d.profile_vectors is not None)

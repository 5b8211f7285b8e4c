"""A record in PostgreSQL, photos and segments on a server that speaks S3: walls, forgetting, moving."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.cached_blobs import CachedBlobStore
from jarvis_memory.store.places import open_place
from jarvis_memory.store.transfer import record_digest
from jarvis_pocket.exam import draw_exam
from jarvis_retrievers.errors import CorruptRecordError, SettingError
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.scale.s3 import S3Server
from tests.scale.test_objects import keys_in, objects_with
from tests.store import test_state
from tests.store.drafts import draft
from tests.store.portraits import portrait
from tests.store.test_forget import PIXELS, planted
from tests.store.test_leaving import (  # noqa: F401  (as those of test_owner)
    test_an_owner_who_is_forgotten_and_comes_back_during_a_write,
    test_an_owner_who_is_forgotten_during_a_write_is_not_half_there,
    test_an_owner_whose_forgetting_is_cut_short_during_a_write,
)
from tests.store.test_owner import (  # noqa: F401  (pytest runs them here, with the fixture below)
    test_duplicates_change_nothing,
    test_forget,
    test_remember_and_read,
    test_replace,
    test_segments,
    test_two_owners_with_the_same_names,
)
from tests.store.test_transfer import copied, source  # noqa: F401  (a fixture)

_PLACES: list[tuple[str, str]] = []


@pytest.fixture
def place(s3: str, tmp_path: Path) -> str:
    """In a bucket, with copies on this machine that are too few for all."""
    return f"s3://{s3}/photos?cache={tmp_path / 'near'}&cache_size=2KB"


@pytest.fixture
def opened(database: str, place: str) -> Iterator[Callable[[str], OwnerStore]]:
    stores: list[OwnerStore] = []

    def open_store(owner: str) -> OwnerStore:
        stores.append(OwnerStore.open(database, owner, blobs=place))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


class Home(test_state.Home):
    """Random walks of two owners, in which every step is compared with a dict."""

    def opened(self, owner: str) -> OwnerStore:
        return OwnerStore.open(_PLACES[-1][0], owner, blobs=_PLACES[-1][1])

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            for store in self.stores.values():
                store.delete_owner()
        super().teardown()


@pytest.fixture
def walked(database: str, place: str) -> Iterator[None]:
    _PLACES.append((database, place))
    yield
    _PLACES.clear()


@pytest.mark.usefixtures("walked")
class TestHome(Home.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(max_examples=4, stateful_step_count=12, deadline=None)


def test_owners_have_nothing_in_common(
    s3_server: S3Server, s3: str, opened: Callable[[str], OwnerStore]
) -> None:
    ana, ben = opened("ana"), opened("ben")
    hers, his = ana.add_concept(draft()), ben.add_concept(draft())
    objects = objects_with(s3_server, s3, b"")
    # Equal photos, and not one equal object.
    assert len(objects) == 2 * len(hers.photos) + 1
    assert len(set(objects.values())) == len(objects)
    found = ben._catalogue.photo("ben", his.photos[0].id)
    assert found is not None
    with pytest.raises(CorruptRecordError):
        ana._blobs.get("ana", found[1])
    ana.delete_owner()
    assert len(objects_with(s3_server, s3, b"")) == len(his.photos) + 1
    assert [ben.photo(photo.id) for photo in his.photos] == [p.data for p in draft().checked_photos]


def test_no_byte_is_left_in_the_bucket_or_near_it(
    s3_server: S3Server, s3: str, opened: Callable[[str], OwnerStore], tmp_path: Path
) -> None:
    store = opened("owner-ana")
    value, needles = planted(1, 1)
    concept = store.add_concept(value)
    store.put_segment(concept.id, "f", PIXELS)
    store.put_snapshot("s", PIXELS)
    kept = store.add_concept(draft())
    assert [store.photo(photo.id) for photo in concept.photos] == [p.data for p in value.checked_photos]
    assert store.get_segment(concept.id, "f") == PIXELS

    def near() -> list[Path]:
        return [p for p in (tmp_path / "near").rglob("*") if p.is_file() and PIXELS in p.read_bytes()]

    assert len(objects_with(s3_server, s3, PIXELS)) == len(concept.photos) + 2
    assert near() != []
    store.forget(value.name)
    for needle in needles:
        assert objects_with(s3_server, s3, needle) == {}
    assert near() == []
    assert store.list() == [kept]
    store.delete_owner()
    assert keys_in(s3_server, s3) == ["photos/cluster"]


def test_two_clusters_on_one_prefix(database: str, fresh: str, s3: str) -> None:
    OwnerStore.open(database, "ana", blobs=f"s3://{s3}/photos").close()
    with pytest.raises(SettingError, match="each needs a prefix of its own") as caught:
        OwnerStore.open(fresh, "ana", blobs=f"s3://{s3}/photos")
    assert "\n" not in str(caught.value)
    OwnerStore.open(fresh, "ana", blobs=f"s3://{s3}/others").close()


def test_from_a_folder_into_a_bucket_and_back(
    source: tuple[object, object],  # noqa: F811
    database: str,
    place: str,
    tmp_path: Path,
) -> None:
    target = open_place(database, place)
    copied(source, target)  # type: ignore[arg-type]
    copied(target, open_place(tmp_path / "back"))
    target[0].close()


def test_the_command(s3_server: S3Server, database: str, s3: str, tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        store.add_concept(portrait("Bo", 1))
        wanted = record_digest((store._catalogue, store._blobs), "ana")
    url = f"s3://{s3}/photos?cache={tmp_path / 'near'}"

    def jarvis(*arguments: str | Path) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "jarvis_plugins.cli.app", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    copied = "ana: 1 concepts copied, 0 were there, 0 items; compared.\n"
    assert jarvis("--home", tmp_path / "home", "migrate", "--to", database, "--to-blobs", url) == (0, copied)
    assert len(keys_in(s3_server, s3)) > 1
    at = ("--home", database, "--blobs", url, "--owner", "ana")
    assert jarvis(*at, "migrate", "--to", tmp_path / "back") == (0, copied)
    with OwnerStore.open(tmp_path / "back", "ana") as store:
        assert record_digest((store._catalogue, store._blobs), "ana") == wanted
    code, said = jarvis("--home", database, "--blobs", "s3://no-such-bucket/a", "--owner", "ana", "list")
    assert (code, len(said.strip().splitlines())) == (2, 1), said
    assert "make it or name another" in said


def test_the_whole_memory(s3_server: S3Server, database: str, s3: str, tmp_path: Path) -> None:
    exam = draw_exam(random.Random("house"), [], "heldout")
    concept, photos = exam.concepts[0], exam.photos[0]
    vlm, encoder = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
    question = f"What does {concept.name} like?"

    def opened(machine: str) -> PersonalMemory:
        blobs = f"s3://{s3}/photos?cache={tmp_path / machine}"
        return PersonalMemory.open(database, owner="ana", blobs=blobs, model=vlm, clip=encoder)

    with opened("one") as memory:
        memory.remember(concept.name, photos[:2], f"{concept.name} likes cheese.")
        said = memory.ask(question).text
        assert "cheese" in said
    with opened("two") as memory:
        blobs = memory._store._blobs
        assert isinstance(blobs, CachedBlobStore)
        # From the stored segment, of which this machine then has a copy.
        assert memory.ask(question).text == said
        assert blobs.copies.nbytes > 0
        memory.forget(concept.name)
        assert memory.recall(question, [photos[0]]) == []
        assert blobs.copies.nbytes == 0
    assert keys_in(s3_server, s3) == ["photos/cluster"]

"""A quota holds in the transaction that would pass it, whoever writes; forgetting always works."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory.store import (
    Holdings,
    MemoryBlobStore,
    MemoryCatalogue,
    OwnerStore,
    Quota,
)
from jarvis_memory.store.holdings import PATCH_BYTES, Amount
from jarvis_memory.store.items import ItemDraft
from jarvis_retrievers.errors import CorruptRecordError, NoRoomError, QuotaError, SettingError
from tests.store.drafts import draft
from tests.store.portraits import files_of, items_of, put
from tests.store.test_caches import texts

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnerStore]:
    if request.param == "memory":
        made = OwnerStore("ana", MemoryCatalogue(), MemoryBlobStore())
    else:
        made = OwnerStore.open(tmp_path / "home", "ana")
    with made:
        yield made


class TestHoldings:
    """What every catalogue must count."""

    def test_are_counted_by_kind(self, store: OwnerStore) -> None:
        assert store.holdings() == Holdings()
        bo = store.add_concept(draft("Bo", 1))
        store.add_concept(draft("Mia", 2, photos=1, profiles=0))
        store.put_segment(bo.id, "f", b"12345")
        store.put_snapshot("e", b"1234567")
        store.put_texts(bo.id, bo.updated, "e", texts(2, 5))
        held, one = store.holdings(), store._catalogue.holdings("ana", bo.id)
        assert held.photos == Amount(3, 3 * 600)
        assert one.photos == Amount(2, 1200)
        assert (held.patches, one.patches) == (Amount(6, 6 * PATCH_BYTES), Amount(3, 3 * PATCH_BYTES))
        assert held.vectors.nbytes == 7 * 8 * 2
        assert one.texts.nbytes == 2 * 5 * 2
        assert one.segments == held.segments == Amount(1, 5)
        assert one.snapshots == held.snapshots == Amount(1, 7)
        assert (held.concepts.count, one.concepts.count) == (2, 1)
        assert held.record == sum(a.nbytes for a in (held.concepts, held.photos, held.patches, held.vectors))
        assert held.sequence >= bo.created
        assert store._catalogue.text_encoders("ana") == {bo.id: "e"}
        assert store._catalogue.holdings("ben") == Holdings(sequence=held.sequence)

    def test_writes_that_belong_together_are_undone_together(self, store: OwnerStore) -> None:
        kept = store.add_concept(draft("Kept"))
        before = store.holdings()
        catalogue = store._catalogue

        def broken_off() -> None:
            with catalogue.writing():
                store.add_concept(draft("Mia", 2))
                catalogue.put_setting("key", "value")
                with catalogue.writing():
                    catalogue.tombstone("ana", kept.id)
                assert catalogue.ids("ana") != (kept.id,)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            broken_off()
        assert store.list() == [kept]
        assert catalogue.setting("key") is None
        # Numbers that were taken back may be given again, or never.
        assert store.holdings() == replaced(before, store)
        with catalogue.writing(), catalogue.reading():
            catalogue.put_setting("key", "value")
        assert catalogue.setting("key") == "value"
        # No id of what is there comes twice.
        assert store.add_concept(draft("Mia", 2)).created > kept.created


class TestQuota:
    def test_of_concepts(self, store: OwnerStore) -> None:
        store.put_quota(Quota(concepts=2))
        first = store.add_concept(draft("Bo", 1))
        store.add_concept(draft("Mia", 2))
        with pytest.raises(QuotaError, match=r"2 concepts, there are 2, and it would be 3; forget") as told:
            store.add_concept(draft("Pip", 3))
        assert isinstance(told.value, NoRoomError)
        assert [concept.name for concept in store.list()] == ["Bo", "Mia"]
        store.replace_concept(first.id, draft("Bodo", 4))
        store.forget("Mia")
        assert store.add_concept(draft("Pip", 3)).name == "Pip"

    def test_of_bytes_and_nothing_changes(self, store: OwnerStore) -> None:
        store.add_concept(draft("Bo", 1))
        blobs = store._catalogue.live_blobs()
        used = store.holdings()
        store.put_quota(Quota(nbytes=used.record + 1000))
        with pytest.raises(QuotaError, match="bytes"):
            store.add_concept(draft("Mia", 2))
        with pytest.raises(QuotaError, match="bytes"):
            store.replace_concept(store.get("Bo").id, draft("Bo", 2, photos=5))
        assert store.holdings() == replaced(used, store)
        assert store._catalogue.live_blobs() == blobs
        assert store.sweep(0) == 0

    def test_what_is_there_already_may_stay_and_become_less(self, store: OwnerStore) -> None:
        concept = store.add_concept(draft("Bo", 1))
        store.put_quota(Quota(nbytes=10, concepts=0))
        smaller = store.replace_concept(concept.id, draft("Bo", 2, photos=1))
        with pytest.raises(QuotaError):
            store.replace_concept(concept.id, draft("Bo", 2, photos=2))
        # Caches do not count.
        assert store.put_segment(smaller.id, "f", bytes(5000))
        assert store.put_texts(smaller.id, smaller.updated, "e", texts(3, 5))
        store.put_snapshot("e", bytes(5000))
        store.forget("Bo")
        assert store.holdings().record == 0

    def test_the_own_before_the_homes_and_the_least_with_that_of_opening(self, store: OwnerStore) -> None:
        other = OwnerStore("ben", store._catalogue, store._blobs, quota=Quota(concepts=5))
        store.put_quota(Quota(nbytes=100, concepts=10), for_home=True)
        store.put_quota(Quota(nbytes=10_000))
        assert store.quota == Quota(10_000, 10)
        assert other.quota == Quota(100, 5)
        store.put_quota(None, for_home=True)
        assert (store.quota, other.quota) == (Quota(10_000), Quota(None, 5))
        store.delete_owner()
        assert store.quota == Quota()


def replaced(held: Holdings, store: OwnerStore) -> Holdings:
    """The same, counted now: a quota is a setting, and numbers nothing."""
    assert store.holdings().sequence >= held.sequence
    return replace(held, sequence=store.holdings().sequence)


def test_items_count_too(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store, OwnerStore.open(tmp_path, "ben") as other:
        store.put_quota(Quota(nbytes=1000))
        put(store, ("a",), "k", {"text": "x" * 400})
        used = store.holdings()
        assert used.items.nbytes == len('["a"]') + len('"k"') + len('{"text": ""}') + 400
        before = files_of(tmp_path)
        with pytest.raises(QuotaError, match="1000 bytes, there are 420, and it would be"):
            put(store, ("a",), "l", {"text": "y" * 700})
        assert b"y" * 700 not in b"".join(files_of(tmp_path).values())
        assert files_of(tmp_path).keys() == before.keys()
        with pytest.raises(QuotaError):
            store.add_concept(draft())
        put(store, ("a",), "k", {"text": "short"})
        put(store, ("a",), "l", {"text": "y" * 700})
        assert [item.key for item in items_of(store)] == ["k", "l"]
        put(other, ("a",), "k", {"text": "y" * 2000})
        items = store.items
        assert items is not None
        items.write([(("a",), "l", None), (("a",), "m", ItemDraft({}))])
        assert [item.key for item in items_of(store)] == ["k", "m"]


def test_several_processes_do_not_pass_it_together(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from jarvis_memory.store import OwnerStore\n"
        "from jarvis_retrievers.errors import QuotaError\n"
        "from tests.store.drafts import draft\n"
        "done = 0\n"
        "with OwnerStore.open(sys.argv[1], 'ana') as store:\n"
        "    for number in range(8):\n"
        "        try:\n"
        "            store.add_concept(draft(f'{sys.argv[2]} {number}', number, photos=1))\n"
        "            done += 1\n"
        "        except QuotaError:\n"
        "            pass\n"
        "print(done)\n"
    )
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        store.put_quota(Quota(concepts=13))
    several = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "home"), name],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two", "three")
    ]
    counts = [int(process.communicate()[0]) for process in several]
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        assert sum(counts) == len(store.list()) == 13
        assert store.sweep(0) == 0
        assert list(store.verify()) == []


@pytest.mark.parametrize("numbers", [{"nbytes": -1}, {"concepts": 1.5}, {"nbytes": True}, {"concepts": "9"}])
def test_what_is_no_quota_is_refused(numbers: dict[str, int]) -> None:
    with pytest.raises(SettingError, match="must be a number of 0 or more"):
        Quota(**numbers)


def test_a_stored_quota_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        store.put_setting("quota", '{"nbytes": "much"}')
        with pytest.raises(CorruptRecordError, match="set it anew"):
            store.add_concept(draft())
        store.put_quota(None, for_home=True)
        store.add_concept(draft())


@settings(max_examples=60, deadline=None)
@given(*[st.none() | st.integers(0, 9)] * 4)
def test_arithmetic_of_quotas(a: int | None, b: int | None, c: int | None, d: int | None) -> None:
    one, two = Quota(a, b), Quota(c, d)
    assert Quota.from_json(one.to_json()) == one
    assert one.over(two) == Quota(c if a is None else a, d if b is None else b)
    both = one.least(two)
    assert both == two.least(one)
    for least, x, y in ((both.nbytes, a, c), (both.concepts, b, d)):
        assert least == min([n for n in (x, y) if n is not None], default=None)

"""A row that an index does not show any more is missed, wherever a bit flips."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory.store import OwnerStore, SQLiteCatalogue
from jarvis_memory.store.items import ItemDraft, OwnerItems
from jarvis_memory.store.rolls import wrong_rolls
from jarvis_retrievers.errors import CorruptRecordError
from tests.store.drafts import draft

NAMES = ("Bofriend", "Miafriend")
PLACE = ("memories", "places")
TEXTS = [b"anastasia", b"bofriend", b'["memories","places"]', b'"key1"', b"favourite"]


def items_of(store: OwnerStore) -> OwnerItems:
    catalogue = store._catalogue
    assert isinstance(catalogue, SQLiteCatalogue)
    return OwnerItems(store.owner, catalogue.database)


def everything(home: Path) -> tuple[object, ...]:
    with OwnerStore.open(home, "anastasia") as store:
        items = items_of(store)
        under = items.under(("memories",))
        one_by_one = [items.get(i.namespace, i.key) for i in under]
        assert [i and i.key for i in one_by_one] == [i.key for i in under]
        return (
            [(c.name, c.about) for c in store.list()],
            [store.get(name).about for name in NAMES],
            [(i.namespace, i.key, i.draft.value, i.draft.ttl) for i in under],
            items.namespaces(),
            store.setting("favourite"),
        )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("rolls") / "home"
    with OwnerStore.open(home, "anastasia") as store:
        for number, name in enumerate(NAMES):
            store.add_concept(draft(name, number, notes=(f"Note of {name}.",)))
        items_of(store).write(
            (PLACE, f"key{n}", ItemDraft({"n": n}, ttl=None if n else 1e9)) for n in range(3)
        )
        store.put_setting("favourite", "word")
    return home


def occurrences(data: bytes, text: bytes) -> Iterator[int]:
    place = data.find(text)
    while place >= 0:
        yield place
        place = data.find(text, place + 1)


@pytest.mark.parametrize("text", TEXTS)
def test_a_flip_in_a_table_or_an_index_is_told_or_harmless(home: Path, text: bytes) -> None:
    file = home / "catalogue.sqlite"
    sound, truth = file.read_bytes(), everything(home)
    told = 0
    for place, bit in itertools.product(occurrences(sound, text), (0, 6)):
        for offset in (0, len(text) // 2, len(text) - 1):
            damaged = bytearray(sound)
            damaged[place + offset] ^= 1 << bit
            file.write_bytes(damaged)
            try:
                assert everything(home) == truth, f"bit {bit} of byte {place + offset}"
            except CorruptRecordError:
                told += 1
    file.write_bytes(sound)
    assert everything(home) == truth
    assert told


def test_an_index_that_hides_a_row_is_made_anew(home: Path) -> None:
    file = home / "catalogue.sqlite"
    sound, truth, mended = file.read_bytes(), everything(home), 0
    for place in occurrences(sound, b'"key1"'):
        damaged = bytearray(sound)
        damaged[place + 1] ^= 1
        file.write_bytes(damaged)
        # Of a home as it was two repairs ago.
        (home / "catalogue.sqlite-witness").unlink(missing_ok=True)
        with OwnerStore.open(home, "anastasia") as store:
            list(store.verify(repair=True))
        try:
            mended += everything(home) == truth
        except CorruptRecordError:
            continue  # it was not the index
    (home / "catalogue.sqlite-witness").unlink()
    file.write_bytes(sound)
    assert mended == 1


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["put", "short", "delete", "later", "refresh", "sweep", "leave"]),
        st.sampled_from(["ana", "eve"]),
        st.integers(0, 3),
    ),
    max_size=20,
)


@settings(max_examples=30, deadline=None)
@given(changes=CHANGES)
def test_rolls_of_items_are_kept_by_every_change(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, str, int]]
) -> None:
    time = [1e9]
    with closing(SQLiteCatalogue(tmp_path_factory.mktemp("r") / "catalogue.sqlite")) as catalogue:
        for what, owner, number in changes:
            items = OwnerItems(owner, catalogue.database, lambda: time[0])
            place = (("a",), str(number))
            if what in ("put", "short"):
                items.write([(*place, ItemDraft({}, ttl=5.0 if what == "short" else None))])
            elif what == "delete":
                items.write([(*place, None)])
            elif what == "later":
                time[0] += 4
            elif what == "refresh":
                items.refresh(items.under(("a",)))
            elif what == "sweep":
                items.sweep()
            else:
                catalogue.delete_owner(owner)
            with catalogue.database.read() as connection:
                assert wrong_rolls(connection) == ()


def test_rolls_of_concepts_are_kept_by_every_change(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path / "home", "ana") as store, OwnerStore.open(tmp_path / "home", "eve") as eve:
        catalogue = store._catalogue
        assert isinstance(catalogue, SQLiteCatalogue)

        def sound() -> None:
            with catalogue.database.read() as connection:
                assert wrong_rolls(connection) == ()
                owners = connection.execute("SELECT owner, part, rows FROM rolls ORDER BY 1, 2").fetchall()
            want = [(one.owner, "concepts", len(one.list())) for one in (store, eve) if one.list()]
            assert [row for row in owners if row[1] == "concepts"] == want

        for number, name in enumerate(("Bo", "Mia", "Pip")):
            store.add_concept(draft(name, number))
            eve.add_concept(draft(name, number + 5))
            sound()
        store.replace_concept(store.get("Mia").id, draft("Mio", 9))
        sound()
        store.forget("Bo")
        sound()
        catalogue.tombstone("ana", store.get("Pip").id)
        with catalogue.database.read() as connection:
            assert wrong_rolls(connection) == ()
        store.sweep()
        sound()
        store.delete_owner()
        sound()


def test_a_damaged_concept_that_is_given_up_is_not_missed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with OwnerStore.open(home, "ana") as store:
        bo, _ = (store.add_concept(draft(name, n)) for n, name in enumerate(("Bo", "Mia")))
    with closing(sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE concepts SET updated = 77 WHERE concept = ?", (bo.id,))
    with OwnerStore.open(home, "ana") as store:
        with pytest.raises(CorruptRecordError, match=bo.id):
            store.list()
        store.erase(bo.id)
        assert [c.name for c in store.list()] == ["Mia"]
    with OwnerStore.open(home, "ana") as store:
        assert [c.name for c in store.list()] == ["Mia"]


def test_what_is_lost_is_told_to_whom_it_is_lost(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for owner in ("ana", "eve"):
        with OwnerStore.open(home, owner) as store:
            for number, name in enumerate(("Bo", "Mia")):
                store.add_concept(draft(name, number))
    with closing(sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)) as connection:
        connection.execute("DELETE FROM concepts WHERE row = (SELECT min(row) FROM concepts)")
    with OwnerStore.open(home, "eve") as store:
        assert list(store.verify(repair=True)) == []
    with OwnerStore.open(home, "ana") as store:
        with pytest.raises(CorruptRecordError, match="shows 1 concepts of this owner where 2 were written"):
            store.list()
        (found,) = [one for one in store.verify(repair=True) if one.kind == "record"]
        assert (found.repaired, "1 concepts" in found.what) == (False, True)
    with OwnerStore.open(home, "ana") as store:
        assert [c.name for c in store.list()] == ["Mia"]
        assert list(store.verify()) == []

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jarvis_memory.store import OwnerStore
from jarvis_memory.store.home import open_home
from jarvis_memory.store.items import ItemDraft, OwnerItems
from jarvis_retrievers.errors import CorruptRecordError, HomeReadOnlyError, InputError, SettingError
from tests.store.drafts import draft
from tests.store.locked import make_encrypted

NS = ("notes", "bo")


@pytest.fixture(autouse=True, params=["plain", "encrypted"])
def encrypted(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Every test is of a home that is not encrypted, and of one that is."""
    if request.param == "encrypted":
        make_encrypted(tmp_path, monkeypatch)
    return str(request.param) == "encrypted"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def items(home: Path, owner: str = "ana", clock: Clock | None = None, **more: Any) -> OwnerItems:
    catalogue, _ = open_home(home, **more)
    return OwnerItems(owner, catalogue.database, clock or Clock())


def keys(found: Any) -> list[str]:
    return [item.key for item in found]


def test_an_item_is_kept_whole(tmp_path: Path) -> None:
    clock, value = Clock(), {"a": [1, 2.5, None, True, {"b": "\ud800"}], "": "x"}
    vectors = np.arange(6, dtype=np.float32).reshape(2, 3)
    table = items(tmp_path, clock=clock)
    table.write([(NS, "k", ItemDraft(value, 90.0, ("a", "b"), "maker", "ti", vectors))])
    clock.now += 5
    table.write([(NS, "plain", ItemDraft({}, fields=False))])
    found = items(tmp_path, clock=clock).get(NS, "k")
    assert found is not None
    assert (found.namespace, found.key, found.draft.value) == (NS, "k", value)
    assert (found.draft.ttl, found.draft.fields, found.draft.encoder) == (90.0, ("a", "b"), "maker")
    assert found.draft.kinds == "ti"
    assert np.array_equal(found.draft.vectors, vectors)  # type: ignore[arg-type]
    assert found.created == found.updated == datetime.fromtimestamp(1_000_000, UTC)
    plain = table.get(NS, "plain")
    assert plain is not None
    assert (plain.draft.fields, plain.draft.vectors, plain.draft.kinds) == (False, None, "")
    clock.now += 5
    table.write([(NS, "k", ItemDraft({"new": 1}))])
    again = table.get(NS, "k")
    assert again is not None
    assert (again.draft.value, again.created) == ({"new": 1}, found.created)
    assert again.updated == datetime.fromtimestamp(1_000_010, UTC)
    assert keys(table.under(())) == ["k", "plain"]  # it keeps its place


def test_prefixes_are_of_labels_not_of_letters(tmp_path: Path) -> None:
    table = items(tmp_path)
    labels = ["a", "ab", 'a"', 'a","b', "a\\", "A", "é", "\ud800", "[", "^", "~"]
    places = [(label,) for label in labels] + [(label, "b") for label in labels]
    table.write([(place, "k", ItemDraft({})) for place in places])
    for label in labels:
        assert [item.namespace for item in table.under((label,))] == [(label,), (label, "b")]
        others = [item.namespace for item in table.under((), without=(label,))]
        assert others == [place for place in places if place[0] != label]
        assert [item.namespace for item in table.under((), 3, 2, without=(label,))] == others[2:5]
    assert len(table.under(())) == len(places)
    assert len(table.under((), 3, 2)) == 3
    assert table.under(("a",), without=()) == []
    assert table.namespaces() == sorted(places)


def test_owners_are_walls_and_forgetting_one_erases_its_items(tmp_path: Path, encrypted: bool) -> None:
    ana, ben = items(tmp_path, "ana"), items(tmp_path, "ben")
    ana.write([(NS, "k", ItemDraft({"who": "Qzjana77"}))])
    ben.write([(NS, "k", ItemDraft({"who": "Qzjben77"}))])
    with OwnerStore.open(tmp_path, "ana") as store:
        store.add_concept(draft("Bo", 1))
        store.delete_owner()
    assert ana.get(NS, "k") is None
    assert ana.namespaces() == []
    assert ana.under(()) == []
    found = ben.get(NS, "k")
    assert found is not None
    assert found.draft.value == {"who": "Qzjben77"}
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert (b"Qzjben77" in left) is not encrypted
    assert b"Qzjana77" not in left


@pytest.mark.parametrize("way", ["delete", "replace", "expire"])
def test_no_byte_is_left(tmp_path: Path, way: str) -> None:
    clock = Clock()
    table = items(tmp_path, clock=clock)
    for number in range(40):
        table.write([(NS, f"{number}", ItemDraft({"x": f"Qzjmarker77 {number}" * 50}, 10.0))])
    clock.now += 11 if way == "expire" else 1
    new = ItemDraft({}) if way == "replace" else None
    if way == "expire":
        assert table.sweep() == 40
        assert table.sweep() == 0
    else:
        table.write([(NS, f"{number}", new) for number in range(40)])
    table.tidy()
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and b"Qzjmarker77" in p.read_bytes()]
    assert len(table.under(())) == (40 if way == "replace" else 0)


def test_time_to_live(tmp_path: Path) -> None:
    clock = Clock()
    table = items(tmp_path, clock=clock)
    table.write([(NS, "short", ItemDraft({}, 10)), (NS, "long", ItemDraft({}))])
    clock.now += 9
    table.refresh(table.under(NS))
    clock.now += 9
    assert keys(table.under(())) == ["short", "long"]
    clock.now += 1
    assert keys(table.under(())) == ["long"]
    assert table.get(NS, "short") is None
    table.write([(("other",), "k", ItemDraft({}, 5))])  # erases what has expired
    count = sqlite3.connect(tmp_path / "catalogue.sqlite").execute("SELECT COUNT(*) FROM items").fetchone()[0]
    assert count == 2
    clock.now += 5
    assert table.namespaces() == [NS]
    for ttl in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(SettingError, match="time to live"):
            table.write([(NS, "k", ItemDraft({}, ttl))])


def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    table = items(tmp_path)
    table.write([(NS, "a", ItemDraft({"n": 1}))])
    for value in ({"x": object()}, {"x": float("inf")}):
        with pytest.raises(InputError, match="JSON"):
            table.write([(NS, "a", None), (NS, "b", ItemDraft({})), (NS, "c", ItemDraft(value))])
    assert keys(table.under(())) == ["a"]


def test_damage_is_noticed(tmp_path: Path) -> None:
    items(tmp_path).write([(NS, "k", ItemDraft({"n": 1}, 50.0, None, "m", "t", np.ones((1, 2), np.float32)))])
    changes = ["value = '{}'", "created = '2020-01-01'", "ttl = 60.0", "expires = NULL", "encoder = 'x'"]
    changes += ["kinds = 'i'", "vectors = x'00'", "fields = 'false'", "key = '\"other\"'"]
    file = tmp_path / "catalogue.sqlite"
    connection = sqlite3.connect(file, isolation_level=None)
    for change in changes:
        connection.execute("BEGIN")
        before = connection.execute("SELECT * FROM items").fetchone()
        connection.execute(f"UPDATE items SET {change}")
        connection.execute("COMMIT")
        with pytest.raises(CorruptRecordError, match="items"):
            items(tmp_path).under(())
        connection.execute("DELETE FROM items")
        connection.execute(f"INSERT INTO items VALUES ({','.join('?' * len(before))})", before)
    assert len(items(tmp_path).under(())) == 1


def test_a_home_without_items_and_one_that_is_read_only(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        store.add_concept(draft("Bo", 1))
    table = items(tmp_path, read_only=True)
    assert table.get(NS, "k") is None
    assert table.under(()) == []
    assert table.namespaces() == []
    table.refresh([])
    table.tidy()
    with pytest.raises(HomeReadOnlyError):
        table.write([(NS, "k", ItemDraft({}))])
    assert items(tmp_path).sweep() == 0
    items(tmp_path).write([(NS, "k", ItemDraft({}, 5.0))])
    with OwnerStore.open(tmp_path, "ana") as store:
        assert [concept.name for concept in store.list()] == ["Bo"]
    table = items(tmp_path, read_only=True)
    found = table.get(NS, "k")
    assert found is not None
    table.refresh([found])  # nothing to write with


def test_in_every_index_the_owner_comes_first(tmp_path: Path) -> None:
    items(tmp_path).write([(NS, "k", ItemDraft({}))])
    connection = sqlite3.connect(tmp_path / "catalogue.sqlite")
    names = [row[1] for row in connection.execute("PRAGMA index_list(items)")]
    assert sorted(names) == ["items_expires", "items_key"]
    for name in names:
        assert connection.execute(f"PRAGMA index_info({name})").fetchone()[2] == "owner"


def test_threads_share_it(tmp_path: Path) -> None:
    table = items(tmp_path)
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(10):
                table.write([((f"{name}",), f"{number}", ItemDraft({"n": number}))])
                assert len(table.under((f"{name}",))) == number + 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(table.under(())) == 40

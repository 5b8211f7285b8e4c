"""If anything that a segment depends on is another, what is stored is a counted miss and encoded again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jarvis_memory import VLM, Answer, PersonalMemory
from jarvis_memory.kv import format as kv_format
from jarvis_memory.tally import LoadCounts
from jarvis_memory.vlm import fingerprint
from jarvis_memory.watching import Loaded, watched
from jarvis_retrievers.reference import ColourEncoder
from tests.kv.tiny import picture
from tests.memory.changes import CASES, CHANGES, WITH, Change, given, needs_adapter


class House:
    """A home with one concept, and whoever opens it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def open(self, node: VLM) -> PersonalMemory:
        return PersonalMemory.open(self.home, owner="ana", model=node, clip=ColourEncoder())

    def ask(self, node: VLM) -> tuple[Answer, list[Loaded], LoadCounts]:
        """Open, ask about Bo, close."""
        heard: list[Any] = []
        with self.open(node) as memory, watched(heard.append):
            answer = memory.ask("What does Bo like?", max_new_tokens=4)
            return answer, [deed for deed in heard if isinstance(deed, Loaded)], memory.loads


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, House]:
    """With a plain model, and with one that has an adapter."""
    made = {}
    for adapter in (False, True):
        house = House(tmp_path_factory.mktemp("home"))
        with house.open(given(adapter).node()) as memory:
            memory.remember("Bo", [picture(1, (64, 64))], "My shiba. Bo likes noodles.")
        made[adapter] = house
    return made


def test_every_field_has_a_change() -> None:
    """A field that is new in the fingerprint has to be new here too."""
    assert tuple(sorted(CHANGES)) == fingerprint.FIELDS
    assert tuple(sorted(given().node().fields())) == fingerprint.FIELDS
    assert all(CHANGES.values())


@pytest.mark.parametrize(("field", "change"), CASES)
def test_a_change_is_a_counted_miss(
    field: str, change: Change, homes: dict[bool, House], monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = needs_adapter(change)
    house, before = homes[adapter], given(adapter).node().fields()
    one = given(adapter)
    change(one, monkeypatch)
    node = one.node()
    after = node.fields()
    assert {name for name in after if after[name] != before[name]} == {field} | WITH.get(change, set())

    answer, loaded, counts = house.ask(node)
    assert [(deed.origin, deed.miss) for deed in loaded] == [("encoded", "foreign")]
    assert counts == LoadCounts(foreign=1)
    assert counts.misses == answer.usage.missed == 1
    # Of the context only the prefix was there.
    assert answer.usage.reused == node.prefix.tokens

    # What it encoded is its own from now on, and the same.
    again, loaded, counts = house.ask(one.node())
    assert [(deed.origin, deed.miss) for deed in loaded] == [("store", None)]
    assert (counts, again.usage.missed, again.text) == (LoadCounts(store=1), 0, answer.text)


@pytest.mark.parametrize("adapter", [False, True])
def test_without_a_change_it_is_a_hit(adapter: bool, homes: dict[bool, House]) -> None:
    answer, loaded, counts = homes[adapter].ask(given(adapter).node())
    assert [(deed.origin, deed.miss) for deed in loaded] == [("store", None)]
    assert (counts, answer.usage.missed) == (LoadCounts(store=1), 0)
    assert answer.usage.reused > given(adapter).node().prefix.tokens


def test_a_path_is_no_change(homes: dict[bool, House]) -> None:
    """Where a model lies does not change what it computes."""
    one = given()
    one.model.config._name_or_path = "elsewhere"
    assert homes[False].ask(one.node())[2] == LoadCounts(store=1)


def test_other_tokens_are_a_counted_miss(homes: dict[bool, House], tmp_path: Path) -> None:
    """Digest, key and fingerprint are right, but the tokens are those of another text."""
    house, node = House(tmp_path / "home"), given().node()
    with house.open(node) as memory:
        for at, name in enumerate(("Bo", "Mia")):
            memory.remember(name, [Image.new("RGB", (64, 64), ("red", "blue")[at])], f"{name} likes noodles.")
        bo, mia = memory.show("Bo"), memory.show("Mia")
        foreign = memory._store.get_segment(mia.id, node.fingerprint)
        assert foreign is not None
        memory._store.put_segment(bo.id, node.fingerprint, foreign, updated=bo.updated)
    answer, loaded, counts = house.ask(node)
    assert [(deed.origin, deed.miss) for deed in loaded if deed.name == "Bo"] == [("encoded", "damaged")]
    assert counts.damaged == answer.usage.missed == 1
    assert "Bo" in answer.notices[0]


def test_nothing_stored_is_a_counted_miss(tmp_path: Path) -> None:
    house, node = House(tmp_path / "home"), given().node()
    with house.open(node) as memory:
        bo = memory.remember("Bo", [picture(3, (64, 64))], "Bo likes noodles.")
        memory._store.drop_segments(bo.id)
    assert house.ask(node)[2] == LoadCounts(missing=1)


def test_a_record_of_another_version_is_a_counted_miss(tmp_path: Path) -> None:
    """Under the right key, but written by another version, or for another model: told, and never used."""
    house, node = House(tmp_path / "home"), given().node()
    with house.open(node) as memory:
        bo = memory.remember("Bo", [picture(4, (64, 64))], "Bo likes noodles.")
        segment = node.segment_from_bytes(memory._store.get_segment(bo.id, node.fingerprint) or b"")
        data = kv_format.segment_to_bytes(replace(segment, fingerprint="0" * 64))
        memory._store.put_segment(bo.id, node.fingerprint, data, updated=bo.updated)
    answer, loaded, counts = house.ask(node)
    assert [(deed.origin, deed.miss) for deed in loaded] == [("encoded", "foreign")]
    assert (counts, answer.usage.missed) == (LoadCounts(foreign=1), 1)
    assert "fingerprint 000000" in answer.notices[0]

"""The command that builds, on drawn photos: what it keeps is what was drawn, and no guess finds it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import Result

from benchmarks.builder import Album, Tally, draw_album, item_right
from jarvis_bench import read_dataset
from jarvis_bench.building import Built, read_provenance
from jarvis_bench.item import Item, Source
from tests.plugins.homes import jarvis, refused

CONCEPTS = 5


def ran(*arguments: object) -> str:
    """What a command that succeeds prints."""
    done = jarvis(*map(str, arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def album() -> Album:
    return draw_album(1, CONCEPTS)


@pytest.fixture(scope="module")
def root(album: Album, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command makes of a folder."""
    folder = tmp_path_factory.mktemp("photos")
    for concept in album.given:
        for photo in concept.photos:
            target = folder / photo.origin
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(photo.data)
    out = tmp_path_factory.mktemp("out") / "built"
    told = json.loads(ran("bench", "build", folder, "--out", out, "--seed", "1", "--json"))
    assert told["concepts"] == CONCEPTS
    assert told["kept"] + sum(told["dropped"].values()) == told["proposed"] == CONCEPTS * 2 * 4
    return out


@pytest.fixture(scope="module")
def built(root: Path) -> Built:
    return Built(read_dataset(root / "dataset.jsonl", root), read_provenance(root / "provenance.jsonl"))


def test_what_is_kept_is_what_was_drawn(album: Album, built: Built) -> None:
    tally = Tally()
    tally.add(album, built)
    assert len(tally.kept) >= 4
    assert all(tally.kept)
    assert all(tally.hidden)
    assert tally.wrong == []
    assert tally.proposed == len(tally.kept) + sum(tally.dropped.values())


def test_no_method_without_a_memory_answers_it(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    said = ran(
        *("bench", "run", "--world", "built", "--root", root, "--out", tmp_path, "--methods", "none"),
        *("--arms", "method", "--canary", "0", "--json"),
    )
    rows = json.loads(said)["rows"]
    assert sum(row["items"] for row in rows) == len(read_dataset(root / "dataset.jsonl", root).items)
    assert {row["values"]["none"]["value"] for row in rows} == {0.0}


def test_a_key_that_is_not_what_was_drawn_is_wrong() -> None:
    free = Item(
        id="a", task="text", question="?", answer="red hat", bars=("red bow",), source=Source(file="a")
    )
    assert item_right(free, "red hat")
    assert not item_right(free, "red bow")
    choice = free.model_copy(update={"options": ("blue hat", "red hat"), "answer": "B", "bars": ()})
    assert item_right(choice, "red hat")
    assert not item_right(choice, "blue hat")
    assert not item_right(choice, "green hat")


def test_a_tally_counts_what_is_wrong(album: Album, built: Built) -> None:
    other = [replace(one, look=replace(one.look, glyph="nothing")) for one in album.concepts]
    tally = Tally()
    tally.add(replace(album, concepts=other), built)
    kept = [one for one in built.provenance.proposals if one.kept]
    assert len(tally.wrong) == sum(one.part == "emblem" for one in kept)
    assert sum(tally.kept) == sum(one.part != "emblem" for one in kept)


def test_what_the_command_refuses(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    (photos / "one").mkdir(parents=True)

    def build(*arguments: object) -> Result:
        return jarvis("bench", "build", *map(str, arguments))

    refused(build(tmp_path / "none", "--out", out), "is no folder")
    refused(build(tmp_path, "--out", out), "is inside of", "take another --out")
    refused(build(photos, "--out", out), "two are needed", "notes.txt")
    refused(build(photos, "--home", tmp_path / "home", "--out", out), "give one of them")
    refused(build(photos, "--out", out, "--agreement", "0.5"), "agreement is above 0.5")
    assert not out.exists()

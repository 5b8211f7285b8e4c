"""Bad entries are refused with one line each, and the rest goes on."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_plugins.onboarding import Arrival, Outcome, open_source
from jarvis_plugins.onboarding.arrival import MAX_PHOTOS, received
from jarvis_plugins.onboarding.entry import Entry, beneath
from jarvis_plugins.onboarding.parcel import packed, unpacked
from jarvis_retrievers.errors import ImageError, InputError, SettingError
from tests.onboarding.conftest import Run
from tests.onboarding.sources import kept
from tests.plugins.homes import jarvis, png_header, refused


def test_hostile_folders(source: Path, tmp_path: Path, run: Run) -> None:
    root, good = tmp_path / "root", sorted(source.glob("*/*"))[0]
    secret = tmp_path / "secret.png"
    shutil.copy(good / "0.png", secret)

    def concept(place: str, **files: str | bytes) -> Path:
        folder = root / place
        folder.mkdir(parents=True)
        shutil.copy(good / "0.png", folder / "a.png")
        for name, data in files.items():
            path = folder / name.replace("_", ".")
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        return folder

    concept("ana/good", notes_txt="Bo sings.")
    concept("ana/bomb", b_png=png_header(50_000, 50_000))
    concept("ana/broken", b_jpg=b"\xff\xd8\xff nothing")
    concept("ana/long", notes_txt="x" * 20_000)
    concept("ana/large", notes_txt=b"x" * (2 << 20))
    concept("ana/latin", notes_txt=b"\xe9\xff")
    concept("ana/notjson", concept_json="{")
    concept("ana/deep", concept_json="[" * 100_000)
    concept("ana/wrong", concept_json='{"name": 3}')
    concept("ana/unknown", concept_json='{"root": "/"}')
    concept("ana/aliases", concept_json='{"aliases": "Bobo"}')
    concept("ana/notes", concept_json='{"about": [3]}')
    concept("ana/both", concept_json='{"about": "x"}', notes_txt="y")
    concept("ana/control", concept_json=json.dumps({"name": "B\x1b[2Jo"}))
    concept("ana/token", concept_json=json.dumps({"name": "<|im_end|>"}))
    concept("bad owner/Bo")
    (concept("ana/linked") / "b.png").symlink_to(secret)
    (concept("ana/pipe") / "a.png").unlink()
    os.mkfifo(root / "ana/pipe/a.png")
    (root / "ana" / "empty").mkdir()
    (root / "ana" / "file").write_text("x")
    (root / "ana" / "away").symlink_to(good)
    (root / "linked").symlink_to(good.parent)
    (root / os.fsdecode(b"ana/\xff")).mkdir()
    many = root / "ana" / "many"
    many.mkdir()
    for number in range(MAX_PHOTOS + 1):
        (many / f"{number}.png").write_bytes(b"x")

    outcomes = run(root, tmp_path / "home")
    told = {one.place: one for one in outcomes}
    assert [one.place for one in outcomes if one.status != "refused"] == ["ana/good"]
    assert kept(tmp_path / "home").keys() == {("ana", "good")}
    said = {
        "ana/bomb": "pixels",
        "ana/broken": "not an image",
        "ana/long": "16384",
        "ana/large": "1 MB",
        "ana/latin": "UTF-8",
        "ana/notjson": "JSON",
        "ana/deep": "JSON",
        "ana/wrong": "text",
        "ana/unknown": "'root'",
        "ana/aliases": "list",
        "ana/notes": "texts",
        "ana/both": "leave one out",
        "ana/control": "U+001B",
        "ana/token": "control tokens",
        "ana/linked": "'ana/linked/b.png' cannot be opened",
        "ana/pipe": "not a regular file",
        "ana/empty": "no photo",
        "ana/file": "folder",
        "ana/away": "links",
        "ana/many": "64 photos",
        "bad owner/Bo": "owner",
        "linked": "links",
        "ana/\udcff": "U+DCFF",
    }
    assert told.keys() == {*said, "ana/good"}
    for place, words in said.items():
        assert words in told[place].reason, told[place]
        assert "\n" not in told[place].to_json()
        assert json.loads(told[place].to_json())["status"] == "refused"


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.png", "a/../../x.png", "", "a\0b"])
def test_paths_lead_down(path: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="lead down"):
        beneath(tmp_path, path)


@pytest.mark.parametrize("wrong", [None, 3, b"x", ["x"], {}, ""], ids=repr)
@pytest.mark.parametrize("field", ["owner", "name"])
def test_cells_of_any_type(field: str, wrong: object) -> None:
    cells: dict[str, object] = {"owner": "ana", "name": "Bo", field: wrong}
    with pytest.raises(InputError):
        received(Entry("x:1", **cells, photos=(b"x",)))


@pytest.mark.parametrize("wrong", [3, b"x", {"a": "b"}, [3], [None]], ids=repr)
@pytest.mark.parametrize("field", ["about", "aliases"])
def test_lists_of_any_type(field: str, wrong: object) -> None:
    with pytest.raises(InputError):
        received(Entry("x:1", "ana", "Bo", photos=(b"x",), **{field: wrong}))


def test_no_source(tmp_path: Path) -> None:
    for place, photos in ((tmp_path / "none", None), (__file__, None), (tmp_path, tmp_path)):
        with pytest.raises(SettingError):
            open_source(place, photos)


TEXT = st.text(max_size=6)
ARRIVALS = st.builds(
    Arrival,
    place=TEXT,
    owner=TEXT,
    name=TEXT,
    notes=st.lists(TEXT, max_size=2).map(tuple),
    aliases=st.lists(TEXT, max_size=2).map(tuple),
    category=st.none() | TEXT,
    photos=st.lists(st.binary(max_size=4), min_size=1, max_size=3).map(tuple),
)


@given(ARRIVALS)
@settings(max_examples=50, deadline=None)
def test_parcels_hold_everything(arrival: Arrival) -> None:
    assert unpacked(packed(arrival)) == (arrival, None)
    outcome = Outcome(arrival.place, "refused", arrival.owner, arrival.name, reason="x", doubts=arrival.notes)
    assert unpacked(packed(outcome)) == (outcome, None)


@given(ARRIVALS, ARRIVALS)
@settings(max_examples=100, deadline=None)
def test_equal_keys_have_equal_content(one: Arrival, other: Arrival) -> None:
    """Nothing runs into its neighbour: a note is no alias, and two photos are not one."""
    from jarvis_memory.checks import name_key
    from jarvis_memory.store.keys import digest

    def content(arrival: Arrival) -> tuple[object, ...]:
        texts = (name_key(arrival.name), arrival.category, arrival.notes, arrival.aliases)
        return (*texts, arrival.photos)

    keys = [digest("test", *arrival.content) for arrival in (one, other)]
    assert (keys[0] == keys[1]) == (content(one) == content(other))


def test_command(source: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(source, root)
    (root / "owner-0" / "empty").mkdir()
    report = tmp_path / "report.jsonl"
    given = ("--home", str(tmp_path / "home"), "onboard", str(root), "--no-segments")
    done = jarvis(*given, "--report", str(report))
    assert (done.exit_code, done.stdout) == (1, "5 remembered, 1 refused.\n")
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [line["status"] for line in lines].count("remembered") == 5
    done = jarvis(*given)
    assert (done.exit_code, done.stdout) == (1, "0 remembered, 5 skipped, 1 refused.\n")
    assert "owner-0/empty" in done.stderr
    refused(jarvis("onboard", str(tmp_path / "none")), "none")

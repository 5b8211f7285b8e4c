"""Commands with the models that ship."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from jarvis_memory.store.owner import OwnerStore
from jarvis_plugins.cli.sheet import GAP, colour_of, photo_scale, placed
from jarvis_plugins.demo.place import read_household
from jarvis_pocket.scene import background
from jarvis_retrievers.boxes import Box
from tests.plugins.homes import jarvis


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which two concepts were remembered by command: in a process of its own, and in this one."""
    folder = tmp_path_factory.mktemp("models")
    home = folder / "home"
    liki, domu = (c for c in read_household().concepts if c.name in ("Liki", "Domu"))
    command = ["remember", "Liki", "--photo", str(liki.photos[0]), "--photo", str(liki.photos[1])]
    command += ["--about", liki.about, "--category", "cat", "--alias", "Lili", "--home", str(home)]
    run = [sys.executable, "-m", "jarvis_plugins.cli.app", *command]
    done = subprocess.run(run, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert re.fullmatch(r"Remembered Liki: 2 photos, [1-9]\d* patches, 5 facts\.\n", done.stdout)
    result = jarvis(
        "--home", str(home), "remember", "Domu", "--photo", str(domu.photos[0]), "--about", domu.about
    )
    assert result.exit_code == 0, result.exception
    return home


def test_what_was_remembered_is_there(home: Path) -> None:
    rows = {row["name"]: row for row in json.loads(jarvis("list", "--json", "--home", str(home)).stdout)}
    assert list(rows) == ["Liki", "Domu"]
    assert (rows["Liki"]["category"], rows["Liki"]["aliases"], rows["Liki"]["photos"]) == ("cat", ["Lili"], 2)


def test_remember_with_a_look_at_the_photos(tmp_path: Path) -> None:
    home, liki = str(tmp_path / "home"), next(c for c in read_household().concepts if c.name == "Liki")
    photos = ("--photo", str(liki.photos[0]), "--photo", str(liki.photos[1]))
    result = jarvis("remember", "Liki", *photos, "--about", liki.about, "--describe", "--home", home)
    assert result.exit_code == 0, result.exception
    shown = json.loads(jarvis("show", "Liki", "--json", "--home", home).stdout)
    assert shown["profile"]["category"] == "cat"
    assert {a.partition(":")[0] for a in shown["profile"]["attributes"]} >= {"body", "emblem"}
    assert shown["profile"]["caption"].startswith("Liki is a ")
    assert len(shown["profile"]["facts"]) == 5


def test_ask(home: Path) -> None:
    result = jarvis("ask", "Where does Lili sleep?", "--home", str(home))
    assert result.exit_code == 0, result.exception
    assert result.stdout.strip()
    assert result.stderr.startswith("(Liki; ")
    assert "tokens reused" in result.stderr


def test_ask_json(home: Path) -> None:
    scene = str(next(q.image for q in read_household().questions if q.kind == "caption"))
    command = ("ask", "Is Domu here?", "--image", scene, "--json", "--home", str(home))
    given = {mode: jarvis(*command, "--mode", mode) for mode in ("compose", "exact")}
    assert all((one.exit_code, one.stderr) == (0, "") for one in given.values())
    compose, exact = (json.loads(given[mode].stdout) for mode in ("compose", "exact"))
    assert "Domu" in compose["concepts"]
    assert compose["usage"]["mode"] == "compose"
    assert compose["usage"]["reused"] > 0
    assert exact["usage"]["mode"] == "exact"
    assert exact["usage"]["reused"] == 0
    assert exact["usage"]["computed"] > compose["usage"]["computed"]
    assert {one["concept"] for one in compose["evidence"]} == set(compose["concepts"])


@pytest.mark.filterwarnings("always")
def test_doubts_are_one_line_each(home: Path, tmp_path: Path) -> None:
    domu = next(c for c in read_household().concepts if c.name == "Domu")
    background(random.Random(3), 256, 256).save(tmp_path / "room.png")
    command = ["remember", "Twin", "--photo", str(domu.photos[0]), "--photo", str(tmp_path / "room.png")]
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    result = jarvis(*command, "--about", "Born in May. Born in June.", "--home", str(copy))
    assert result.exit_code == 0, result.exception
    assert result.stdout.startswith("Remembered Twin: 2 photos")
    empty, alike, notes = result.stderr.splitlines()
    assert empty.startswith("warning: photo 2 of 'Twin' shows nothing of it")
    assert alike.startswith("warning: photo 1 of 'Twin' looks like 'Domu' (cosine 1.000")
    assert notes.startswith("warning: the notes of 'Twin' contradict each other: 'Twin was born in May.' and")


def test_a_photo_that_a_camera_has_turned(home: Path, tmp_path: Path) -> None:
    upright = Image.new("RGB", (96, 64), "white")
    upright.paste((200, 30, 30), (0, 0, 48, 64))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "turned.png", exif=exif)
    assert turned.size == (64, 96)
    result = jarvis("remember", "Flag", "--photo", str(tmp_path / "turned.png"), "--home", str(home))
    assert result.exit_code == 0, result.exception
    shown = json.loads(jarvis("show", "Flag", "--json", "--home", str(home)).stdout)
    assert [(photo["width"], photo["height"]) for photo in shown["photos"]] == [(96, 64)]
    with OwnerStore.open(home, "me") as store:
        stored = store.photo(shown["photos"][0]["id"])
    (tmp_path / "stored.png").write_bytes(stored)
    with Image.open(tmp_path / "stored.png") as opened:
        assert opened.tobytes() == upright.tobytes()
    assert jarvis("forget", "Flag", "--home", str(home)).exit_code == 0


def test_a_profile_is_edited_and_reset(home: Path) -> None:
    before = json.loads(jarvis("show", "Domu", "--json", "--home", str(home)).stdout)
    given = ("--fact", "Domu likes soup.", "--caption", "A round one.", "--category", "big [dog]")
    result = jarvis("edit", "Domu", *given, "--home", str(home))
    assert (result.exit_code, result.stderr) == (0, "")
    shown = result.stdout.splitlines()
    assert shown[0] == "Domu: big [dog]"
    assert [line.strip() for line in shown[1:4]] == [
        "A round one.",
        "Domu likes soup.",
        "(written by hand: category, caption, facts; 1 earlier)",
    ]
    rows = {row["name"]: row for row in json.loads(jarvis("list", "--json", "--home", str(home)).stdout)}
    assert rows["Domu"]["category"] == "big [dog]"
    assert "soup" in jarvis("ask", "What does Domu like?", "--home", str(home)).stdout
    fields = [word for field in ("facts", "caption", "category") for word in ("--reset", field)]
    assert jarvis("edit", "Domu", *fields, "--home", str(home)).exit_code == 0
    after = json.loads(jarvis("show", "Domu", "--json", "--home", str(home)).stdout)
    assert after["profile"] == before["profile"]
    assert len(after["history"]) == 2
    refused = jarvis("edit", "Domu", "--reset", "name", "--home", str(home))
    assert refused.exit_code == 2
    assert "'name'" in refused.stderr


def test_why_draws_who_was_seen_where(home: Path, tmp_path: Path) -> None:
    scene = str(next(q.image for q in read_household().questions if q.kind == "caption"))
    out = tmp_path / "why.png"
    result = jarvis("why", "Is Lili here?", "--image", scene, "--out", str(out), "--home", str(home))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Found: Liki")
    assert "  Liki: named" in result.stdout
    told = json.loads(jarvis("why", "Is Lili here?", "--image", scene, "--json", "--home", str(home)).stdout)
    assert {one["concept"] for one in told["sightings"]} == {"Liki", "Domu"}
    assert told["picture"] is None
    assert told["mentions"] == [{"concept": "Liki", "name": "Lili", "score": 1.0, "start": 3, "end": 7}]
    with Image.open(out) as picture, Image.open(scene) as shown:
        scale = photo_scale(shown.width, shown.height)
        seen = [one for one in told["sightings"] if one["verdict"] == "seen"]
        for number, one in enumerate(seen):
            left, top, right, bottom = placed(Box(*one["box"]), GAP, scale)
            corners = ((right, top), (left, bottom), (right, bottom))
            assert any(picture.getpixel(corner) == colour_of(number) for corner in corners)
        assert picture.size[0] >= round(shown.width * scale)
    nobody = jarvis("why", "zeppelins", "--home", str(home))
    assert nobody.stdout == "Nobody is found.\n"
    refused = jarvis("why", "Who?", "--out", str(out), "--home", str(home))
    assert refused.exit_code == 2
    assert "--image" in refused.stderr

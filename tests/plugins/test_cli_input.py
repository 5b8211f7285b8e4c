"""Bad input on the command line: one line, exit code 2, nothing changed, no model loaded."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from jarvis_memory.store.schema import FORMAT_VERSION
from tests.plugins.homes import fill, jarvis, png_header, refused, snapshot

pytestmark = pytest.mark.usefixtures("no_models")

BAD_FILES = {
    "text": (b"not an image at all", "not an image"),
    "nothing": (b"", "empty (0 bytes)"),
    "bomb": (png_header(30_000, 30_000), "more than 25,000,000 pixels"),
    "short": (png_header(30, 30), "damaged or cut short"),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return fill(tmp_path / "home")


@pytest.fixture
def photo(tmp_path: Path) -> str:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "photo.png")
    return str(tmp_path / "photo.png")


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_photo_that_cannot_be_used(home: Path, tmp_path: Path, photo: str, kind: str) -> None:
    data, words = BAD_FILES[kind]
    (tmp_path / "bad.png").write_bytes(data)
    before = snapshot(home)
    bad = str(tmp_path / "bad.png")
    refused(
        jarvis("remember", "Mia", "--photo", photo, "--photo", bad, "--home", str(home)), words, "bad.png"
    )
    refused(jarvis("ask", "Who is here?", "--image", bad, "--home", str(home)), words, "bad.png")
    assert snapshot(home) == before


def test_a_photo_that_is_not_there(home: Path, tmp_path: Path) -> None:
    before = snapshot(home)
    refused(
        jarvis("remember", "Mia", "--photo", str(tmp_path / "no\nsuch.png"), "--home", str(home)), "such.png"
    )
    refused(jarvis("remember", "Mia", "--photo", str(tmp_path), "--home", str(home)), str(tmp_path))
    assert snapshot(home) == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("x" * 10_000, "may have 128 characters, got 10000"),
        ("<|im_start|>system", "control tokens"),
        ("Bo\x1b[31m", "control character U+001B"),
        ("Bo\nBo", "control character U+000A"),
    ],
)
def test_a_name_that_cannot_be(home: Path, photo: str, name: str, words: str) -> None:
    before = snapshot(home)
    refused(jarvis("remember", name, "--photo", photo, "--home", str(home)), words)
    assert snapshot(home) == before


def test_no_photos(home: Path) -> None:
    before = snapshot(home)
    refused(
        jarvis("remember", "Mia", "--about", "A girl.", "--home", str(home)), "'Mia' needs at least one photo"
    )
    assert snapshot(home) == before


@pytest.mark.parametrize("name", ["Bo", "bO", " Bo ", "bobo"])
def test_a_name_that_is_taken(home: Path, photo: str, name: str) -> None:
    before = snapshot(home)
    refused(jarvis("remember", name, "--photo", photo, "--home", str(home)), "'Bo' is remembered already")
    assert snapshot(home) == before


@pytest.mark.parametrize("command", ["show", "forget"])
def test_an_unknown_concept(home: Path, command: str) -> None:
    before = snapshot(home)
    refused(jarvis(command, "Zoe", "--home", str(home)), "'Zoe'")
    refused(jarvis(command, "Bo", "--home", str(home), "--owner", "ana"), "'Bo'")
    assert snapshot(home) == before


def test_a_home_of_a_newer_format(home: Path, photo: str) -> None:
    connection = sqlite3.connect(home / "catalogue.sqlite")
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
    connection.close()
    before = snapshot(home)
    for command in (
        ("list",),
        ("show", "Bo"),
        ("forget", "Bo"),
        ("remember", "Mia", "--photo", photo),
        ("ask", "Who is Bo?"),
    ):
        refused(jarvis(*command, "--home", str(home)), f"format {FORMAT_VERSION + 1}", "nothing was changed")
    assert snapshot(home) == before


def test_a_home_that_cannot_be_made(tmp_path: Path, photo: str) -> None:
    (tmp_path / "file").write_text("a file")
    for inside in ("file", "file/home"):
        refused(jarvis("remember", "Mia", "--photo", photo, "--home", str(tmp_path / inside)), str(tmp_path))
    assert (tmp_path / "file").read_text() == "a file"


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="needs POSIX users")
def test_a_home_that_cannot_be_written(home: Path, photo: str) -> None:
    """Permissions bind nobody who is root, so the command is run as another user."""
    # What pytest makes is for its user alone.
    for folder in home.parents:
        if Path(tempfile.gettempdir()) in folder.parents:
            folder.chmod(folder.stat().st_mode | 0o055)
    for path in [home, *home.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = snapshot(home)
    # Imported first: another user may not be able to read where Python is installed.
    code = (
        "import importlib.resources, json, os, sys\n"
        "import jarvis_memory.memory, jarvis_plugins.cli.sheet\n"
        "from PIL import Image\n"
        "from tests.plugins.homes import jarvis\n"
        "Image.init(), importlib.resources.files('jarvis_pocket')\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "for command in json.loads(sys.argv[1]):\n"
        "    done = jarvis(*command, '--home', sys.argv[2])\n"
        "    print(json.dumps([done.exit_code, done.stdout, done.stderr]))\n"
    )
    commands = [["remember", "Mia", "--photo", photo], ["forget", "Bo"], ["list", "--json"]]
    run = [sys.executable, "-c", code, json.dumps(commands), str(home)]
    done = subprocess.run(run, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    remember, forget, listed = map(json.loads, done.stdout.splitlines())
    for status, out, err in (remember, forget):
        assert (status, out) == (2, ""), err
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        assert "cannot be written" in err
    assert (listed[0], listed[2]) == (0, "")
    assert [row["name"] for row in json.loads(listed[1])] == ["Bo"]
    assert snapshot(home) == before


def test_a_home_that_is_not_there(tmp_path: Path) -> None:
    home = tmp_path / "none"
    for command in (("show", "Bo"), ("forget", "Bo"), ("ask", "Who is Bo?")):
        refused(jarvis(*command, "--home", str(home)), "there is no home at", str(home))
    assert not home.exists()


def test_settings_that_cannot_be(home: Path) -> None:
    before = snapshot(home)
    refused(jarvis("list", "--home", ""), "--home is empty")
    refused(jarvis("--owner", " ", "list"), "--owner is empty")
    refused(jarvis("list", "--home", str(home), "--owner", "ana/../bo"), "an owner must be")
    refused(jarvis("ask", "Who?", "--home", str(home), "--mode", "magic"), "'magic'", "compose")
    refused(jarvis("ask", "  ", "--home", str(home)), "question is blank")
    refused(jarvis("show", "Bo", "--home", str(home), "--out", "bo.jpg"), "ends in .png")
    refused(
        jarvis("show", "Bo", "--home", str(home), "--out", str(home / "no" / "bo.png")), "cannot be written"
    )
    assert snapshot(home) == before


def test_a_model_that_cannot_be_loaded(
    home: Path, photo: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    before = snapshot(home)
    command = ("remember", "Mia", "--photo", photo, "--home", str(home))
    refused(jarvis(*command, "--clip", str(tmp_path)), "OpenCLIP")
    refused(jarvis(*command, "--clip", "no/such"), "no OpenCLIP model 'no/such'")
    refused(jarvis(*command, "--device", "abacus"), "abacus")
    refused(jarvis(*command, "--model", str(tmp_path)), "cannot be loaded")
    assert snapshot(home) == before


def test_a_mistyped_command_is_a_usage_error() -> None:
    for arguments in (["remembr"], ["show"], ["list", "--bogus"]):
        result = jarvis(*arguments)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert "Traceback" not in result.stderr

"""`jarvis doctor` says what is so, and changes no byte."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from jarvis_memory.checkup import Check, checkup, worst
from jarvis_memory.checkup.home import look_at_home
from jarvis_memory.checkup.machine import EXTRAS, LIBRARIES
from jarvis_memory.checkup.model import MODEL_TYPES
from jarvis_memory.store import MasterKey, OwnerStore, SQLiteCatalogue, secure
from jarvis_memory.store.schema import FORMAT_VERSION
from jarvis_memory.vlm.families.choice import FAMILIES, choose_family
from jarvis_plugins.cli.app import app
from tests.house.tree import ROOT
from tests.observe.files import digest
from tests.store.drafts import draft


def seen(home: Path) -> dict[str, Check]:
    """What is said of a home, by name."""
    return {check.name: check for check in checkup(home) if check.topic in ("home", "settings")}


def jarvis(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two owners, three concepts, one segment, closed in order."""
    made = tmp_path / "home"
    with OwnerStore.open(made, "ana") as store:
        bo = store.add_concept(draft("Bo", 1))
        store.add_concept(draft("Mug", 2))
        store.put_segment(bo.id, "f" * 64, b"rows", updated=bo.updated)
    with OwnerStore.open(made, "ben") as store:
        store.add_concept(draft("Rex", 3))
    return made


@contextmanager
def in_use(home: Path) -> Iterator[OwnerStore]:
    with OwnerStore.open(home, "ana") as store:
        store.add_concept(draft("Tia", 4))
        assert (home / "catalogue.sqlite-wal").stat().st_size > 0
        yield store


def test_a_home_is_counted(home: Path) -> None:
    said = seen(home)
    assert said["owners"].value == "2"
    with OwnerStore.open(home, "ana") as ana, OwnerStore.open(home, "ben") as ben:
        concepts = [*ana.list(), *ben.list()]
    photos, patches = (sum(len(getattr(c, what)) for c in concepts) for what in ("photos", "patches"))
    assert said["concepts"].value == f"3, with {photos} photos and {patches} patches"
    assert said["segments"].value == "1; 2 of 3 concepts have none"
    assert said["segments"].state == "warning"
    assert said["format"].value == str(FORMAT_VERSION)
    assert said["permissions"].value == "700, only you"
    assert said["segments kept as"].value == "bf16"
    assert worst(said.values()) == "warning"


def test_what_is_only_in_the_log_counts(home: Path) -> None:
    with in_use(home):
        before = digest(home)
        said = seen(home)
        assert digest(home) == before
    assert said["concepts"].value.startswith("4, ")


def newer(home: Path) -> None:
    with closing(sqlite3.connect(home / "catalogue.sqlite")) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")


def older(home: Path) -> None:
    with closing(sqlite3.connect(home / "catalogue.sqlite")) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION - 1}")


def other(home: Path) -> None:
    (home / "catalogue.sqlite").write_bytes(b"something else" * 100)


def rotten(home: Path) -> None:
    file = home / "catalogue.sqlite"
    data = bytearray(file.read_bytes())
    for page in range(1, len(data) // 16384):
        data[page * 16384 : page * 16384 + 64] = b"\xff" * 64
    file.write_bytes(data)


def cut(home: Path) -> None:
    file = home / "catalogue.sqlite"
    os.truncate(file, file.stat().st_size // 2)


def gone(home: Path) -> None:
    (home / "catalogue.sqlite").unlink()


def empty(home: Path) -> None:
    shutil.rmtree(home)
    home.mkdir(mode=0o700)


def crashed(home: Path) -> None:
    copy = home.with_name("copy")
    with in_use(home):
        shutil.copytree(home, copy)
    shutil.rmtree(home)
    copy.rename(home)
    (home / "catalogue.sqlite-shm").unlink(missing_ok=True)


STATES = {
    newer: ("format", "wrong", "update jarvis-plugins"),
    older: ("format", "warning", "backup"),
    other: ("state", "wrong", "verify"),
    rotten: ("state", "wrong", "verify"),
    cut: ("state", "wrong", "verify"),
    gone: ("catalogue", "wrong", "backup"),
    empty: ("catalogue", "note", ""),
    crashed: ("concepts", "fine", ""),
}


@pytest.mark.parametrize("change", STATES, ids=lambda change: change.__name__)
def test_no_byte_is_changed_whatever_the_state(home: Path, change: object) -> None:
    assert callable(change)
    change(home)
    name, state, advice = STATES[change]
    before = digest(home)
    check = seen(home)[name]
    assert digest(home) == before
    assert (check.state, advice in check.advice) == (state, True), check


def test_a_home_that_cannot_be_written(home: Path) -> None:
    for path in (home, *home.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        before = digest(home)
        said = seen(home)
        assert digest(home) == before
        assert said["concepts"].value.startswith("3, ")
        assert ("writable" in said) is not os.access(home, os.W_OK)
    finally:
        for path in (home, *home.rglob("*")):
            path.chmod(0o700)


def test_places_that_are_no_home(tmp_path: Path) -> None:
    assert seen(tmp_path / "none")["state"].state == "note"
    assert list(tmp_path.iterdir()) == []
    file = tmp_path / "file"
    file.write_text("x")
    assert seen(file)["state"].state == "wrong"


def test_others_who_can_look_into_it(home: Path) -> None:
    home.chmod(0o755)
    check = seen(home)["permissions"]
    assert (check.state, check.advice.rpartition(": ")[2]) == ("warning", f"chmod 700 {home}")


def test_a_network_file_system(home: Path, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 0:1 / {tmp_path} rw - nfs4 server:/x rw\n")
    (check,) = (one for one in look_at_home(home, mounts=mounts) if one.name == "file system")
    assert (check.value, check.state) == ("nfs4, on a network", "wrong")


@pytest.mark.parametrize(("free", "state"), [(1000, "wrong"), (2 << 20, "warning"), (1 << 40, "fine")])
def test_little_room(home: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    real = shutil.disk_usage(home)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: real._replace(free=free))
    assert seen(home)["free room"].state == state


def test_forgetting_that_is_not_finished(home: Path) -> None:
    with OwnerStore.open(home, "ana") as store:
        store._catalogue.tombstone("ana", store.get("Bo").id)
        assert "1 concepts are hidden" in seen(home)["forgetting"].value


def test_a_verdict_is_shown(home: Path) -> None:
    assert "gate" not in seen(home)  # pocket came with one
    without = {check.name: check for check in look_at_home(home)}
    assert (without["gate"].state, "jarvis gate" in without["gate"].advice) == ("warning", True)
    with OwnerStore.open(home, "ana") as store:
        store.put_setting("gate/" + "ab" * 32, json.dumps({"mode": "link", "storage": "int8"}))
    assert seen(home)["gate"].value == "link with int8, measured here with abababababab"


def test_nobody_is_named(home: Path) -> None:
    with OwnerStore.open(home, "Zqowner") as store:
        store.add_concept(draft("Zqname", 5))
    said = jarvis("doctor", "--json", "--home", str(home)).stdout
    assert "Zq" not in said
    assert json.loads(said)["state"] == "warning"


@pytest.mark.parametrize(("change", "code"), [(None, 0), (older, 0), (newer, 1), (rotten, 1)])
def test_exit_codes(home: Path, change: object, code: int) -> None:
    if callable(change):
        change(home)
    result = jarvis("doctor", "--home", str(home))
    assert (result.exit_code, result.stderr) == (code, "")
    last = result.stdout.strip().splitlines()[-1]
    assert last.startswith("1 thing is wrong, " if code else "Nothing is wrong; ")


def test_a_model_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))

    def files(model: str) -> dict[str, Check]:
        return {check.name: check for check in checkup(tmp_path / "none", model) if check.topic == "model"}

    assert files("some/model")["files"].state == "warning"
    snapshot = tmp_path / "models--some--model" / "snapshots" / "0123456789abcdef"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text('{"model_type": "qwen3_vl"}')
    (snapshot / "model.safetensors").write_bytes(bytes(2048))
    (tmp_path / "models--some--model" / "refs").mkdir()
    (tmp_path / "models--some--model" / "refs" / "main").write_text("0123456789abcdef")
    found = files("some/model")
    assert found["family"].value == "Qwen3-VL"
    assert found["revision"].value == "0123456789ab"
    assert found["files"].value.startswith("2.0 KiB in ")
    (snapshot / "config.json").write_text('{"model_type": "bert"}')
    assert files(str(snapshot))["family"].state == "wrong"


def test_it_knows_what_the_project_knows() -> None:
    class Config:
        model_type = ""

    for kind in MODEL_TYPES:
        config = Config()
        config.model_type = kind
        assert choose_family(config) in FAMILIES
    assert {family.model_type for family in FAMILIES} <= set(MODEL_TYPES)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {name: lines for name, lines in project["optional-dependencies"].items() if name != "all"}
    assert set(EXTRAS) == set(extras)
    for name, (libraries, _) in EXTRAS.items():
        assert all(any(line.startswith(library) for line in extras[name]) for library in libraries)
    asked = {line.partition(">")[0] for line in project["dependencies"]}
    assert set(LIBRARIES) <= asked


def test_it_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom jarvis_memory.checkup import checkup\n"
        "checkup(Path('/nowhere'))\n"
        "print([m for m in ('torch', 'transformers', 'faiss', 'open_clip', 'langchain') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_encryption_is_told_without_the_key(home: Path) -> None:
    key = MasterKey.from_bytes(bytes(range(32)))
    assert (seen(home)["encryption"].value, seen(home)["encryption"].state) == ("none", "note")
    secure(home, key)
    before = digest(home)
    assert (seen(home)["encryption"].value, seen(home)["encryption"].state) == (
        "AES-256-GCM; the master key is from: key",
        "fine",
    )
    assert digest(home) == before
    with OwnerStore.open(home, "ana", key=key) as store:
        catalogue = store._catalogue
        assert isinstance(catalogue, SQLiteCatalogue)
        with catalogue.database.write() as connection:
            catalogue.database.keys.turn(connection, "turning")
    assert seen(home)["encryption"].state == "warning"

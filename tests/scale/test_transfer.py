"""From a folder into a cluster, and back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jarvis_memory.store import OwnerStore
from jarvis_memory.store.places import open_place
from jarvis_memory.store.transfer import Record, encrypted, record_digest, transfer
from jarvis_plugins.cli.moving import move
from jarvis_plugins.cli.options import Settings
from tests.store.locked import KEY, as_variable
from tests.store.portraits import portrait
from tests.store.test_transfer import copied, goes_on, source  # noqa: F401  (a fixture)


@pytest.fixture
def cluster(database: str, tmp_path: Path) -> Iterator[Record]:
    record = open_place(database, tmp_path / "blobs")
    yield record
    record[0].close()


def test_into_a_cluster_and_back(source: Record, cluster: Record, tmp_path: Path) -> None:  # noqa: F811
    copied(source, cluster)
    copied(cluster, open_place(tmp_path / "back"))


def test_it_goes_on_where_it_was(source: Record, cluster: Record) -> None:  # noqa: F811
    goes_on(source, cluster)


def test_and_out_of_it(source: Record, cluster: Record, tmp_path: Path) -> None:  # noqa: F811
    transfer(source, cluster, "ana")
    goes_on(cluster, open_place(tmp_path / "back"))


def test_the_command(database: str, tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        store.add_concept(portrait("Bo", 1))
        home = (store._catalogue, store._blobs)
        wanted = record_digest(home, "ana")

    def jarvis(*arguments: str | Path) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "jarvis_plugins.cli.app", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    assert jarvis(
        "--home", tmp_path / "home", "migrate", "--to", database, "--to-blobs", tmp_path / "blobs"
    ) == (
        0,
        "ana: 1 concepts copied, 0 were there, 0 items; compared.\n",
    )
    at = ("--home", database, "--blobs", tmp_path / "blobs")
    code, said = jarvis(*at, "migrate", "--to", tmp_path / "back", "--owner", "ana")
    assert (code, said) == (0, "ana: 1 concepts copied, 0 were there, 0 items; compared.\n")
    with OwnerStore.open(tmp_path / "back", "ana") as store:
        assert record_digest((store._catalogue, store._blobs), "ana") == wanted
    code, said = jarvis(*at, "--owner", "ana", "list")
    assert code == 0
    assert "Bo" in said
    jarvis(*at, "--owner", "ana", "quota", "--concepts", "1")
    assert jarvis(*at, "--owner", "ana", "export", tmp_path / "archive")[0] == 0
    code, said = jarvis(*at, "import", tmp_path / "archive", "--owner", "cleo")
    assert code == 0, said
    code, said = jarvis(*at, "--owner", "ana", "quota", "--json")
    assert '"concepts": 1' in said.split('"quota"')[1], said
    code, said = jarvis(*at, "secure", "status")
    assert (code, len(said.strip().splitlines())) == (2, 1)
    code, said = jarvis("--home", database, "list")
    assert (code, len(said.strip().splitlines())) == (2, 1)
    assert "say where they are" in said
    code, said = jarvis(*at, "migrate", "--to", database)
    assert code == 2
    assert "name another" in said


def test_out_of_an_encrypted_cluster_it_is_said(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JARVIS_MASTER_KEY", as_variable(KEY))
    with OwnerStore.open(database, "ana", blobs=tmp_path / "blobs") as store:
        store.add_concept(portrait("Bo", 1))
        assert encrypted(store._catalogue)
    cluster = Settings(home=database, blobs=str(tmp_path / "blobs"))
    # A folder that was made before there was a key.
    monkeypatch.delenv("JARVIS_MASTER_KEY")
    open_place(tmp_path / "plain")[0].close()
    monkeypatch.setenv("JARVIS_MASTER_KEY", as_variable(KEY))
    move(cluster, str(tmp_path / "plain"), None, "ana")
    assert "the copy is not encrypted" in capsys.readouterr().err
    move(cluster, str(tmp_path / "locked"), None, "ana")
    assert "note" not in capsys.readouterr().err
    move(Settings(home=str(tmp_path / "locked")), database, str(tmp_path / "blobs"), "ana")
    assert "photos are encrypted in the cluster, rows are not" in capsys.readouterr().err

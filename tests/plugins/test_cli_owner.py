"""Commands for one owner as a whole: export, import, quota, forget-owner; no model is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jarvis_memory.store.owner import OwnerStore
from tests.plugins.homes import fill, jarvis, refused

pytestmark = pytest.mark.usefixtures("no_models")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return fill(tmp_path / "home", owner="ana")


def test_an_owner_moves_to_another_home(home: Path, tmp_path: Path) -> None:
    archive, other = str(tmp_path / "ana.jarvis"), str(tmp_path / "other")
    result = jarvis("export", archive, "--home", str(home), "--owner", "ana")
    assert result.exit_code == 0
    assert result.stdout.startswith("1 concepts, 2 photos, 3 vectors and 0 items of 'ana' are in ")
    assert result.stderr == (
        "note: the archive is not encrypted, even if the home is: whoever has it reads everything in it\n"
    )
    result = jarvis("import", archive, "--home", other)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("1 concepts, 2 photos, 3 vectors and 0 items are there for 'ana' (")
    assert "Bo, Bobo" in jarvis("list", "--home", other, "--owner", "ana").stdout
    refused(jarvis("import", archive, "--home", other), "'ana' has 1 concepts", "--owner")
    told = json.loads(jarvis("import", archive, "--home", other, "--owner", "ben", "--json").stdout)
    assert (told["owner"], told["concepts"], told["photos"]) == ("ben", 1, 2)
    assert json.loads(jarvis("--owner", "cleo", "import", archive, "--home", other, "--json").stdout)[
        "owner"
    ] == ("cleo")
    # The usual owner, named before the command: not the one of the archive.
    told = json.loads(jarvis("--owner", "me", "import", archive, "--home", other, "--json").stdout)
    assert told["owner"] == "me"
    refused(jarvis("export", archive, "--home", str(home), "--owner", "ana"), "is there already")
    refused(jarvis("export", archive + "2", "--home", str(home), "--owner", "nobody"), "nothing of 'nobody'")


def test_what_is_no_archive_makes_no_home(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"PK\x03\x04" + bytes(2000))
    refused(jarvis("import", str(tmp_path / "x"), "--home", str(tmp_path / "home")), "nothing was changed")
    refused(jarvis("import", str(tmp_path / "none"), "--home", str(tmp_path / "home")), "no archive")
    assert not (tmp_path / "home").exists()


def test_a_quota_is_shown_set_and_taken_away(home: Path) -> None:
    where = ("--home", str(home), "--owner", "ana")
    assert "no limit" in jarvis("quota", *where).stdout
    shown = jarvis("quota", "--bytes", "2.5GB", "--concepts", "1", *where).stdout
    assert "2.5 GB" in shown
    told = json.loads(jarvis("quota", "--json", *where).stdout)
    assert told["quota"] == {"nbytes": 2_500_000_000, "concepts": 1}
    assert told["used"]["concepts"] == 1
    assert json.loads(jarvis("quota", "--bytes", "none", "--json", *where).stdout)["quota"] == {
        "nbytes": None,
        "concepts": 1,
    }
    jarvis("quota", "--concepts", "7", "--for-home", *where)
    other = json.loads(jarvis("quota", "--json", "--home", str(home), "--owner", "ben").stdout)
    assert other["quota"] == {"nbytes": None, "concepts": 7}
    refused(jarvis("quota", "--bytes", "many", *where), "'many'", "500MB")
    refused(jarvis("quota", "--concepts", "-1", *where), "--concepts")
    for option in ("--bytes", "--concepts"):
        refused(jarvis("quota", option, "9" * 400, *where), option)


def test_receipts(home: Path) -> None:
    fill(home, "Mia", owner="ana")
    where = ("--home", str(home), "--owner", "ana")
    shown = jarvis("forget", "Mia", "--receipt", *where).stdout
    assert shown.startswith("Forgot Mia.\n")
    assert "photos" in shown
    told = json.loads(jarvis("forget", "Bo", "--json", *where).stdout)
    assert (told["kind"], told["destroyed"]["photos"]["count"]) == ("concept", 2)
    assert "Bo" not in json.dumps(told)
    fill(home, owner="ana")
    refused(jarvis("forget-owner", *where), "'ana'", "--yes")
    told = json.loads(jarvis("forget-owner", "--yes", "--json", *where).stdout)
    assert (told["kind"], told["owner"], len(told["concepts"])) == ("owner", "ana", 1)
    assert "Forgot the owner 'ana'." in jarvis("forget-owner", "--yes", *where).stdout
    with OwnerStore.open(home, "ana") as store:
        assert store.list() == []

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from jarvis_memory.store import MasterKey, OwnerStore
from jarvis_plugins.cli import locks
from jarvis_plugins.cli.app import app
from tests.store.crash import MARKER, files_with
from tests.store.drafts import draft
from tests.store.locked import KEY, OTHER, as_variable


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("JARVIS_MASTER_KEY", "JARVIS_PASSPHRASE", "JARVIS_NEW_MASTER_KEY", "JARVIS_NEW_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    with OwnerStore.open(tmp_path / "home", "me") as store:
        store.add_concept(draft(MARKER, 1))
    return tmp_path / "home"


def jarvis(home: Path, *arguments: str, stdin: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments, "--home", str(home)], input=stdin)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, " ".join(done.output.split())


def status(home: Path) -> dict[str, object]:
    code, said = jarvis(home, "secure", "status", "--json")
    assert code == 0
    found: dict[str, object] = json.loads(said)
    return found


def test_on_rotate_and_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = status(home)
    assert plain == {"source": None, "name": "", "finished": True, "encrypted": 0, "plain": 1}
    assert "is not encrypted" in jarvis(home, "secure", "status")[1]
    code, said = jarvis(home, "secure", "on")
    assert (code, "set JARVIS_PASSPHRASE or JARVIS_MASTER_KEY" in said) == (2, True)
    monkeypatch.setenv("JARVIS_MASTER_KEY", as_variable(KEY))
    assert jarvis(home, "secure", "on")[0] == 0
    assert status(home) == {"source": "key", "name": "", "finished": True, "encrypted": 1, "plain": 0}
    assert files_with(home, MARKER.encode()) == []
    assert MARKER in jarvis(home, "list")[1]
    assert jarvis(home, "verify") == (0, "All is well.")
    monkeypatch.delenv("JARVIS_MASTER_KEY")
    assert jarvis(home, "verify", "--bytes") == (0, "All is well.")
    assert jarvis(home, "verify", "--bytes", "--deep")[0] == 2
    monkeypatch.setenv("JARVIS_MASTER_KEY", as_variable(KEY))
    assert jarvis(home, "secure", "on")[0] == 2
    assert jarvis(home, "secure", "rotate", "--data", "--owner", "me")[0] == 0
    monkeypatch.setenv("JARVIS_NEW_MASTER_KEY", as_variable(OTHER))
    assert jarvis(home, "secure", "rotate")[0] == 0
    code, said = jarvis(home, "list")
    assert (code, said.startswith("error: this is not the key of the home")) == (2, True)
    monkeypatch.delenv("JARVIS_MASTER_KEY")
    code, said = jarvis(home, "list")
    assert (code, "set JARVIS_MASTER_KEY" in said) == (2, True)
    assert "is encrypted for 1 owners, with a key." in jarvis(home, "secure", "status")[1]
    monkeypatch.setenv("JARVIS_MASTER_KEY", as_variable(OTHER))
    assert jarvis(home, "secure", "off")[0] == 0
    assert status(home) == plain
    monkeypatch.delenv("JARVIS_MASTER_KEY")
    assert MARKER in jarvis(home, "list")[1]
    assert jarvis(home, "secure", "off")[0] == 2


def test_a_terminal_is_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def prompt(text: str, **options: object) -> str:
        assert options["hide_input"] is True
        asked.append(text)
        return "correct horse"

    monkeypatch.setattr(locks, "_terminal", lambda: True)
    monkeypatch.setattr(typer, "prompt", prompt)
    assert locks.asked_key(home) is None
    assert locks.asked_key(home / "none") is None
    assert jarvis(home, "secure", "on")[0] == 0
    assert asked == ["New passphrase"]
    assert MARKER in jarvis(home, "list")[1]
    assert asked == ["New passphrase", "Passphrase"]
    monkeypatch.setenv("JARVIS_PASSPHRASE", "correct horse")
    assert locks.asked_key(home) is None
    with OwnerStore.open(home, "me", key=MasterKey.from_passphrase("correct horse")) as store:
        assert store.get(MARKER).name == MARKER

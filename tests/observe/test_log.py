"""The log is quiet until somebody wants it, and its events and fields are those that are written down."""

from __future__ import annotations

import ast
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from jarvis_memory.store import OwnerStore, Quota
from jarvis_memory.store.schema import FORMAT_VERSION
from jarvis_plugins.cli.app import app
from jarvis_retrievers.errors import CorruptRecordError, NoRoomError, QuotaError, SettingError
from jarvis_retrievers.log import bound, configure_logging, log, owner_tag, wanted
from jarvis_retrievers.log_events import EVENTS, EventName
from jarvis_retrievers.log_fields import FIELDS, HIDDEN, checked, fault
from tests.house.tree import PACKAGES, python_files
from tests.observe.tables import PAGE, TABLES, parts, written
from tests.store.drafts import draft
from tests.store.test_formats import aged
from tests.store.test_home import filled


@pytest.fixture(autouse=True)
def off() -> Iterator[None]:
    yield
    configure_logging("off")


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "JARVIS_LOG"}
    return subprocess.run(
        [sys.executable, "-W", "default", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=clean | environment,
    )


def calls() -> Iterator[tuple[Path, ast.Call]]:
    """Every call of `log` in the packages."""
    for path in python_files():
        if any(path.is_relative_to(root / name) for name, root in PACKAGES.items()):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log":
                    yield path, node


def test_events_are_those_that_are_told() -> None:
    assert set(EVENTS) == set(get_args(EventName))
    told = {ast.literal_eval(node.args[0]) for _, node in calls() if isinstance(node.args[0], ast.Constant)}
    journal = (PACKAGES["jarvis_memory"] / "jarvis_memory" / "journal.py").read_text(encoding="utf-8")
    told |= {name for name in EVENTS if f'"{name}"' in journal}
    assert told == set(EVENTS)


def test_every_field_that_is_told_is_known_and_every_known_one_is_told() -> None:
    told = {word.arg for _, node in calls() for word in node.keywords if word.arg is not None}
    more = {"call", "owner", "fingerprint", "storage", "code"}  # bound, in a dictionary, or of an error
    assert told <= set(FIELDS)
    assert set(FIELDS) - told <= more


def test_a_field_that_is_not_known_is_refused() -> None:
    configure_logging("info")
    with pytest.raises(SettingError, match="no event has a field 'name'"):
        log("memory.forgotten", name="Bo")


@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=30))
def test_no_text_gets_through(field: str, text: str) -> None:
    told = checked({field: text}).get(field)
    if field in ("error", "code"):  # told of an error object by `fault`, never of a text
        return
    words = FIELDS[field].kind.replace("`", "").split(", ")
    hexadecimal = field in ("call", "owner", "concept", "fingerprint") and not set(text) - set(
        "0123456789abcdef"
    )
    assert told == HIDDEN or told in words or hexadecimal


def test_an_error_is_its_type_and_its_code() -> None:
    assert fault(ValueError("Bo")) == ("ValueError", "")
    assert fault(FileNotFoundError(2, "no", "bo.jpg")) == ("FileNotFoundError", "ENOENT")
    error = NoRoomError("of Bo")
    error.__cause__ = OSError(28, "full", "bo.jpg")
    assert checked({"error": error}) == {"code": "ENOSPC", "error": "NoRoomError"}


def test_a_tag_stands_for_an_owner_in_this_process_only() -> None:
    assert owner_tag("ana") == owner_tag("ana") != owner_tag("ben")
    assert "ana" not in owner_tag("ana")
    code = "from jarvis_retrievers.log import owner_tag; print(owner_tag('ana'))"
    assert len({run(code).stdout for _ in range(2)}) == 2


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info:json")
    with bound(call="00112233", owner=owner_tag("ana")):
        log("question.answered", mode="compose", ms=12.345, reused=3)
        log("segment.loaded", tokens=1)
    configure_logging("debug")
    log("segment.loaded", tokens=1)
    first, second = capsys.readouterr().err.splitlines()
    said = json.loads(first)
    assert said.pop("timestamp").endswith("Z")
    assert said == {
        "call": "00112233",
        "event": "question.answered",
        "level": "info",
        "mode": "compose",
        "ms": 12.3,
        "owner": owner_tag("ana"),
        "reused": 3,
    }
    assert "segment.loaded" in second
    assert second.endswith("tokens=1")


def test_handlers_of_a_program_get_a_line_that_can_be_read(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log("home.recovered", files=2)
        log("segment.loaded", tokens=1)
    assert not wanted("segment.loaded")
    assert [(one.name, one.getMessage()) for one in caplog.records] == [
        ("jarvis.home", "home.recovered: files of writes that were cut short are deleted (files=2)")
    ]


@pytest.mark.parametrize("setting", ["", "loud", "info:xml", "debug:"])
def test_settings_that_are_none(setting: str) -> None:
    if setting == "debug:":
        configure_logging(setting)  # nothing behind the colon is nothing
        return
    with pytest.raises(SettingError, match="a log is info or debug"):
        configure_logging(setting)


TOLD = "from jarvis_retrievers.log import log; log('home.recovered', files=1)"


def test_nothing_is_written_unless_somebody_wants_it() -> None:
    assert run(TOLD).stderr == ""
    loaded = "import sys, jarvis_retrievers.log; print('structlog' in sys.modules)"
    assert run(loaded).stdout == "False\n"


def test_the_environment_turns_it_on() -> None:
    assert json.loads(run(TOLD, JARVIS_LOG="info:json").stderr)["files"] == 1
    assert "home.recovered" in run(TOLD, JARVIS_LOG="debug").stderr
    wrong = run(TOLD, JARVIS_LOG="loud")
    assert wrong.returncode == 0
    assert "JARVIS_LOG is not used" in wrong.stderr


def test_the_command_line_turns_it_on(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    OwnerStore.open(home, "me").close()
    quiet = CliRunner().invoke(app, ["--home", home, "list", "--json"])
    assert (quiet.stdout, quiet.stderr) == ("[]\n", "")
    told = CliRunner().invoke(app, ["--log", "info:json", "--home", home, "list", "--json"])
    assert told.stdout == "[]\n"
    assert [json.loads(line)["event"] for line in told.stderr.splitlines()] == ["home.opened"]
    wrong = CliRunner().invoke(app, ["--log", "loud", "list"])
    assert (wrong.exit_code, wrong.stderr.startswith("error: a log is")) == (2, True)
    from_environment = CliRunner().invoke(app, ["list", "--home", home], env={"JARVIS_LOG": "debug"})
    assert "home.opened" in from_environment.stderr


def test_damage_is_told_once_on_the_command_line(tmp_path: Path) -> None:
    from jarvis_plugins.cli.quiet import quiet

    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jarvis_plugins.cli.quiet.complain", lambda kind, words: said.append((kind, words)))
        with quiet():
            log("damage.found", what="texts", error=CorruptRecordError("of Bo"))
            log("gate.missing", segments=2)  # an answer's notices say it, with the name of the model
    assert said == [("warning", "something stored is damaged (what=texts error=CorruptRecordError)")]


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_the_tables_of_the_code(name: str) -> None:
    assert parts(PAGE.read_text(encoding="utf-8"), name)[1] == written(name)


def test_an_older_home_and_a_full_quota_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = filled(tmp_path / "home")
    aged(home)
    configure_logging("info:json")
    with OwnerStore.open(home, "ana") as store:
        store.put_quota(Quota(concepts=1))
        with pytest.raises(QuotaError):
            store.add_concept(draft("Mia", 1))
    configure_logging("off")
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    events = {line["event"]: line for line in told}
    assert (events["home.migrated"]["before"], events["home.migrated"]["format"]) == (1, FORMAT_VERSION)
    assert events["quota.refused"]["what"] == "concepts"

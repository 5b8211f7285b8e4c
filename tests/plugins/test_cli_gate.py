"""`jarvis gate` and `jarvis migrate` with the models that ship."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from jarvis_memory import Mode
from jarvis_memory.gate import GATED, Verdict
from jarvis_plugins.demo.place import read_household
from tests.plugins.homes import fill, jarvis, refused


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    for concept in read_household().concepts[:2]:
        command = ("remember", concept.name, "--photo", str(concept.photos[0]), "--about", concept.about)
        assert jarvis(*command, "--home", str(folder)).exit_code == 0
    return folder


def stored_as(home: Path) -> str | None:
    row = (
        sqlite3.connect(home / "catalogue.sqlite")
        .execute("SELECT value FROM settings WHERE key = 'kv'")
        .fetchone()
    )
    return None if row is None else str(row[0])


def test_the_gate_measures_pocket_and_keeps_its_verdict(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = jarvis("gate", "--n", "40", "--json", "--home", str(home))
    assert (done.exit_code, done.stderr) == (0, ""), done.exception
    verdict = Verdict.model_validate(json.loads(done.stdout))
    assert {score.mode for score in verdict.scores} == {Mode.EXACT, *GATED}
    assert {score.segments for score in verdict.scores} == set(range(1, 9))
    assert all(score.right is not None for score in verdict.scores)
    assert all(score.kl < 1e-3 for score in verdict.scores if score.segments == 1)
    assert verdict.mode in (Mode.EXACT, *GATED)
    key = f"gate/{verdict.fingerprint}"
    rows = sqlite3.connect(home / "catalogue.sqlite").execute("SELECT key, value FROM settings").fetchall()
    assert [row[0] for row in rows] == [key]
    assert Verdict.model_validate_json(rows[0][1]) == verdict


def test_the_gate_wants_questions_enough(tmp_path: Path) -> None:
    assert jarvis("gate", "--n", "1", "--home", str(tmp_path / "home")).exit_code == 2
    assert not (tmp_path / "home").exists()


def test_migrate(home: Path) -> None:
    question = ("ask", "What does Liki like?", "--home", str(home))
    before = jarvis(*question).stdout
    assert before.strip()
    assert stored_as(home) is None
    done = jarvis("migrate", "--kv", "int8", "--home", str(home))
    assert done.exit_code == 0, done.exception
    assert done.stdout.startswith("2 segments are stored as int8: ")
    assert stored_as(home) == "int8"
    assert jarvis(*question).stdout == before
    refused(jarvis("migrate", "--kv", "zip", "--home", str(home)), "'zip'", "int8")
    assert stored_as(home) == "int8"


def test_a_model_that_was_measured_elsewhere_is_composed_as_it_was_stored_there(home: Path) -> None:
    both = ("ask", "Do Liki and Nori have the same emblem?", "--json", "--home", str(home))
    first = json.loads(jarvis(*both).stdout)
    assert (first["usage"]["mode"], first["notices"]) == ("compose", [])
    # Pocket was measured with bf16; of int8 nothing is known.
    assert jarvis("migrate", "--kv", "int8", "--home", str(home)).exit_code == 0
    second = json.loads(jarvis(*both).stdout)
    assert second["usage"]["mode"] == "exact"
    assert "jarvis gate --model pocket" in second["notices"][0]
    shown = jarvis(*both[:2], "--home", str(home))
    assert shown.stderr.startswith("warning: several concepts are computed anew")


def test_a_home_without_concepts_enough(tmp_path: Path) -> None:
    home = fill(tmp_path / "home")
    refused(jarvis("gate", "--model", "no/such", "--home", str(home)), "'me' has 1")

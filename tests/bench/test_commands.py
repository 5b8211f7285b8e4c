"""The command: what it prints, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from jarvis_bench.commands import app as commands
from jarvis_bench.methods import METHODS, RUN_ORDER
from jarvis_plugins.cli.bench import bench_commands
from jarvis_retrievers.errors import ExtraError
from tests.plugins.homes import jarvis, refused


def test_the_command(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = (
        *("bench", "run", "--split", "drift", "--concepts", "4", "--pictures", "1", "--questions", "1"),
        *("--methods", "none,text"),
        *("--arms", "method,constant", "--canary", "0", "--device", "cpu", "--out", str(out)),
    )
    done = jarvis(*command)
    assert done.exit_code == 0, (done.stderr, done.exception)
    assert "recognition" in done.stdout
    place = out / "pocket-drift"
    assert {path.name for path in place.iterdir()} == {
        *("card.md", "costs.svg", "data", "none", "summary.json", "summary.md", "text"),
    }
    again = jarvis(*command, "--json")
    told = json.loads(again.stdout)
    assert told == json.loads((place / "summary.json").read_text("utf-8"))
    assert set(told["costs"]) == {"none", "text"}
    compared = jarvis("bench", "compare", str(place / "text"), str(place / "none"), "--json")
    assert json.loads(compared.stdout) == told["against"]["none"]
    shown = jarvis("bench", "compare", str(place / "text"), str(place / "none"))
    assert "A less B" in shown.stdout
    refused(jarvis(*command, "--seed", "1"), "holds pocket drift", "use another folder")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--methods", "magic"), "no method 'magic'; there are aligner"),
        (("run", "--split", "nowhere"), "no split 'nowhere' of pocket"),
        (("run", "--concepts", "2000"), "with 4 to 40 concepts, got 2000"),
        (("run", "--pictures", "0"), "with 1 to 10000 pictures, got 0"),
        (("run", "--arms", "oracle"), "'method' among them; got 'oracle'"),
        (("run", "--methods", ","), "methods are some, each once; got none"),
        (("run", "--world", "yollava"), "'yollava' is yours to bring; name its folder with --root"),
        (("run", "--world", "nowhere", "--root", "x"), "no data set 'nowhere'"),
        (
            ("run", "--world", "yollava", "--root", "x", "--pictures", "3"),
            "--pictures is for pocket, not for",
        ),
        (
            ("run", "--world", "yollava", "--root", "x", "--split", "heldout"),
            "--split is for pocket, not for",
        ),
        (("run", "--set", "views=3"), "--set and --root are for published data"),
        (("run", "--root", "x"), "--set and --root are for published data"),
        (("run", "--world", "rap", "--root", "x", "--set", "views=3"), "rap has no setting 'views=3'"),
        (("run", "--world", "perva", "--root", "x", "--set", "across"), "it has views, across, written as"),
        (("run", "--world", "perva", "--root", "x", "--set", "across=2"), "across is true or false, got '2'"),
        (("run", "--world", "perva", "--root", "x", "--set", "views=x"), "views is a whole number, got 'x'"),
        (("compare", "nothing", "nobody"), "nothing holds no finished run"),
    ],
)
def test_mistakes_are_one_line(
    arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(jarvis("bench", *arguments), words)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bench_commands() is commands
    monkeypatch.setitem(sys.modules, "jarvis_bench.commands", None)
    missing = bench_commands()
    assert missing is not commands
    (callback,) = [missing.registered_callback]
    assert callback is not None
    assert callback.callback is not None
    with pytest.raises(ExtraError, match="jarvis bench is not installed"):
        callback.callback()


def test_all_methods_are_run_in_some_order() -> None:
    assert sorted(RUN_ORDER) == sorted(METHODS)
    assert RUN_ORDER[-1] == "jarvis"

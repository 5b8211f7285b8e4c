"""Runs that go on: after a kill, in the same folder only if they are the same, with a canary that is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from jarvis_bench import (
    AnswerLog,
    ConstantMethod,
    Dataset,
    Plan,
    run,
)
from jarvis_retrievers.errors import DatasetError, SettingError
from tests.bench.methods import HonestMethod, Planted, reads_file_names
from tests.bench.worlds import small_world


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_world(tmp_path_factory.mktemp("world"), images=2)


def test_a_run_that_was_killed_goes_on(data: Dataset, tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, signal, sys
            from pathlib import Path
            from jarvis_bench import Plan, read_dataset, run
            from tests.bench.methods import Honest, HonestMethod

            class Dying(Honest):
                def answer(self, query):
                    if len(self.asked) == 30:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return super().answer(query)

            class DyingMethod(HonestMethod):
                def open(self, concepts):
                    return Dying(concepts)

            data = read_dataset(sys.argv[1], sys.argv[2])
            run(data, DyingMethod(), sys.argv[3], plan=Plan(("method",)), canary=0)
            """
        ),
        encoding="utf-8",
    )
    out = tmp_path / "out"
    whole = run(data, HonestMethod(), tmp_path / "whole", plan=Plan(("method",)), canary=0, resamples=50)
    lines = tmp_path / "whole" / "dataset.jsonl"
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    done = subprocess.run([sys.executable, script, lines, data.root, out], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    log = out / "answers.jsonl"
    before = log.read_bytes()
    assert before.count(b"\n") == 30
    log.write_bytes(before + b'{"arm": "method", "item": "re')  # a line that the crash has cut off
    method = HonestMethod()
    again = run(data, method, out, plan=Plan(("method",)), canary=0, resamples=50)
    asked = sum(item.rotations for item in data.items)
    assert len(method.memories[0].asked) == asked - 30
    assert log.read_bytes().startswith(before)
    keys = [answer.key for answer in AnswerLog(log).read()]
    assert len(keys) == len(set(keys)) == asked
    assert again.arms[0].scores == whole.arms[0].scores
    # Nothing is left to ask: no memory is opened.
    method = HonestMethod()
    run(data, method, out, plan=Plan(("method",)), canary=0, resamples=50)
    assert method.memories == []
    # More arms later go into the same folder.
    run(data, method, out, plan=Plan(("method", "none")), canary=0, resamples=50)
    assert len(method.memories) == 1


def test_another_run_does_not_go_into_the_same_folder(data: Dataset, tmp_path: Path) -> None:
    plan = Plan(("method",))
    run(data, HonestMethod(), tmp_path, plan=plan, canary=0, resamples=10)
    fewer = data.keeping(data.items[1:])
    for changes, said in (
        ((data, HonestMethod("other"), 0), "its method differ"),
        ((data, HonestMethod(), 1), "its seed differ"),
        ((fewer, HonestMethod(), 0), "its dataset differ"),
        ((data, ConstantMethod({}, "honest"), 0), "its settings differ"),
    ):
        with pytest.raises(SettingError, match=said):
            run(changes[0], changes[1], tmp_path, plan=plan, seed=changes[2], canary=0)
    (tmp_path / "run.json").unlink()
    with pytest.raises(SettingError, match="an unknown run"):
        run(data, HonestMethod(), tmp_path, plan=plan, canary=0)


def test_a_run_of_another_release_is_another_run(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, plan = data.keeping(data.items[:4]), Plan(("method",))
    run(few, HonestMethod(), tmp_path, plan=plan, canary=0, resamples=10)
    monkeypatch.setattr("jarvis_bench.runner.version", lambda name: "99.0")
    with pytest.raises(SettingError, match="its package differ"):
        run(few, HonestMethod(), tmp_path, plan=plan, canary=0, resamples=10)


def test_a_folder_is_claimed_by_one_run_at_a_time(data: Dataset, tmp_path: Path) -> None:
    with AnswerLog(tmp_path / "answers.jsonl").writing(), pytest.raises(DatasetError, match="another run"):
        run(data, HonestMethod(), tmp_path, plan=Plan(("method",)), canary=0)
    assert {path.name for path in tmp_path.iterdir()} == {"answers.jsonl"}  # nothing of this run is there


def test_what_the_canary_found_is_told_and_more_is_asked_if_wanted(data: Dataset, tmp_path: Path) -> None:
    only = data.keeping(item for item in data.items if item.task == "recognition")
    plan = Plan(("method",))

    def kinds(items: int) -> set[str]:
        found = run(only, Planted(reads_file_names), tmp_path, plan=plan, canary=items, resamples=10)
        return {sign.kind for sign in found.signs}

    def asked() -> int:
        told = json.loads((tmp_path / "canary.json").read_text("utf-8"))
        return int(told["asked"])

    assert "names" not in kinds(0)
    assert not (tmp_path / "canary.json").exists()
    kinds(2)
    assert asked() == 2
    assert "names" in kinds(10)
    assert asked() == 10
    for fewer in (0, 2):
        assert "names" in kinds(fewer)
        assert asked() == 10
    assert "names" in kinds(1000)
    assert asked() == len(only.items) == 32
    before = (tmp_path / "canary.json").stat().st_mtime_ns
    kinds(1000)  # there are no more
    assert (tmp_path / "canary.json").stat().st_mtime_ns == before
    (tmp_path / "canary.json").write_text("{}")
    with pytest.raises(DatasetError, match="remove it and run again"):
        kinds(2)

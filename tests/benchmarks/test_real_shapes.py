"""The benchmarks of real shapes, run whole on a tiny random model: what they report is what was done."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import floors, mechanics, storage, throughput, ttft
from benchmarks.gpu import FULL, TRIAL, do_steps, read_results, steps_of
from benchmarks.machine import machine_facts
from benchmarks.operators import top_operators
from benchmarks.performance_page import ROOT, main, marks, section, written
from benchmarks.rates import measure_rates
from benchmarks.shapes import SHAPES
from benchmarks.shelf import Shelf
from benchmarks.subjects import Subject
from jarvis_memory.kv import Mode, Repair, Storage
from jarvis_memory.vlm import VLM, Generation
from jarvis_retrievers.errors import InputError
from tests.kv.tiny import Tiny, bo, make_tiny, mug, picture

ARMS = ["none", "photos", "features"] + [
    f"{m} {t}" for t in ("hot", "cold") for m in ("compose", "link", "blend")
]


@pytest.fixture(scope="module")
def small() -> Tiny:
    return make_tiny("qwen2_5_vl")


@pytest.fixture(scope="module")
def subjects() -> list[Subject]:
    return [
        Subject(source, (picture(number, (48, 32)),))
        for number, source in enumerate([bo(1), mug(2), bo(2)], start=40)
    ]


def few(vlm: VLM, number: int, photos: int, seed: int) -> list[Subject]:
    pictures = tuple(picture(seed + shot, (48, 32)) for shot in range(photos))
    return [Subject((bo(1), mug(1))[turn % 2], pictures) for turn in range(number)]


def test_a_batch_answers_as_each_question_does(small: Tiny, subjects: list[Subject], tmp_path: Path) -> None:
    """Every arm gives the tokens of single calls with contexts made by hand."""
    vlm = small.vlm
    load = throughput.Load(vlm, subjects, Shelf(vlm, subjects, tmp_path), 2, 5, seed=3)
    arms = load.arms(3)
    assert list(arms) == ARMS
    told = {name: [one.token_ids for one in arm()] for name, arm in arms.items()}
    assert told["none"] == [vlm.generate(None, throughput.QUESTION, (), 5).token_ids] * 3
    again = load.arms(3)
    assert [one.token_ids for one in again["link hot"]()] == told["link hot"]
    for mode in ("compose", "link", "blend"):
        assert told[f"{mode} hot"] == told[f"{mode} cold"]
    assert all(len(tokens) == 5 for answers in told.values() for tokens in answers)


def test_rates_are_counts_over_seconds(small: Tiny, subjects: list[Subject], tmp_path: Path) -> None:
    vlm = small.vlm
    result = throughput.run(vlm, subjects, (1, 2), concepts=2, tokens=3, rounds=2, seed=1)
    assert [(row["batch"], row["arm"]) for row in result["rows"]] == [
        (n, arm) for n in (1, 2) for arm in ARMS
    ]
    for row in result["rows"]:
        assert row["requests_per_second"] == pytest.approx(row["batch"] / row["seconds"])
        assert row["tokens_per_second"] == pytest.approx(3 * row["batch"] / row["seconds"])
        assert row["peak_bytes"] is None
        none = next(r for r in result["rows"] if r["arm"] == "none" and r["batch"] == row["batch"])
        assert row["of_none"] == pytest.approx(row["seconds"] / none["seconds"])
    throughput.draw(result, tmp_path / "plot.svg")
    assert "blend cold" in (tmp_path / "plot.svg").read_text("utf-8")


def test_an_arm_that_does_not_fit_says_so(
    small: Tiny, subjects: list[Subject], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vlm = small.vlm
    real = throughput.Load.arms
    calls: list[int] = []

    def full() -> list[Generation]:
        calls.append(1)
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(throughput.Load, "arms", lambda load, batch: {**real(load, batch), "photos": full})
    result = throughput.run(vlm, subjects, (1,), concepts=1, tokens=2, rounds=2, seed=1)
    rows = {row["arm"]: row for row in result["rows"]}
    assert rows["photos"] == {"batch": 1, "arm": "photos", "fits": False}
    assert len(calls) == 1
    assert rows["compose hot"]["fits"]


def test_what_takes_long_is_not_repeated(
    small: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = ttft.Bench(small.vlm, few(small.vlm, 1, 1, 5), tmp_path)
    done: list[dict[str, Any]] = []
    real = ttft.Bench.once

    def counted(bench: ttft.Bench, stages: dict[str, Any], apart: dict[str, list[float]] | None) -> float:
        done.append(stages)
        return real(bench, stages, apart)

    monkeypatch.setattr(ttft.Bench, "once", counted)
    arms = len(bench.arms(1))
    ttft.measure(bench, 1, rounds=3, seed=1, patience=0.0)
    assert len(done) == 2 * 2 * arms  # a turn that warms up and one that counts, each whole and by stages
    done.clear()
    ttft.measure(bench, 1, rounds=3, seed=1, patience=math.inf)
    assert len(done) == 2 * 4 * arms


def test_storages_of_random_weights_are_held_against_a_full_prefill(
    small: Tiny, subjects: list[Subject]
) -> None:
    result = mechanics.run(small.vlm, subjects, (1, 2), n=1, seed=1, storages=(Storage.BF16, Storage.INT8))
    assert small.vlm.repair == Repair()
    table = mechanics.gate_table(result)
    assert {(s, m, n) for s, m, n, _, _ in table} == {
        (s, m, n) for s in ("bf16", "int8") for m in ("compose", "link", "blend") for n in (1, 2)
    }
    assert all(kl >= 0 and 0 <= same <= 1 for *_, kl, same in table)
    one, two = result["rows"]
    # One concept is lossless in every mode, and so are several with all rows computed anew; composing is not.
    assert max(one["far"].values()) < 1e-5
    assert two["far"]["all rows"] < 1e-5
    assert two["far"]["first"] < 1e-5
    assert two["far"]["compose"] > 1e-2


def test_records_weigh_what_they_are(small: Tiny, subjects: list[Subject]) -> None:
    sources = [subject.source for subject in subjects]
    result = storage.run(small.vlm, sources, rounds=1)
    for kept, of in result["storages"].items():
        sizes = [len(small.vlm.segment_to_bytes(small.vlm.encode_segment(s), Storage(kept))) for s in sources]
        assert of["bytes"] == pytest.approx(sum(sizes) / len(sizes))
        assert "host_gib_per_s" not in of  # only where a copy is needed


def test_each_stage_stands_beside_its_floor(small: Tiny, subjects: list[Subject]) -> None:
    result = floors.run(small.vlm, subjects, rounds=1, tokens=2, seed=1, mebibytes=1)
    stages = {row["stage"]: row for row in result["stages"]}
    assert list(stages) == list(floors.STAGES)
    for row in stages.values():
        floor = max(amount / result["rates"][limit] for limit, amount in row["takes"].items())
        assert row["floor"] == pytest.approx(floor)
        assert row["over_floor"] == pytest.approx(row["seconds"] / floor)
    row_bytes = 2 * 3 * 2 * 16 * 4
    assert stages["compose"]["takes"] == {"memory": 2 * row_bytes * result["context_tokens"]}
    context = small.vlm.context([subject.source for subject in subjects], Mode.COMPOSE)
    assert result["context_tokens"] == context.tokens
    assert list(result["operators"]) == list(floors.PROFILED)


def test_operators_are_counted_and_shared_out() -> None:
    a, b = torch.ones(300, 300), torch.ones(300, 300)
    out = torch.empty(300, 300)

    def products() -> None:
        for _ in range(7):
            torch.mm(a, b, out=out)
        torch.add(a, b, out=out)

    calls, found = top_operators(torch.device("cpu"), products, most=99)
    assert found[0].name == "mm"
    counted = {one.name: one.calls for one in found}
    assert (counted["mm"], counted["add"]) == (7, 1)  # the call that warms up does not count
    assert sum(counted.values()) == calls
    assert sum(one.share for one in found) == pytest.approx(1)


def test_limits_are_measured_and_leave_nothing_behind(tmp_path: Path) -> None:
    rates = measure_rates(torch.device("cpu"), torch.float32, tmp_path, 8)
    assert all(rate > 1e6 for rate in rates.values())
    assert list(tmp_path.iterdir()) == []


def test_steps_go_on_where_they_stopped(tmp_path: Path) -> None:
    machine = {"device": "a", "torch": "2", "transformers": "5", "date": "2026-11-22"}
    done: list[str] = []

    def step(name: str) -> Any:
        def found(vlm: Any) -> dict[str, Any]:
            done.append(name)
            return {"machine": vlm}

        return found

    steps = {name: step(name) for name in ("one", "two", "three")}
    broken = dict(steps, two=lambda vlm: 1 / 0)
    vlm: Any = type("Loaded", (dict,), {"device": torch.device("cpu")})(machine_facts(torch.device("cpu")))
    told: list[str] = []
    soon, late = time.monotonic() + 1, time.monotonic() + 1e6
    # A step that nobody has seen may last longer than a second.
    assert do_steps(tmp_path, "qwen3-vl-4b", steps, lambda: vlm, soon) == ["one", "two", "three"]
    assert do_steps(tmp_path, "qwen3-vl-4b", broken, lambda: vlm, late, told.append) == ["two"]
    assert "ZeroDivisionError" in "".join(told)
    assert do_steps(tmp_path, "qwen3-vl-4b", steps, lambda: vlm, late) == []
    assert done == ["one", "three", "two"]
    # All three are known to be short now.
    assert do_steps(tmp_path, "internvl3-8b", steps, lambda: vlm, time.monotonic() + 60) == []
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["internvl3-8b.json", "qwen3-vl-4b.json"]
    known = json.loads((tmp_path / "internvl3-8b.json").read_text("utf-8"))
    known["steps"]["one"]["machine"] = machine
    (tmp_path / "internvl3-8b.json").write_text(json.dumps(known), "utf-8")
    with pytest.raises(InputError, match="another folder"):
        do_steps(tmp_path, "qwen2.5-vl-3b", steps, lambda: vlm, late)


@pytest.fixture(scope="module")
def results(small: Tiny, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The whole chain, on a tiny model in the place of a shape."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.gpu.random_subjects", few)
        steps = steps_of(TRIAL)
        assert do_steps(folder, "qwen2.5-vl-3b", steps, lambda: small.vlm, math.inf, print) == []
    return read_results(folder)


def test_the_page_says_what_was_found(results: dict[str, dict[str, Any]]) -> None:
    part = section(results)
    steps = results["qwen2.5-vl-3b"]["steps"]
    hot = next(r for r in steps["ttft-1"]["rows"] if r["arm"] == "compose hot")
    assert f"| compose hot |  | {hot['of_none']:.2f} |" in part
    batch = next(r for r in steps["throughput"]["rows"] if (r["arm"], r["batch"]) == ("link cold", 2))
    assert f"| {batch['requests_per_second']:.2f} | {batch['tokens_per_second']:.0f} |  |" in part
    compose = next(r for r in steps["floors"]["stages"] if r["stage"] == "compose")
    assert f"| memory | {1000 * compose['seconds']:.3f} | {compose['over_floor']:.1f} |" in part
    assert f"| `int8` | {steps['storage']['storages']['int8']['bytes']:,.0f} |" in part
    far = steps["fidelity"]["rows"][0]["far"]["all rows"]
    assert f"{far:.1e}" in part
    assert "Not measured: ttft-5, ttft-3." in part
    for other in sorted(set(SHAPES) - {"qwen2.5-vl-3b"}):
        assert f"--shapes {other}`" in part


def test_only_what_stands_between_the_marks_is_written() -> None:
    start, end = marks("gpu")
    page = f"before\n{start}\nold\n{end}\nafter\n"
    assert written(page, "gpu", "new") == f"before\n{start}\nnew\n{end}\nafter\n"
    with pytest.raises(InputError, match="marks"):
        written(page, "floors", "new")


def test_what_a_command_printed_is_written(small: Tiny, subjects: list[Subject], tmp_path: Path) -> None:
    page, printed = tmp_path / "page.md", tmp_path / "floors.json"
    page.write_text("\n".join(marks("floors")), "utf-8")
    result = floors.run(small.vlm, subjects, rounds=1, tokens=2, seed=1, mebibytes=1)
    printed.write_text(json.dumps(result), "utf-8")
    main(floors_of=printed, page=page)
    copy = next(row for row in result["stages"] if row["stage"] == "copy up")
    assert f"| host | {1000 * copy['seconds']:.3f} | {copy['over_floor']:.1f} |" in page.read_text("utf-8")


def test_the_page_has_the_marks_and_admits_what_is_empty() -> None:
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    for name in ("gpu", "floors", "throughput"):
        assert written(page, name, "new") != page
    start, end = marks("gpu")
    part = page.partition(start)[2].partition(end)[0]
    if "No GPU was available" in part:
        assert part.strip() == section({})


def test_a_whole_run_is_what_the_bars_are_of() -> None:
    """The most photos and concepts come first: they are what a machine that is lent for minutes is for."""
    assert list(steps_of(FULL))[:2] == ["floors", "ttft-5"]
    assert (max(FULL.numbers), FULL.batches) == (8, (1, 8, 32))


def test_the_claim_of_the_readme_is_in_the_table() -> None:
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    table = page.partition("5 photos of each concept:")[2].partition("By stage")[0]
    last = {
        cells[1].strip(): cells[-2].strip()
        for cells in (line.split("|") for line in table.splitlines() if line.startswith("| "))
    }
    claim = (ROOT / "README.md").read_text("utf-8").partition("## Speed")[2].partition("## Limits")[0]
    assert f"{last['compose hot']} times as long" in claim
    assert f"the photos {last['photos']} times: `python -m benchmarks.ttft`" in claim

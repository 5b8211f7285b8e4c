"""The simulation of what is worth keeping, against sums of single concepts and numbers from elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from benchmarks import cost_model
from benchmarks.cost_world import Demand, Machine, World, counted
from jarvis_memory.cost_model import (
    Form,
    Option,
    Place,
    Prices,
    cheapest,
    monthly,
    wait_seconds,
)

EVEN = replace(Demand(), spread=0.0)
PREFILL_ALONE = replace(Machine(), vision=0.0)


def test_the_sizing_of_a_million_owners() -> None:
    """93 questions a second at peak, 278 loads, 4.8 GB/s of KV, 2.7 H100 if everything missed; 17.2 PB."""
    found = cost_model.simulate(1_000_000, 1000, EVEN, PREFILL_ALONE)
    assert found["uses_per_s_at_peak"] == pytest.approx(277.8, abs=0.1)
    rows = {row["policy"]: row for row in found["policies"]}
    everything, nothing = rows["all KV, s3"], rows["nothing"]
    assert everything["gb_per_s_at_peak"]["s3"] == pytest.approx(4.78, abs=0.01)
    assert everything["bytes"]["s3"] == pytest.approx(17.2e15, rel=1e-3)
    assert everything["dollars"]["room"] == pytest.approx(378_470, rel=1e-4)
    assert nothing["devices_at_peak"] == pytest.approx(2.7, abs=0.03)
    assert nothing["wait_ms"] == pytest.approx(9.8 + 30 + 0.67, abs=0.1)
    assert found["photo_bytes"] == 60e12


def test_the_lines_that_are_printed() -> None:
    machine = replace(PREFILL_ALONE, remote=Place("s3", 0.022))
    assert cost_model.lines(machine) == pytest.approx(
        {"kv, nvme": 5.6, "kv, s3": 55.6, "embeddings, nvme": None, "embeddings, s3": None}, abs=0.1
    )
    seen = cost_model.lines(replace(machine, vision=1.6e12))["embeddings, s3"]
    assert seen == pytest.approx(17.0, abs=0.1)


@pytest.mark.parametrize("embeddings", [False, True])
@pytest.mark.parametrize("waited", [0.0, 3.0])
def test_a_policy_is_the_sum_of_its_concepts(embeddings: bool, waited: float) -> None:
    machine = Machine(prices=Prices(2.5, waited), remote=Place("s3", 1e-4, 0.03, 90e6, 4e-7))
    world = World(30, 40, Demand(spread=2.0), machine)
    options, concept = machine.options(embeddings=embeddings), machine.concept
    dollars = busy = wait = 0.0
    kept = dict.fromkeys(("nvme", "s3"), 0.0)
    for uses in world.rates.ravel().tolist():
        best = cheapest(concept, uses, options, machine.prices)
        dollars += monthly(concept, best, uses, machine.prices)
        busy += uses * concept.busy(best.form)
        wait += uses * wait_seconds(concept, best)
        kept[best.place.name] += concept.nbytes(best.form)
    found = world.chosen("model", embeddings=embeddings)
    waiting = wait / 3600 * waited
    assert found["dollars_per_month"] + waiting == pytest.approx(dollars, rel=1e-9)
    assert found["device_seconds_per_day"] == pytest.approx(busy / 30, rel=1e-9)
    assert found["wait_ms"] == pytest.approx(1000 * wait / world.rates.sum(), rel=1e-9)
    assert found["bytes"] == pytest.approx(kept, rel=1e-9)
    assert len({form for form, size in kept.items() if size}) > 0
    for other in (machine.nothing, Option(Form.KV, machine.nvme), Option(Form.KV, machine.remote)):
        control = world.always("control", other)
        extra = control["wait_ms"] / 1000 * world.rates.sum() / 3600 * waited
        assert control["dollars_per_month"] + extra >= dollars * (1 - 1e-12)


def test_classes_of_owners_stand_for_all_of_them() -> None:
    demand = Demand(spread=1.5)
    assert demand.owners(10**6).mean() == pytest.approx(demand.uses)
    assert demand.shares(1000).sum() == pytest.approx(1)
    assert demand.shares(1000)[0] / demand.shares(1000)[9] == pytest.approx(10)
    logs = np.log(demand.owners(5000))
    assert logs.std() == pytest.approx(1.5, rel=0.01)
    few, many = (World(count, 50, demand, Machine()) for count in (2048, 4096))
    assert many.weight == 2
    one, two = (world.chosen("", embeddings=True) for world in (few, many))
    assert two["dollars_per_month"] == pytest.approx(2 * one["dollars_per_month"])


def test_lru_is_as_ches_formula_says_and_the_live_rules_find_more() -> None:
    world = World(60, 200, Demand(spread=1.0), Machine())
    room = 0.05 * world.rates.size * world.machine.concept.kv
    found = counted(world, room, 60_000, 1)
    expected = world.lru("LRU", room)
    assert found["lru"] == pytest.approx(expected["hits"], abs=0.01)
    assert expected["bytes"]["nvme"] == pytest.approx(room)
    known = np.sort(world.rates.ravel())[::-1][: int(0.05 * world.rates.size)].sum() / world.rates.sum()
    assert found["lru"] + 0.02 < found["live"] < known + 0.01
    assert world.lru("LRU", 0.0)["hits"] == 0
    assert world.lru("LRU", 1e18)["hits"] == pytest.approx(1, abs=1e-3)


def test_the_command() -> None:
    app = Typer()
    app.command()(cost_model.main)
    told = CliRunner().invoke(app, ["--sizes", "20x10,50x10", "--events", "500", "--json"])
    found = json.loads(told.stdout)
    assert [(one["owners"], one["concepts"]) for one in found["sizes"]] == [(20, 10), (50, 10)]
    assert 0 <= found["trace"]["lru"] <= 1
    plain = CliRunner().invoke(app, ["--sizes", "20x10", "--events", "500"])
    assert plain.exit_code == 0
    assert "model+" in plain.stdout
    for sizes in ("20", "0x5", "axb", "20x10,"):
        assert CliRunner().invoke(app, ["--sizes", sizes]).exit_code == 2

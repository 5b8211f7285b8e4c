"""What is worth keeping of very many concepts, and what it costs: arithmetic, nothing is measured.

    python -m benchmarks.cost_model
    python -m benchmarks.cost_model --sizes 1000x1000 --waited-hour 5 --json
    python -m benchmarks.cost_model --kv-bytes-per-token 28672 --nvme 0.0044       # int8; two copies

For each number of owners x concepts, in a month: the policy of `jarvis_memory.cost_model` ("model": each
concept is kept as KV on NVMe, as KV on S3, or not at all, whichever is cheapest at its rate of use; "model+"
may keep embeddings, too), beside its controls: KV of all on S3, KV of all on NVMe, nothing but photos, and an
LRU cache on NVMe of as many bytes as "model" has there. Rates are known to "model"; that the live rules find
out for themselves is counted in a drawn trace of the smallest size, beside LRU in the same trace.

Assumed, each an option: 300 tokens a concept of Qwen2.5-VL-7B in bf16; 400 TF/s of an H100 at 2.5 dollars an
hour, used whenever it is needed and for no longer; S3 at 0.022 dollars per GB-month, 90 MB/s a stream and 0.4
dollars for a million reads; NVMe at 0.08 dollars per GB, worn off in 36 months; one owner in ten asks on a
day, 20 questions of 3 concepts; the n-th concept of an owner is used as 1/n; owners differ as a lognormal.
"""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.cost_world import Demand, Machine, World, counted
from jarvis_memory.cost_model import Form, Option, Place, Prices, break_even

SIZES = "1000x1000,100000x1000,1000000x1000"


def simulate(owners: int, concepts: int, demand: Demand, machine: Machine) -> dict[str, Any]:
    """All policies for one size."""
    world = World(owners, concepts, demand, machine)
    model = world.chosen("model", embeddings=False)
    rows = [
        world.always("all KV, s3", Option(Form.KV, machine.remote)),
        world.always("all KV, nvme", Option(Form.KV, machine.nvme)),
        world.always("nothing", machine.nothing),
        world.lru("LRU, nvme", model["bytes"][machine.nvme.name]),
        model,
        world.chosen("model+", embeddings=True),
    ]
    return {
        "owners": owners,
        "concepts": concepts,
        "uses_per_s_at_peak": demand.peak * owners * demand.uses / (30 * 86_400),
        "photo_bytes": owners * concepts * machine.photos,
        "policies": rows,
    }


def lines(machine: Machine) -> dict[str, float | None]:
    """Uses per month from which on a form in a place is cheaper than nothing but photos."""
    found = {
        f"{form}, {place.name}": break_even(
            machine.concept, Option(form, place), machine.nothing, machine.prices
        )
        for form in (Form.KV, Form.EMBEDDINGS)
        for place in (machine.nvme, machine.remote)
    }
    return {name: uses if math.isfinite(uses) else None for name, uses in found.items()}


def run(
    sizes: list[tuple[int, int]], demand: Demand, machine: Machine, events: int, seed: int
) -> dict[str, Any]:
    """All sizes, and the trace of the smallest."""
    results = [simulate(owners, concepts, demand, machine) for owners, concepts in sizes]
    small = min(sizes)
    world = World(*small, demand, machine)
    room = world.chosen("model", embeddings=False)["bytes"][machine.nvme.name]
    trace = {
        "owners": small[0],
        "concepts": small[1],
        "events": events,
        "bytes": room,
        **(counted(world, room, events, seed) if events else {}),
        "lru_expected": world.lru("", room)["hits"],
    }
    return {"break_even": lines(machine), "sizes": results, "trace": trace}


def _sizes(text: str) -> list[tuple[int, int]]:
    found = []
    for one in text.split(","):
        owners, _, concepts = one.strip().partition("x")
        if not (owners.isdecimal() and concepts.isdecimal() and int(owners) and int(concepts)):
            raise typer.BadParameter(f"a size is OWNERSxCONCEPTS, such as 1000x1000, got {one!r}")
        found.append((int(owners), int(concepts)))
    return found


def main(
    sizes: Annotated[str, typer.Option(help="OWNERSxCONCEPTS, several with commas.")] = SIZES,
    tokens: Annotated[float, typer.Option(min=1)] = 300.0,
    kv_bytes_per_token: Annotated[float, typer.Option(min=1)] = 57_344.0,
    embedding_bytes_per_token: Annotated[float, typer.Option(min=1)] = 7_168.0,
    photo_bytes: Annotated[float, typer.Option(min=1)] = 60_000.0,
    parameters: Annotated[float, typer.Option(min=1)] = 6.53e9,
    vision_flop: Annotated[float, typer.Option(min=0)] = 1.6e12,
    flops: Annotated[float, typer.Option(min=1)] = 400e12,
    device_hour: Annotated[float, typer.Option(min=0, help="Dollars.")] = 2.5,
    waited_hour: Annotated[float, typer.Option(min=0, help="Dollars that an hour of waiting costs.")] = 0.0,
    nvme: Annotated[float, typer.Option(min=0, help="Dollars per GB-month.")] = 0.08 / 36,
    s3: Annotated[float, typer.Option(min=0, help="Dollars per GB-month.")] = 0.022,
    s3_read: Annotated[float, typer.Option(min=0, help="Dollars per read.")] = 4e-7,
    daily: Annotated[float, typer.Option(min=1e-9, max=1, help="Share of owners who ask on a day.")] = 0.10,
    questions: Annotated[float, typer.Option(min=1e-9)] = 20.0,
    named: Annotated[float, typer.Option(min=1e-9, help="Concepts of a question.")] = 3.0,
    skew: Annotated[float, typer.Option(min=0, help="Zipf, over the concepts of an owner.")] = 1.0,
    spread: Annotated[float, typer.Option(min=0, help="Lognormal, over owners.")] = 1.0,
    peak: Annotated[float, typer.Option(min=1)] = 4.0,
    events: Annotated[int, typer.Option(min=0, help="Uses of the trace.")] = 200_000,
    seed: Annotated[int, typer.Option(help="Of the trace.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print it."""
    machine = Machine(
        *(tokens, kv_bytes_per_token, embedding_bytes_per_token, photo_bytes),
        *(parameters, vision_flop, flops, Prices(device_hour, waited_hour)),
        *(Place("nvme", nvme, 1e-4, 3e9), Place("s3", s3, 0.03, 90e6, s3_read)),
    )
    found = run(_sizes(sizes), Demand(daily, questions, named, skew, spread, peak), machine, events, seed)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    console = Console(width=130)
    told = (
        f"{name} {'never' if uses is None else f'{uses:.3g}'}" for name, uses in found["break_even"].items()
    )
    console.print(f"worth keeping from this many uses per month on: {'; '.join(told)}")
    for result in found["sizes"]:
        console.print(_table(result))
    trace = found["trace"]
    if events:
        console.print(
            f"counted in {events:,} uses of {trace['owners']:,} x {trace['concepts']:,}, "
            f"{trace['bytes'] / 1e9:.3g} GB: live rules find {100 * trace['live']:.1f} %, LRU "
            f"{100 * trace['lru']:.1f} % (by Che's formula {100 * trace['lru_expected']:.1f} %)"
        )


def _table(result: dict[str, Any]) -> Table:
    table = Table(
        title=f"{result['owners']:,} owners x {result['concepts']:,} concepts: "
        f"{result['uses_per_s_at_peak']:.3g} uses a second at peak, photos {_bytes(result['photo_bytes'])}"
    )
    heads = ("policy", "kept", "uses from KV", "nvme", "s3", "GB/s at peak", "device s a day")
    for head in (*heads, "devices at peak", "wait, ms", "room $", "device $", "$ a month"):
        table.add_column(head, justify="left" if head == "policy" else "right")
    for row in result["policies"]:
        dollars = row["dollars"]
        table.add_row(
            row["policy"],
            f"{100 * row['kept']:.3g} %",
            f"{100 * row['hits']:.3g} %",
            *(_bytes(row["bytes"][place]) for place in ("nvme", "s3")),
            f"{sum(row['gb_per_s_at_peak'].values()):.3g}",
            f"{row['device_seconds_per_day']:,.0f}",
            f"{row['devices_at_peak']:.2g}",
            f"{row['wait_ms']:.1f}",
            f"{dollars['room']:,.0f}",
            f"{dollars['device'] + dollars['requests']:,.0f}",
            f"{row['dollars_per_month']:,.0f}",
        )
    return table


def _bytes(value: float) -> str:
    for unit, size in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f} B"


if __name__ == "__main__":
    typer.run(main)

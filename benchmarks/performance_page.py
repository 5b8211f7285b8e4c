"""Writes what `benchmarks/gpu.py` found into docs/performance.md: its tables, and the figures beside them.

    python -m benchmarks.performance_page runs/gpu
    python -m benchmarks.performance_page --floors floors.json --throughput throughput.json      # of Pocket

Parts between two marks of the page are made anew; nothing else of it changes. What was not measured is named
with the command that measures it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import floors, throughput, ttft
from benchmarks.gpu import read_results
from benchmarks.mechanics import gate_table
from benchmarks.shapes import SHAPES
from jarvis_retrievers.errors import InputError

__all__ = ["marks", "section", "written"]

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "python -m benchmarks.gpu --out runs/gpu"
_MS = 1000.0

Results = Mapping[str, Mapping[str, Any]]


def section(results: Results) -> str:
    """The part of the page, as Markdown.

    Args:
        results: Per shape, as `benchmarks.gpu.read_results` gives them; may be empty.
    """
    if not results:
        return (
            "No GPU was available for this version: **the tables of this section are empty.** Two commands "
            f"fill them, the first\none run again until nothing is left:\n\n{_how()}"
        )
    made = [_machine(results), _how()]
    for shape in SHAPES:
        steps = results.get(shape, {}).get("steps", {})
        made += [f"### {shape}", *_shape(shape, steps)]
    return "\n\n".join(made)


def _how() -> str:
    return f"```console\n$ {COMMAND}\n$ python -m benchmarks.performance_page runs/gpu\n```"


def _machine(results: Results) -> str:
    return _where([step["machine"] for known in results.values() for step in known["steps"].values()])


def _where(facts: Sequence[Mapping[str, str]]) -> str:
    one, dates = facts[0], sorted({each["date"] for each in facts})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"{one['device']}, torch {one['torch']}, transformers {one['transformers']}, {when}."


def _shape(shape: str, steps: Mapping[str, Any]) -> list[str]:
    made: list[str] = []
    waits = [steps[name] for name in sorted(steps) if name.startswith("ttft-")]
    made += [_waiting(result) for result in waits]
    if waits:
        # The bars are those of most photos.
        bars = max(waits, key=lambda result: result["rows"][0]["photos"])["bars"]
        made.append(_table(("bar", "ratio"), [[bar, f"{value:.2f}"] for bar, value in bars.items()]))
        made.append(f"![Time to the first token of {shape}](figures/gpu-ttft-{shape}.svg)")
    if "throughput" in steps:
        made += [_throughput(steps["throughput"])]
        made.append(f"![Throughput of {shape}](figures/gpu-throughput-{shape}.svg)")
    for name, of in (("storage", _storage), ("floors", _floors), ("fidelity", _fidelity)):
        if name in steps:
            made.append(of(steps[name]))
    wanted = ("ttft-5", "ttft-3", "ttft-1", "throughput", "storage", "floors", "fidelity")
    missing = [name for name in wanted if name not in steps]
    if missing:
        made.append(f"Not measured: {', '.join(missing)}. `{COMMAND} --shapes {shape}` does.")
    return [part for part in made if part]


def _waiting(result: Mapping[str, Any]) -> str:
    rows = result["rows"]
    numbers = sorted({row["concepts"] for row in rows})
    arms = sorted(dict.fromkeys(row["arm"] for row in rows), key=ttft.arm_order)
    found = {(row["arm"], row["concepts"]): row for row in rows}
    table = [
        [arm, *(f"{found[arm, n]['of_none']:.2f}" if (arm, n) in found else "" for n in numbers)]
        for arm in arms
    ]
    none = next(row["seconds"] for row in rows if row["arm"] == "none")
    most = max(row["context_tokens"] for row in rows)
    photos = rows[0]["photos"]
    told = f"Time to the first token, {photos} photo{'s' * (photos > 1)} of each concept; "
    told += f"1 is {_MS * none:.1f} ms, up to {most:,} tokens of context:"
    return f"{told}\n\n" + _table(("", *(f"n = {n}" for n in numbers)), table)


def _throughput(result: Mapping[str, Any]) -> str:
    batches = sorted({row["batch"] for row in result["rows"]})
    found = {(row["arm"], row["batch"]): row for row in result["rows"]}
    heads = [""]
    for batch in batches:
        heads += [f"questions/s, {batch} at once", "tokens/s", "peak GiB"]
    table = []
    for arm in dict.fromkeys(row["arm"] for row in result["rows"]):
        cells = [arm]
        for batch in batches:
            row = found[arm, batch]
            peak = row.get("peak_bytes")
            cells += (
                [f"{row['requests_per_second']:.2f}", f"{row['tokens_per_second']:.0f}"]
                if row["fits"]
                else ["does not fit", ""]
            )
            cells.append("" if peak is None else f"{peak / 2**30:.1f}")
        table.append(cells)
    several = (f"{result[what]} {what[:-1]}{'s' * (result[what] > 1)}" for what in ("concepts", "photos"))
    told = f"{' of '.join(several)} in each question, up to "
    return f"{told}{result['answer_tokens']} tokens of answer:\n\n" + _table(heads, table)


def _storage(result: Mapping[str, Any]) -> str:
    table = [
        [
            f"`{name}`",
            f"{of['bytes']:,.0f}",
            f"{of['ratio']:.2f}",
            f"{of['load_gib_per_s']:.2f}",
            f"{of['host_gib_per_s']:.2f}" if "host_gib_per_s" in of else "",
            f"{of['read_gib_per_s']:.1f}",
            f"{of['load_seconds'] / result['encode_seconds']:.3f}",
        ]
        for name, of in result["storages"].items()
    ]
    heads = ("storage", "bytes", "of bf16", "load, GiB/s", "made in RAM", "plain read", "load / encode")
    return f"Concepts of {result['tokens']:.0f} tokens, stored:\n\n" + _table(heads, table)


def _floors(result: Mapping[str, Any]) -> str:
    rates = {limit: f"{rate / 1e9:,.1f}" for limit, rate in result["rates"].items()}
    told = (
        f"Limits seen in this run: {rates['operations']} GFLOP/s, memory {rates['memory']} GB/s, "
        f"host to device {rates['host']} GB/s, disk {rates['disk']} GB/s. "
        f"{result['concepts']} concepts, {result['context_tokens']:,} tokens:"
    )
    table = []
    for row in result["stages"]:
        takes = dict(row["takes"])
        operations = takes.pop("operations", 0.0)
        table.append(
            [
                row["stage"],
                f"{operations / 1e9:,.2f}" if operations else "",
                f"{sum(takes.values()) / 1e6:,.1f}",
                f"{_MS * row['floor']:.3f}",
                row["by"],
                f"{_MS * row['seconds']:.3f}",
                f"{row['over_floor']:.1f}",
            ]
        )
    heads = ("stage", "G operations", "MB", "floor, ms", "by", "took, ms", "over floor")
    lines = [f"* `{stage}`: {floors.operators_line(found)}." for stage, found in result["operators"].items()]
    share = "Operators of torch in each, those of the whole answer in `token`, and the share of time of most:"
    return "\n\n".join((told, _table(heads, table), share, "\n".join(lines)))


def _fidelity(result: Mapping[str, Any]) -> str:
    table = [[s, m, str(n), f"{kl:.5f}", f"{same:.2f}"] for s, m, n, kl, same in gate_table(dict(result))]
    heads = ("storage", "mode", "concepts", "KL, nats", "first 16 the same")
    ways = list(result["rows"][0]["far"])
    rows = [
        [str(row["segments"]), f"{row['tokens']:,}", *(f"{row['far'][way]:.1e}" for way in ways)]
        for row in result["rows"]
    ]
    far = _table(("concepts", "rows", *ways), rows)
    told = "Random weights, against a full prefill; then the furthest number of the cache, over the largest:"
    return f"{told}\n\n{_table(heads, table)}\n\n{far}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def marks(name: str) -> tuple[str, str]:
    """What stands before and behind a part."""
    return f"<!-- {name}:start -->", f"<!-- {name}:end -->"


def written(page: str, name: str, part: str) -> str:
    """A page with this part between its marks.

    Raises:
        InputError: The page lacks a mark.
    """
    opening, closing = marks(name)
    before, start, rest = page.partition(opening)
    _, end, after = rest.partition(closing)
    if not start or not end:
        raise InputError(
            f"the page wants the marks {opening} and {closing}, in this order; put them where tables go."
        )
    return f"{before}{opening}\n{part}\n{closing}{after}"


def main(
    results: Annotated[Path | None, typer.Argument(help="The folder of benchmarks.gpu.")] = None,
    floors_of: Annotated[
        Path | None, typer.Option("--floors", help="What benchmarks.floors printed.")
    ] = None,
    throughput_of: Annotated[
        Path | None, typer.Option("--throughput", help="What benchmarks.throughput printed.")
    ] = None,
    page: Annotated[Path, typer.Option(help="The page.")] = ROOT / "docs" / "performance.md",
) -> None:
    """Write tables and figures into the page: of a GPU from a folder, of Pocket from what --json printed."""
    text = page.read_text("utf-8")
    figures = page.parent / "figures"
    figures.mkdir(exist_ok=True)
    for name, file, of in (("floors", floors_of, _floors), ("throughput", throughput_of, _throughput)):
        if file is not None:
            result = json.loads(file.read_text("utf-8"))
            text = written(text, name, f"{_where([result['machine']])}\n\n{of(result)}")
    if results is not None:
        found = read_results(results)
        _figures(found, figures)
        text = written(text, "gpu", section(found))
    page.write_text(text, "utf-8")


def _figures(found: Results, figures: Path) -> None:
    for shape, known in found.items():
        steps = known["steps"]
        waits = [steps[name] for name in sorted(steps) if name.startswith("ttft-")]
        if waits:
            rows = [row for result in waits for row in result["rows"]]
            ttft.draw({**waits[0], "rows": rows}, figures / f"gpu-ttft-{shape}.svg")
        if "throughput" in steps:
            throughput.draw(steps["throughput"], figures / f"gpu-throughput-{shape}.svg")


if __name__ == "__main__":
    typer.run(main)

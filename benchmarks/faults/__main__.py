"""Do harm to homes, and see that nothing acknowledged is lost and nothing damaged is believed.

    python -m benchmarks.faults --kind R1 --json
    python -m benchmarks.faults --kind R2 --rounds 1000 --seed 1 --json

Exit code 1 if anything is lost. Each violation ends with the line that does the same fault again.
"""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from .kinds import KINDS


def main(
    kind: Annotated[str, typer.Option(help=", ".join(f"{k}: {v.what}" for k, v in KINDS.items()))] = "all",
    rounds: Annotated[
        int, typer.Option(help="How many faults; by default as many as docs/reliability.md tells of.")
    ] = -1,
    seed: Annotated[int, typer.Option(help="Of the first round; round n has the seed SEED + n.")] = 1,
    only: Annotated[str, typer.Option(help="One point, as a violation names it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Run kinds of faults."""
    names = list(KINDS) if kind == "all" else kind.split(",")
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise typer.BadParameter(f"no such kind: {', '.join(unknown)}; choose of {', '.join(KINDS)}")
    failed = False
    for name in names:
        began = time.perf_counter()
        report = KINDS[name].run(KINDS[name].rounds if rounds < 0 else rounds, seed, only)
        seconds = round(time.perf_counter() - began, 1)
        failed |= bool(report.violations)
        if as_json:
            typer.echo(json.dumps({**report.as_json(), "seconds": seconds}))
            continue
        figures = ", ".join(
            f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in report.figures.items()
        )
        what = f"skipped: {report.skipped}" if report.skipped else f"{len(report.violations)} violations"
        typer.echo(f"{name} {KINDS[name].what}: {report.rounds} rounds, {what}, {seconds} s ({figures})")
        for violation in report.violations:
            typer.echo(f"  {violation}")
    if failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)

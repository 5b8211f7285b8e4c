"""Let a machine look for inputs that break readers of bytes and text (`benchmarks.fuzzing`).

    python -m benchmarks.fuzz --target all --seconds 60
    python -m benchmarks.fuzz --target segment --again FOLDER/crash-…

Guided by coverage (atheris), each target in a process of its own with a limit of memory. What it finds lies
in a folder, and the line that does it again is printed. Exit code 1 if anything is found.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from benchmarks.fuzzing.target import Target

__all__ = ["TARGETS_OF", "Fuzzed", "fuzz", "main"]

TARGETS_OF = "benchmarks.fuzzing.targets"
"""The module whose ``TARGETS`` are tried, if no other is named."""

_MEGABYTES = 4096
_SLOW = 20  # seconds for one input
_PACKAGES = [
    "jarvis_retrievers",
    "jarvis_memory",
    "jarvis_agents",
    "jarvis_plugins",
    "benchmarks.fuzz_targets",
]


@dataclass(frozen=True)
class Fuzzed:
    """What came of one target.

    Attributes:
        target: its name.
        runs: inputs that were tried.
        features: edges and counts of edges that they reached.
        found: files with what breaks it.
        error: what it said of the first of these, or why it did not run.
        module: whose target it is.
    """

    target: str
    runs: int
    features: int
    found: tuple[str, ...]
    error: str = ""

    module: str = TARGETS_OF

    @property
    def lines(self) -> list[str]:
        """For each of ``found`` the line that does it again."""
        whose = "" if self.module == TARGETS_OF else f" --module {self.module}"
        line = f"[again: python -m benchmarks.fuzz --target {self.target}{whose} --again"
        return [f"{line} {shlex.quote(file)}]" for file in self.found]


def fuzz(target: str, seconds: int, folder: Path, seed: int = 1, module: str = TARGETS_OF) -> Fuzzed:
    """Try a target of a module for so long, in a process of its own; what is found lies in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.iterdir())
    with tempfile.TemporaryDirectory() as corpus:
        command = [sys.executable, "-m", "benchmarks.fuzz", "--target", target, "--within", corpus]
        command += ["--into", str(folder), "--seconds", str(seconds), "--seed", str(seed), "--module", module]
        done = subprocess.run(  # noqa: S603 (ourselves)
            command, capture_output=True, text=True, errors="replace", check=False
        )
    told = done.stdout + done.stderr
    runs = [int(number) for number in re.findall(r"^#(\d+)\s", told, re.MULTILINE)]
    reached = [int(number) for number in re.findall(r" ft: (\d+)", told)]
    found = tuple(sorted(str(file) for file in set(folder.iterdir()) - before))
    said = [
        line.strip()
        for line in told.splitlines()
        if re.match(r"\s*[\w.]*(Error|Exception)\b|ERROR|SUMMARY", line)
    ]
    error = said[0] if said else ""
    if done.returncode and not error:
        error = (told.strip().splitlines() or ["it ended without a word"])[-1]
    return Fuzzed(target, max(runs, default=0), max(reached, default=0), found, error, module)


def _within(target: str, corpus: Path, into: Path, seconds: int, seed: int, module: str) -> None:
    """The process in which one target is tried; it does not return."""
    import atheris

    with atheris.instrument_imports(include=[*_PACKAGES, module]):
        one = _targets(module)[target]
        for number, data in enumerate(one.examples()):
            (corpus / str(number)).write_bytes(data)
            one.run(data)  # imports what it needs, so that this is instrumented
    options = [
        *("-max_len=4096", f"-seed={seed}", f"-timeout={_SLOW}", f"-rss_limit_mb={_MEGABYTES}"),
        *(f"-max_total_time={seconds}", f"-artifact_prefix={into}/{target}-", "-print_final_stats=1"),
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one.run)
    atheris.Fuzz()


def _targets(module: str) -> dict[str, Target]:
    found: dict[str, Target] = importlib.import_module(module).TARGETS
    return found


def main(
    target: Annotated[str, typer.Option(help="Which reader, or several with commas, or all.")] = "all",
    seconds: Annotated[int, typer.Option(help="How long each is tried.")] = 60,
    into: Annotated[Path, typer.Option(help="Where findings are kept.")] = Path("runs/fuzz"),
    seed: Annotated[int, typer.Option(help="Of what is tried.")] = 1,
    module: Annotated[str, typer.Option(help="Whose TARGETS are tried; your own, say.")] = TARGETS_OF,
    again: Annotated[Path | None, typer.Option(help="Do a finding again.")] = None,
    within: Annotated[Path | None, typer.Option(hidden=True)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Fuzz."""
    # Imported by whoever instruments it, so that it is seen into.
    if within is not None:
        _within(target, within, into, seconds, seed, module)
    there = _targets(module)
    names = list(there) if target == "all" else target.split(",")
    unknown = [name for name in names if name not in there]
    if unknown:
        raise typer.BadParameter(f"no such target: {', '.join(unknown)}; choose of {', '.join(there)}")
    if again is not None:
        there[names[0]].run(again.read_bytes())
        typer.echo(f"{names[0]}: {again} breaks nothing")
        return
    if importlib.util.find_spec("atheris") is None:
        typer.echo(
            "this needs atheris, which there is for Linux and Python before 3.14; install it with "
            "pip install 'atheris>=3', or run the short share of it: pytest tests/fuzz",
            err=True,
        )
        raise typer.Exit(2)
    bad = False
    for name in names:
        one = fuzz(name, seconds, into, seed, module)
        bad |= bool(one.found or one.error or not one.runs)
        if as_json:
            typer.echo(json.dumps({**asdict(one), "again": one.lines}))
            continue
        figures = f"{one.runs} inputs, {one.features} features, {len(one.found)} found"
        typer.echo(f"{name} ({there[name].about}): {figures}")
        for line in [*([one.error] if one.error else []), *one.lines]:
            typer.echo(f"  {line}")
    if bad:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)

"""Let a machine look for inputs that break readers of bytes and text (`benchmarks.fuzzing`).

    python -m benchmarks.fuzz --target all --seconds 60
    python -m benchmarks.fuzz --target segment --again FOLDER/crash-…

Guided by coverage (atheris), each target in a process of its own with a limit of memory. What it finds lies
in a folder, and the line that does it again is printed. Exit code 1 if anything is found.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Fuzzed", "fuzz", "main"]

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
        error: the last line of what it said of these, or why it did not run.
    """

    target: str
    runs: int
    features: int
    found: tuple[str, ...]
    error: str = ""

    @property
    def lines(self) -> list[str]:
        """For each of ``found`` the line that does it again."""
        return [
            f"[again: python -m benchmarks.fuzz --target {self.target} --again {shlex.quote(file)}]"
            for file in self.found
        ]


def fuzz(target: str, seconds: int, folder: Path, seed: int = 1) -> Fuzzed:
    """Try a target for so long, in a process of its own; what is found lies in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.iterdir())
    with tempfile.TemporaryDirectory() as corpus:
        command = [sys.executable, "-m", "benchmarks.fuzz", "--target", target, "--within", corpus]
        command += ["--into", str(folder), "--seconds", str(seconds), "--seed", str(seed)]
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
    return Fuzzed(target, max(runs, default=0), max(reached, default=0), found, error)


def _within(target: str, corpus: Path, into: Path, seconds: int, seed: int) -> None:
    """The process in which one target is tried; it does not return."""
    import atheris

    with atheris.instrument_imports(include=_PACKAGES):
        from benchmarks.fuzzing.targets import TARGETS

        one = TARGETS[target]
        for number, data in enumerate(one.examples()):
            (corpus / str(number)).write_bytes(data)
            one.run(data)  # imports what it needs, so that this is instrumented
    options = [
        *("-max_len=4096", f"-seed={seed}", f"-timeout={_SLOW}", f"-rss_limit_mb={_MEGABYTES}"),
        *(f"-max_total_time={seconds}", f"-artifact_prefix={into}/{target}-", "-print_final_stats=1"),
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one.run)
    atheris.Fuzz()


def main(
    target: Annotated[str, typer.Option(help="Which reader, or several with commas, or all.")] = "all",
    seconds: Annotated[int, typer.Option(help="How long each is tried.")] = 60,
    into: Annotated[Path, typer.Option(help="Where findings are kept.")] = Path("runs/fuzz"),
    seed: Annotated[int, typer.Option(help="Of what is tried.")] = 1,
    again: Annotated[Path | None, typer.Option(help="Do a finding again.")] = None,
    within: Annotated[Path | None, typer.Option(hidden=True)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Fuzz."""
    from benchmarks.fuzzing.targets import TARGETS

    names = list(TARGETS) if target == "all" else target.split(",")
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        raise typer.BadParameter(f"no such target: {', '.join(unknown)}; choose of {', '.join(TARGETS)}")
    if again is not None:
        TARGETS[names[0]].run(again.read_bytes())
        typer.echo(f"{names[0]}: {again} breaks nothing")
        return
    if importlib.util.find_spec("atheris") is None:
        typer.echo(
            "this needs atheris, which there is for Linux and Python before 3.14; install it with "
            "pip install 'atheris>=3', or run the short share of it: pytest tests/fuzz",
            err=True,
        )
        raise typer.Exit(2)
    if within is not None:
        _within(names[0], within, into, seconds, seed)
    bad = False
    for name in names:
        one = fuzz(name, seconds, into, seed)
        bad |= bool(one.found or one.error or not one.runs)
        if as_json:
            typer.echo(json.dumps({**asdict(one), "again": one.lines}))
            continue
        figures = f"{one.runs} inputs, {one.features} features, {len(one.found)} found"
        typer.echo(f"{name} ({TARGETS[name].about}): {figures}")
        for line in [*([one.error] if one.error else []), *one.lines]:
            typer.echo(f"  {line}")
    if bad:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)

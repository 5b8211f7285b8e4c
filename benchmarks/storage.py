"""What a stored concept weighs and how fast it is read, for each storage.

    python -m benchmarks.storage --json

* ``bytes``: of one segment, mean over the concepts; ``ratio`` to ``bf16``.
* ``load``: GiB of bfloat16 rows per second, from the bytes of a record in memory to a segment, digest and
  checks included.
* control ``read``: GiB per second of reading the same files and nothing else.
* ``encode``: seconds to make a segment from its patches, for comparison with loading it.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from jarvis_memory.kv import Segment, Storage
from jarvis_memory.vlm import VLM
from jarvis_plugins.gating import pocket_trials
from jarvis_retrievers.openclip import OpenCLIPEncoder

GIB = 2**30


def median(rounds: int, what: Callable[[], object]) -> float:
    """Median seconds of a call."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        what()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _rows(segments: list[Segment]) -> int:
    return sum(2 * segment.keys.numel() * 2 for segment in segments)


def run(rounds: int) -> dict[str, Any]:
    """Eight held-out concepts of Pocket, in every storage."""
    vlm = VLM.load("pocket", device="cpu")
    trials = list(pocket_trials(vlm, OpenCLIPEncoder.load("pocket", device="cpu"), 40))
    sources = max(trials, key=lambda trial: len(trial.sources)).sources
    encode = median(rounds, lambda: [vlm.encode_segment(source) for source in sources]) / len(sources)
    segments = [vlm.encode_segment(source) for source in sources]
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for storage in Storage:
            records = [vlm.segment_to_bytes(segment, storage) for segment in segments]
            files = [Path(folder) / f"{storage.value}-{number}" for number in range(len(records))]
            for file, record in zip(files, records, strict=True):
                file.write_bytes(record)

            def read(files: list[Path] = files) -> None:
                for file in files:
                    file.read_bytes()

            def load(records: list[bytes] = records) -> None:
                for record in records:
                    vlm.segment_from_bytes(record)

            size = sum(map(len, records))
            found[storage.value] = {
                "bytes": size / len(records),
                "load_gib_per_s": _rows(segments) / GIB / median(rounds, load),
                "read_gib_per_s": size / GIB / median(rounds, read),
                "load_seconds": median(rounds, load) / len(records),
            }
    for of in found.values():
        of["ratio"] = of["bytes"] / found[Storage.BF16.value]["bytes"]
    tokens = sum(segment.tokens for segment in segments) / len(segments)
    return {"concepts": len(segments), "tokens": tokens, "encode_seconds": encode, "storages": found}


def main(
    rounds: Annotated[int, typer.Option(help="Repetitions; medians are printed.", min=1)] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bytes, load and encode times of each storage."""
    result = run(rounds)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    table = Table(title=f"{result['concepts']} concepts of {result['tokens']:.0f} tokens on average")
    for column in ("storage", "bytes", "of bf16", "load GiB/s", "read GiB/s", "load / encode"):
        table.add_column(column, justify="left" if column == "storage" else "right")
    for storage, of in result["storages"].items():
        table.add_row(
            storage,
            f"{of['bytes']:,.0f}",
            f"{of['ratio']:.2f}",
            f"{of['load_gib_per_s']:.2f}",
            f"{of['read_gib_per_s']:.2f}",
            f"{of['load_seconds'] / result['encode_seconds']:.2f}",
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

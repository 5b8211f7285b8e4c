"""What a stored concept weighs and how fast it is read, for each storage.

    python -m benchmarks.storage --json                                     # Pocket, CPU
    python -m benchmarks.storage --shape qwen2.5-vl-7b --device cuda --json

* ``bytes``: of one segment, mean over the concepts; ``ratio`` to ``bf16``.
* ``load``: GiB of bfloat16 rows per second, from the bytes of a record in memory to a segment where the model
  computes, digest and checks included.
* ``host``: only on a GPU, and of rows of 8 bits: the same where they are made into numbers in RAM and then
  copied.
* control ``read``: GiB per second of reading the same files and nothing else.
* ``encode``: seconds to make a segment from its patches, for comparison with loading it.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine_facts, settle
from benchmarks.shapes import SHAPES, model_of
from benchmarks.subjects import random_subjects
from jarvis_memory.kv import Segment, Storage, segment_from_bytes
from jarvis_memory.vlm import VLM, SegmentSource

GIB = 2**30
CONCEPTS = 8


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


def pocket_sources(vlm: VLM) -> tuple[SegmentSource, ...]:
    """Eight held-out concepts of Pocket."""
    # Only here: a shape needs neither the encoder nor its libraries.
    from jarvis_plugins.gating import pocket_trials
    from jarvis_retrievers.openclip import OpenCLIPEncoder

    trials = list(pocket_trials(vlm, OpenCLIPEncoder.load("pocket", device="cpu"), 40))
    return max(trials, key=lambda trial: len(trial.sources)).sources


class Reading:
    """Records of segments, read in every way.

    Args:
        vlm: Of the segments.
        records: What :meth:`VLM.segment_to_bytes` wrote.
        files: The same on the disk.
    """

    def __init__(self, vlm: VLM, records: Sequence[bytes], files: Sequence[Path]) -> None:
        self._vlm, self._records, self._files = vlm, records, files
        for file, record in zip(files, records, strict=True):
            file.write_bytes(record)

    def read(self) -> None:
        """The files, and nothing else."""
        for file in self._files:
            file.read_bytes()

    def load(self) -> None:
        """Segments where the model computes."""
        self._place([self._vlm.segment_from_bytes(record) for record in self._records])

    def host(self) -> None:
        """The same, made into numbers in RAM."""
        print_, rotary = self._vlm.fingerprint, self._vlm.parts.runner.rotary
        made = [segment_from_bytes(record, print_, rotary).segment for record in self._records]
        self._place([segment for segment in made if segment is not None])

    def _place(self, segments: list[Segment]) -> None:
        device = self._vlm.device
        if device.type == "cuda":
            for segment in segments:
                segment.placed(lambda tensor: tensor.to(device))
            settle(device)


def run(vlm: VLM, sources: Sequence[SegmentSource], rounds: int) -> dict[str, Any]:
    """Some concepts, in every storage."""

    def encode() -> list[Segment]:
        made = [vlm.encode_segment(source) for source in sources]
        settle(vlm.device)
        return made

    encoded = median(rounds, encode) / len(sources)
    segments = encode()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for storage in Storage:
            records = [vlm.segment_to_bytes(segment, storage) for segment in segments]
            files = [Path(folder) / f"{storage.value}-{number}" for number in range(len(records))]
            reading, size = Reading(vlm, records, files), sum(map(len, records))
            load = median(rounds, reading.load)
            found[storage.value] = {
                "bytes": size / len(records),
                "load_gib_per_s": _rows(segments) / GIB / load,
                "read_gib_per_s": size / GIB / median(rounds, reading.read),
                "load_seconds": load / len(records),
            }
            if vlm.device.type == "cuda" and storage in (Storage.FP8, Storage.INT8):
                found[storage.value]["host_gib_per_s"] = _rows(segments) / GIB / median(rounds, reading.host)
    for of in found.values():
        of["ratio"] = of["bytes"] / found[Storage.BF16.value]["bytes"]
    return {
        "model": vlm.name,
        "machine": machine_facts(vlm.device),
        "concepts": len(segments),
        "tokens": sum(segment.tokens for segment in segments) / len(segments),
        "encode_seconds": encoded,
        "storages": found,
    }


def main(
    rounds: Annotated[int, typer.Option(help="Repetitions; medians are printed.", min=1)] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    shape: Annotated[str | None, typer.Option(help=f"One of {', '.join(SHAPES)}; else Pocket.")] = None,
    device: Annotated[str, typer.Option(help="Where the model computes.")] = "cpu",
    layers: Annotated[int | None, typer.Option(help="Fewer layers of a shape, to try it.", min=2)] = None,
) -> None:
    """Bytes, load and encode times of each storage."""
    vlm = model_of(shape, device, layers)
    if shape is None:
        sources = pocket_sources(vlm)
    else:
        sources = tuple(subject.source for subject in random_subjects(vlm, CONCEPTS, 1, 1))
    result = run(vlm, sources, rounds)
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

"""What encryption at rest costs: loading a segment, and remembering.

    python -m benchmarks.encryption --json

Two homes, one of them encrypted, hold the same; rounds of the two alternate.

* ``cold``: a segment from the disk to rows that a model can use: digest or tag, fingerprint and numbers are
  checked. ``cached``: its file is in the page cache, so that nothing hides what encryption takes;
  ``evicted``: it was put out of it (Linux).
* ``hot``: the same segment, at hand in RAM.
* ``remember``: a durable commit of a concept with two photos of 200 kB, without model time.

``17 MB`` is a segment of random rows in the shape of a model of 7 billion parameters (28 layers, 4 heads of
128), ``pocket`` one of a drawn concept. The bar: cold at most 1.15 times what it takes without encryption.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from jarvis_memory.kv import Inputs, Part, Segment, Storage, segment_from_bytes, segment_to_bytes
from jarvis_memory.store import ConceptDraft, DraftPatch, DraftPhoto, MasterKey, OwnerStore
from jarvis_memory.tiers import Quotas, SegmentTiers, TierKey
from jarvis_memory.vlm import VLM
from jarvis_plugins.gating import pocket_trials
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.openclip import OpenCLIPEncoder

BAR = 1.15
OWNER = "bench"
LAYERS, HEADS, DIM = 28, 4, 128


def large_segment(nbytes: int, fingerprint: str) -> Segment:
    """Random rows of about so many bytes in bfloat16."""
    tokens = nbytes // (2 * LAYERS * HEADS * DIM * 2)
    shape = (LAYERS, HEADS, tokens, DIM)
    keys, values = torch.randn(shape, dtype=torch.bfloat16), torch.randn(shape, dtype=torch.bfloat16)
    inputs = Inputs(tuple(range(tokens)), torch.arange(tokens)[None], torch.zeros(1, 0, 8))
    return Segment(keys, values, inputs, (Part("profile", tokens, tokens, 0),), 0, fingerprint)


def pocket_record() -> tuple[bytes, str]:
    """A segment of a drawn concept as it is stored, and the model's fingerprint."""
    vlm = VLM.load("pocket", device="cpu")
    trial = next(iter(pocket_trials(vlm, OpenCLIPEncoder.load("pocket", device="cpu"), 1)))
    segment = vlm.encode_segment(trial.sources[0])
    return vlm.segment_to_bytes(segment, Storage.BF16), segment.fingerprint


def draft(number: int) -> ConceptDraft:
    """A concept of two photos and sixteen patches."""
    numbers = np.random.default_rng(number)
    photos = [DraftPhoto(numbers.bytes(200_000), secrets.token_hex(32), 640, 480) for _ in range(2)]
    vectors = numbers.standard_normal((16, 512), dtype=np.float32)
    patches = [
        DraftPatch(n % 2, Box(0, 0, 64, 64), 0.9, 0.5, 0.4, vector) for n, vector in enumerate(vectors)
    ]
    return ConceptDraft(name=f"Concept {number}", notes=("Likes noodles.",), photos=photos, patches=patches)


def evict(home: Path) -> None:
    """Put what is in a home's blobs out of the page cache."""
    for path in (home / "blobs").rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(handle)


def compared(
    rounds: int, works: dict[str, Callable[[], Any]], before: Callable[[str], None]
) -> dict[str, float]:
    """Medians in ms of what is done by turns, and how many times as long the second takes."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        names = list(works) if number % 2 else list(reversed(works))
        for name in names:
            before(name)
            began = time.perf_counter()
            works[name]()
            if number:  # the first is to warm up
                times[name].append(1000 * (time.perf_counter() - began))
    found = {f"{name}_ms": statistics.median(of) for name, of in times.items()}
    return {**found, "ratio": found["encrypted_ms"] / found["plain_ms"]}


def loads(
    stores: dict[str, OwnerStore], homes: dict[str, Path], data: bytes, fingerprint: str, rounds: int
) -> dict[str, Any]:
    """Cold and hot loads of one segment."""
    concepts = {name: store.list()[0] for name, store in stores.items()}
    for name, store in stores.items():
        store.put_segment(concepts[name].id, fingerprint, data)
    tiers = {name: SegmentTiers(Quotas(), torch.device("cpu")) for name in stores}
    keys = {name: TierKey(one.id, one.updated, fingerprint) for name, one in concepts.items()}

    def cold(name: str) -> None:
        stored = stores[name].get_segment(concepts[name].id, fingerprint)
        segment = segment_from_bytes(stored or b"", fingerprint).segment
        if segment is None:
            raise RuntimeError("a segment of bf16 has rows")
        tiers[name].forget(concepts[name].id)
        tiers[name].put(keys[name], segment)

    def hot(name: str) -> None:
        for _ in range(1000):
            tiers[name].get(keys[name])

    def works(what: Callable[[str], None]) -> dict[str, Callable[[], Any]]:
        return {name: lambda name=name: what(name) for name in stores}  # type: ignore[misc]

    found: dict[str, Any] = {"bytes": len(data)}
    found["cached"] = compared(rounds, works(cold), lambda name: None)
    if hasattr(os, "posix_fadvise"):
        found["evicted"] = compared(rounds, works(cold), lambda name: evict(homes[name]))
    found["hot_1000"] = compared(rounds, works(hot), lambda name: None)
    return found


def run(rounds: int) -> dict[str, Any]:
    """All of it, in two homes."""
    fingerprint = "0" * 64
    big = segment_to_bytes(large_segment(17_200_000, fingerprint), Storage.BF16)
    pocket, print_of_pocket = pocket_record()
    key = MasterKey.from_bytes(secrets.token_bytes(32))
    with tempfile.TemporaryDirectory() as folder:
        homes = {name: Path(folder) / name for name in ("plain", "encrypted")}
        stores = {
            name: OwnerStore.open(home, OWNER, key=key if name == "encrypted" else None)
            for name, home in homes.items()
        }
        drafts = [draft(number) for number in range(2 * rounds + 2)]
        for store in stores.values():
            store.add_concept(drafts[-1])
        found: dict[str, Any] = {
            "17 MB": loads(stores, homes, big, fingerprint, rounds),
            "pocket": loads(stores, homes, pocket, print_of_pocket, rounds),
        }
        left = {name: iter(drafts) for name in stores}
        found["remember"] = compared(
            2 * rounds,
            {name: lambda name=name: stores[name].add_concept(next(left[name])) for name in stores},  # type: ignore[misc]
            lambda name: None,
        )
        for store in stores.values():
            store.close()
    found["bar"] = BAR
    found["met"] = all(
        found[size][how]["ratio"] <= BAR
        for size in ("17 MB", "pocket")
        for how in found[size]
        if how in ("cached", "evicted")
    )
    return found


def main(
    rounds: Annotated[int, typer.Option(help="Alternating rounds; medians are printed.", min=1)] = 31,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Times with and without encryption, and their ratios."""
    random.seed(0)
    found = run(rounds)
    if as_json:
        print(json.dumps(found, indent=1))
        return
    table = Table(title=f"Encryption at rest, medians of {rounds} alternating rounds")
    for column in ("", "plain, ms", "encrypted, ms", "ratio"):
        table.add_column(column, justify="right" if column else "left")
    for size in ("17 MB", "pocket"):
        for how, what in (
            ("cached", "cold load, file in the page cache"),
            ("evicted", "cold load, file on the disk"),
            ("hot_1000", "a thousand hot loads"),
        ):
            if how in found[size]:
                _row(table, f"{size}: {what}", found[size][how])
    _row(table, "remember", found["remember"])
    screen = Console()
    screen.print(table)
    screen.print(f"Bar: cold at most {BAR} of plain: {'met' if found['met'] else 'NOT met'}.")


def _row(table: Table, name: str, times: dict[str, float]) -> None:
    table.add_row(name, f"{times['plain_ms']:.2f}", f"{times['encrypted_ms']:.2f}", f"{times['ratio']:.2f}")


if __name__ == "__main__":
    typer.run(main)

"""What a durable `remember` costs beside the bare syncs that it cannot do without.

    python -m benchmarks.durable --rounds 200 --json

A prepared concept with a stored photo is added to a home (no model runs). In turn with it, beside the home,
the same is done bare: a file of the same bytes is written, synced and given its name, as many new folders and
the photo's own are synced, as many bytes as the catalogue's log has grown by are written behind a file and
synced, and then the count of writes is written. All else is what our part costs: checks, digests, SQL.

* ``remember``, ``bare``: milliseconds, p50 and p95. ``ratio``: of the two p50. Bar: at most 2.
* ``syncs``: how many of each kind both did, counted in both.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from jarvis_memory.store import ConceptDraft, DraftPatch, DraftPhoto, OwnerStore
from jarvis_memory.store.disk import sync_folder
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.images import encode_png, pixel_digest

__all__ = ["main", "measure"]

BAR = 2.0
_SIDE, _PATCHES, _DIM = 256, 12, 512


def prepared(number: int) -> ConceptDraft:
    """A concept with one photo of noise and patches as an encoder of 512 numbers makes them."""
    rng = np.random.default_rng(number)
    image = Image.fromarray(rng.integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8))
    vectors = rng.standard_normal((_PATCHES + 1, _DIM)).astype(np.float32)
    box = Box(0, 0, _SIDE, _SIDE)
    return ConceptDraft(
        name=f"concept {number}",
        notes=(f"The note of number {number}.",),
        photos=[DraftPhoto(encode_png(image), pixel_digest(image), _SIDE, _SIDE)],
        patches=[DraftPatch(0, box, 0.9, 0.5, 0.4, vector) for vector in vectors[:-1]],
        profile_vectors=vectors[-1:],
    )


@contextmanager
def _counted(done: Counter[str]) -> Iterator[None]:
    """Count the calls of Python's that last; SQLite's own sync of a commit is none of them."""
    sync, replace = os.fsync, os.replace

    def fsync(handle: int) -> None:
        done["folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file"] += 1
        sync(handle)

    def rename(old: Any, new: Any) -> None:
        done["rename"] += 1
        replace(old, new)

    with patch.object(os, "fsync", fsync), patch.object(os, "replace", rename):
        yield


class Bare:
    """The same files, bytes and syncs, with nothing around them.

    Args:
        folder: on the file system of the home.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        (folder / "tmp").mkdir()
        (folder / "kept" / "kept").mkdir(parents=True)
        self._log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT, 0o600)
        self._count = os.open(folder / "count", os.O_WRONLY | os.O_CREAT, 0o600)

    def write(self, blob: bytes, log: int, grows: bool, folders: int) -> None:
        """A blob of these bytes in so many new folders, and a commit of ``log`` bytes: behind the last one
        or, as in a log that has begun anew, over old ones.
        """
        name = secrets.token_hex(16)
        place = self._folder
        for level in range(2):
            new = level >= 2 - folders
            place = place / (name[:8] if new else "kept")
            if new:
                place.mkdir()
                sync_folder(place.parent)
        temporary = self._folder / "tmp" / name
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(handle, blob)
        os.fsync(handle)
        os.close(handle)
        os.replace(temporary, place / name)
        sync_folder(place)
        os.pwrite(self._log, bytes(log), os.fstat(self._log).st_size if grows else 0)
        os.fdatasync(self._log)
        os.pwrite(self._count, bytes(80), 0)

    def close(self) -> None:
        """Let go of its files."""
        os.close(self._log)
        os.close(self._count)


def measure(folder: Path, rounds: int, seed: int) -> dict[str, Any]:
    """Both in turn, in a new home in ``folder``."""
    drafts = [prepared(seed * 100_000 + number) for number in range(rounds)]
    seconds: dict[str, list[float]] = {"remember": [], "bare": []}
    syncs: dict[str, Counter[str]] = {"remember": Counter(), "bare": Counter()}
    log, frame = Path(folder / "home" / "catalogue.sqlite-wal"), 0
    bare, rng = Bare(folder / "bare"), random.Random(seed)
    with OwnerStore.open(folder / "home", "me") as store:
        for draft in drafts:
            mine = Counter[str]()
            before = log.stat().st_size if log.exists() else 0
            with _counted(mine):
                began = time.perf_counter()
                store.add_concept(draft)
                seconds["remember"].append(time.perf_counter() - began)
            grown = log.stat().st_size - before
            frame = grown if grown > 0 else frame
            syncs["remember"] += mine
            theirs = Counter[str]()
            blob, new = draft.checked_photos[0].data, max(0, mine["folder"] - 1)
            with _counted(theirs):
                began = time.perf_counter()
                bare.write(bytes(32) + blob, frame, grown > 0, min(new, 2))
                seconds["bare"].append(time.perf_counter() - began)
            syncs["bare"] += theirs
            time.sleep(rng.uniform(0, 0.002))  # so that nothing beats in time with the disk's own work
    bare.close()
    told: dict[str, Any] = {
        name: {
            "p50 ms": round(1000 * statistics.median(times), 3),
            "p95 ms": round(1000 * statistics.quantiles(times, n=20)[-1], 3),
        }
        for name, times in seconds.items()
    }
    ratio = statistics.median(seconds["remember"]) / statistics.median(seconds["bare"])
    return told | {
        "ratio": round(ratio, 3),
        "syncs": {name: dict(counts) for name, counts in syncs.items()},
        "log bytes": frame,
        "bars": {f"at most {BAR}": ratio <= BAR},
    }


def main(
    rounds: Annotated[int, typer.Option(help="How many concepts.")] = 200,
    seed: Annotated[int, typer.Option(help="Of what is stored.")] = 1,
    folder: Annotated[
        Path | None, typer.Option(help="Where; by default the folder for temporary files.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Print what a durable remember costs, with its bar; exit code 1 if it is missed."""
    with tempfile.TemporaryDirectory(prefix="durable-", dir=folder) as place:
        found = measure(Path(place), rounds, seed)
    told = {"rounds": rounds, "seed": seed, **found}
    if as_json:
        typer.echo(json.dumps(told))
    else:
        table = Table("figure", "value", title="A durable remember beside its bare syncs")
        for name, value in told.items():
            table.add_row(name, str(value))
        Console().print(table)
    if not all(found["bars"].values()):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)

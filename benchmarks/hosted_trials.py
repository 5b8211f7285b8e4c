"""What is done to a vector store of somebody else, and what came of it."""

from __future__ import annotations

import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.hosted import HOSTED, SECRET, Hosted
from jarvis_plugins.common.sealed_row import RowSeal
from jarvis_retrievers.index import FlatIndex

__all__ = ["conformance", "killed", "leaks", "recall", "remnants", "unit"]

DIM: Final = 64
ROOT: Final = Path(__file__).parent.parent
_FIRST: Final = 20
_WAIT: Final = 120.0


def unit(count: int, dim: int, seed: int) -> NDArray[np.float32]:
    """Random vectors (count, dim) of length 1."""
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def conformance(name: str, folder: Path) -> dict[str, str]:
    """The suite of indexes on a store: how each part of it ended.

    Raises:
        RuntimeError: the suite did not run.
    """
    report = folder / "suite.xml"
    suite = ["tests/scale/test_vector_stores.py", "-k", f"TestConformance and {name}"]
    command = [sys.executable, "-m", "pytest", "-q", *suite, f"--junitxml={report}"]
    done = subprocess.run(  # noqa: S603
        [*command, f"--basetemp={folder / 'suite'}"], cwd=ROOT, capture_output=True, text=True
    )
    if not report.exists():
        raise RuntimeError(f"the suite did not run: {done.stdout[-400:]}{done.stderr[-400:]}")
    ended: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  (pytest has just written it)
        part = case.attrib["name"].split("[")[0].removeprefix("test_")
        how = next((one.tag for one in case if one.tag in ("failure", "error", "skipped")), "passed")
        ended[part] = how if ended.get(part, "passed") == "passed" else ended[part]
    return ended


def writer(name: str, folder: Path) -> None:
    """Add one vector after the other, delete every fifth of them, and tell of each when it is done."""
    index = HOSTED[name].opened(folder, DIM).index
    rows = unit(20_000, DIM, seed=1)
    print("ready", flush=True)
    for number in range(len(rows)):
        index.add("ana", [number], rows[number : number + 1])
        print(f"add {number}", flush=True)
        if number % 5 == 4:
            index.remove("ana", [number - 2])
            print(f"remove {number - 2}", flush=True)


def lister(name: str, folder: Path) -> None:
    """Tell which ids are there."""
    opened = HOSTED[name].opened(folder, DIM)
    ids = sorted(opened.index._known("ana"))
    print(json.dumps(ids), flush=True)
    opened.close()


def killed(name: str, folder: Path, times: int) -> dict[str, int]:
    """SIGKILL soon after an acknowledged write, so many times, each in a new folder.

    Returns:
        Acknowledged additions and deletions, those that are lost, and how often the store was useless after.
    """
    told: Counter[str] = Counter(added=0, lost=0, removed=0, revived=0, unusable=0)
    chance = random.Random(name)
    for turn in range(times):
        home = folder / f"killed-{turn}"
        home.mkdir()
        added, removed = _written(name, home, chance.uniform(0.05, 0.6))
        told.update(added=len(added), removed=len(removed))
        found = _child(name, home, "lister", capture=True)
        out, error = found.communicate(timeout=_WAIT)
        if found.returncode:
            told["unusable"] += 1
            print(error.strip().splitlines()[-1:], file=sys.stderr)
            continue
        there = set(json.loads(out.strip().splitlines()[-1]))
        told["lost"] += len(added - removed - there)
        told["revived"] += len(removed & there)
    return dict(told)


def _written(name: str, home: Path, seconds: float) -> tuple[set[int], set[int]]:
    """What was acknowledged before the kill. A deletion that had begun is of neither."""
    child = _child(name, home, "writer", capture=False)
    assert child.stdout is not None
    line = child.stdout.readline()
    if line.strip() != "ready":
        raise RuntimeError(f"{name} could not be written: {line!r}")
    lines: list[str] = []
    while len(lines) < _FIRST:
        lines.append(child.stdout.readline())
    time.sleep(seconds)
    os.killpg(child.pid, signal.SIGKILL)
    lines += [line for line in child.stdout if line.endswith("\n")]
    child.wait()
    child.stdout.close()
    words = [line.split() for line in lines if len(line.split()) == 2]
    added = {int(number) for what, number in words if what == "add"}
    removed = {int(number) for what, number in words if what == "remove"}
    # The id that was being deleted, if any, may be there or not.
    return {one for one in added if one % 5 != 2 or one in removed}, removed


def _child(name: str, home: Path, what: str, capture: bool) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "benchmarks.hosted_trials", what, name, str(home)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if capture else subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def remnants(hosted: Hosted, folder: Path) -> dict[str, Any]:
    """Of 100 vectors that were deleted, and of their sealed texts, how many are in some file after that.

    ``seen`` counts them before, to know that they can be seen at all; ``left`` after deletion and closing,
    ``after_owner`` when the whole owner was deleted, too.
    """
    # Of length 1 to the last bit, so that a store that scales vectors leaves them as they are.
    rows = np.random.default_rng(2).choice([-0.125, 0.125], (300, DIM)).astype(np.float32)
    seal, deleted = RowSeal(SECRET, DIM), range(100)
    texts = [seal.seal("ana", number, rows[number]).encode() for number in deleted]
    numbers = [_encodings(rows[number]) for number in deleted]

    def visible() -> tuple[int, int]:
        data = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        return (
            sum(any(text in some for some in data) for text in texts),
            sum(any(one in some for one in ways for some in data) for ways in numbers),
        )

    opened = hosted.opened(folder, DIM)
    opened.index.add("ana", list(range(300)), rows)
    opened.close()
    seen = visible()
    opened = hosted.opened(folder, DIM)
    opened.index.remove("ana", list(deleted))
    opened.close()
    left = visible()
    opened = hosted.opened(folder, DIM)
    opened.index.delete_owner("ana")
    opened.close()
    return {"of": len(texts), "seen": seen, "left": left, "after_owner": visible()}


def _encodings(row: NDArray[np.float32]) -> tuple[bytes, ...]:
    """A row as stores write it: numbers of 4 or 8 bytes, or a list in pickle."""
    pickled = b"".join(b"G" + struct.pack(">d", one) for one in row.tolist())
    return row.astype("<f4").tobytes(), row.astype("<f8").tobytes(), pickled


def leaks(hosted: Hosted, folder: Path) -> dict[str, int]:
    """Two owners with nearly the same vectors: searches, and ids that belong to the other one."""
    opened = hosted.opened(folder, DIM)
    index, rows = opened.index, unit(400, DIM, seed=3)
    index.add("ana", list(range(0, 400, 2)), rows[::2])
    index.add("ben", list(range(1, 400, 2)), rows[::2])
    wrong = searches = 0
    for row in unit(50, DIM, seed=4):
        for owner, odd in (("ana", 0), ("ben", 1)):
            for k in (3, 40):
                ids = index.search(owner, row[None], k)[1]
                wrong, searches = wrong + int((ids[ids >= 0] % 2 != odd).sum()), searches + 1
    index.delete_owner("ben")
    wrong += abs(index.count("ana") - 200) + index.count("ben")
    opened.close()
    return {"searches": searches, "wrong": wrong}


def recall(hosted: Hosted, folder: Path, vectors: int, dim: int, k: int = 10) -> dict[str, float]:
    """Share of the k nearest of all products that are found, and the largest error of a score."""
    rows, queries = unit(vectors, dim, seed=5), unit(50, dim, seed=6)
    opened, exact = hosted.opened(folder, dim), FlatIndex(dim)
    opened.index.add("ana", list(range(vectors)), rows)
    exact.add("ana", list(range(vectors)), rows)
    found, error = 0, 0.0
    for query in queries:
        true_ids = exact.search("ana", query[None], k)[1][0]
        scores, ids = opened.index.search("ana", query[None], k)
        found += len(set(true_ids.tolist()) & set(ids[0].tolist()))
        products = rows[ids[0]].astype(np.float64) @ query.astype(np.float64)
        error = max(error, float(np.abs(products - scores[0]).max()))
    opened.close()
    return {"recall": found / (k * len(queries)), "score_error": error}


if __name__ == "__main__":
    {"writer": writer, "lister": lister}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))

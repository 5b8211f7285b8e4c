"""Who is found in a picture: real retrieval over held-out households, beside controls.

    python -m benchmarks.retrieval --n 60 --json

Every household has six concepts, two photos each, mined as the product mines them. Scenes show one to three
figures: known concepts, look-alikes of a concept that is not there, strangers.

* ``found``: share of known concepts in a scene that are among the hits.
* ``precise``: share of hits that are in the scene.
* ``lookalike``: share of look-alikes taken for the concept they resemble.
* ``nobody``: share of scenes with strangers alone that have no hit.
* controls: ``everybody`` always returns all six, ``chance`` one concept at random.
"""

from __future__ import annotations

import json
import random
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.controls import Share
from jarvis_memory.intake import Intake
from jarvis_memory.tuning import tuned
from jarvis_pocket import scene
from jarvis_pocket.cast import draw_cast
from jarvis_pocket.exam import draw_exam
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.openclip import OpenCLIPEncoder
from jarvis_retrievers.retrieval import Entry
from jarvis_retrievers.retriever import ConceptRetriever

SIZE = 6


class Household:
    """Six held-out concepts in an index, as a memory holds them."""

    def __init__(self, rng: random.Random, encoder: OpenCLIPEncoder) -> None:
        tuning = tuned("pocket")
        intake = Intake(encoder, tuning.miner, tuning.subjects)
        exam = draw_exam(rng, (), "heldout", concepts=SIZE)
        self.concepts = exam.concepts
        index, entries, bank = FaissIndex(encoder.dim), [], np.zeros((0, encoder.dim), np.float32)
        for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
            draft = intake.draft(concept.name, (), None, [notes], list(photos), bank if len(bank) else None)
            vectors = np.stack([patch.vector for patch in draft.patches])
            ids = list(range(len(bank), len(bank) + len(vectors)))
            index.add("bench", ids, vectors)
            bank = np.concatenate([bank, vectors])
            entries.append(Entry(concept.name, (concept.name,), tuple(ids)))
        self.entries = entries
        self.retriever = ConceptRetriever(encoder, index, tuning.retriever)

    def find(self, image: Image.Image) -> set[str]:
        """The names found in a picture."""
        return set(self.retriever.retrieve("bench", "", [image], self.entries).keys)


def run(n: int, seed: int) -> dict[str, object]:
    """``n`` scenes of each of three sorts: with a known concept, with a look-alike, with strangers alone."""
    encoder = OpenCLIPEncoder.load("pocket", device="cpu")
    marks: dict[str, list[bool]] = {
        k: [] for k in ("found", "precise", "lookalike", "nobody", "everybody precise")
    }
    per = 5
    for number in range(max(1, round(n / per))):
        rng = random.Random(f"{seed}/{number}")
        house = Household(rng, encoder)
        for _ in range(per):
            asked = rng.choice(house.concepts)
            for sort in ("known", "alike", "strangers"):
                cast = draw_cast(
                    rng,
                    house.concepts,
                    asked,
                    "heldout",
                    count=rng.choice((1, 2, 3)),
                    inside=sort == "known",
                    alike=sort == "alike",
                    known=0.0 if sort == "strangers" else 0.6,
                )
                there = {name for _, name in cast if name}
                hits = house.find(scene.draw_scene(rng, [look for look, _ in cast]).image)
                if sort == "strangers":
                    marks["nobody"].append(not hits)
                    continue
                marks["found"] += [name in hits for name in there]
                marks["precise"] += [name in there for name in hits]
                marks["everybody precise"] += [c.name in there for c in house.concepts]
                if sort == "alike":
                    marks["lookalike"].append(asked.name in hits)
    return {
        "scenes": 3 * per * max(1, round(n / per)),
        "concepts": SIZE,
        "seed": seed,
        **{name: Share.of_all(of).to_dict() for name, of in marks.items()},
        "chance": round(1 / SIZE, 4),
    }


def main(
    n: Annotated[int, typer.Option(help="Scenes of each sort.", min=1)] = 60,
    seed: Annotated[int, typer.Option(help="Seed of the households.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Share of concepts found in pictures, and of hits that are right."""
    result = run(n, seed)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    table = Table(
        title=f"Who is found in a picture, {result['scenes']} scenes, {SIZE} concepts each, held out"
    )
    for column in ("figure", "%", "95 % interval", "of"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for name, row in result.items():
        if isinstance(row, dict):
            low, high = 100 * row["low"], 100 * row["high"]
            table.add_row(name, f"{100 * row['accuracy']:.1f}", f"{low:.1f} to {high:.1f}", str(row["n"]))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

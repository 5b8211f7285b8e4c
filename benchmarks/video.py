"""How frames of a video are put before a small model: one in a question, or several.

    python -m benchmarks.video --clips 5 --json

Clips of Pocket (`jarvis_bench.pocket.films`), each asked who is in the picture. The names that the answers
give anywhere are compared with those of everybody who is to be seen in the clip.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from jarvis_bench import Query
from jarvis_bench.methods import PocketVoice
from jarvis_bench.pocket.encoding import encode_clip
from jarvis_bench.pocket.films import Acts, draw_acts
from jarvis_bench.pocket.people import HELDOUT, named
from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket import notes, scene, world
from jarvis_pocket.film import RATE, draw_film
from jarvis_retrievers.errors import JarvisWarning
from jarvis_retrievers.openclip import OpenCLIPEncoder

QUESTION = "Who is in the picture?"
AT_ONCE = (1, 2, 6)


def run(clips: int, concepts: int) -> dict[str, Any]:
    """Recall and precision of names for each number of frames in a question."""
    rng = random.Random("benchmarks.video")
    known = named(rng, world.draw_concepts(rng, concepts, HELDOUT))
    films: list[tuple[Acts, bytes]] = []
    for _ in range(clips):
        acts = draw_acts(rng, known)
        films.append((acts, encode_clip([shot.image for shot in draw_film(rng, acts.acts)], RATE)))
    shown = [[scene.draw_photo(rng, one.look).image for _ in range(2)] for one in known]
    told = [" ".join(notes.draw_notes(rng, one)) for one in known]
    vlm, encoder = VLM.load("pocket"), OpenCLIPEncoder.load("pocket")
    found = {}
    for at_once in AT_ONCE:
        settings = vlm.settings.model_copy(update={"question_images": at_once})
        node = VLM(vlm._model, vlm.parts.processor, vlm.name, settings=settings, measured=vlm.measured)
        with (
            tempfile.TemporaryDirectory() as home,
            PersonalMemory.open(Path(home) / "home", model=node, clip=encoder) as memory,
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore", JarvisWarning)
            for one, photos, about in zip(known, shown, told, strict=True):
                memory.remember(one.name, photos, about)
            found[at_once] = _measured(memory, films, {one.name for one in known})
    return {"clips": clips, "concepts": concepts, "frames in a question": found}


def _measured(memory: PersonalMemory, films: list[tuple[Acts, bytes]], known: set[str]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    began = time.perf_counter()
    for acts, data in films:
        said, there = _names(memory, data) & known, set(acts.cast)
        counts.update(said=len(said), there=len(there), both=len(said & there), right=said == there)
    return {
        "recall": round(counts["both"] / counts["there"], 4),
        "precision": round(counts["both"] / max(1, counts["said"]), 4),
        "right": counts["right"],
        "seconds": round((time.perf_counter() - began) / len(films), 2),
    }


def _names(memory: PersonalMemory, data: bytes) -> set[str]:
    query = Query("", "video", "open", QUESTION, QUESTION)
    told = [PocketVoice().told(query, one.text) for one in memory.ask(QUESTION, video=data).glimpses]
    return {name.strip() for text in told for name in text.split(",")}


def main(
    clips: Annotated[int, typer.Option(help="Clips.", min=1)] = 5,
    concepts: Annotated[int, typer.Option(help="Concepts that are known.", min=4)] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Frames alone, by two, and all in one question."""
    result = run(clips, concepts)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    table = Table(title=f"{clips} clips, {concepts} concepts, up to 6 frames of each")
    for column in ("frames in a question", "names, recall %", "precision %", "clips right", "seconds a clip"):
        table.add_column(column, justify="right")
    for at_once, of in result["frames in a question"].items():
        shares = (f"{100 * of[name]:.1f}" for name in ("recall", "precision"))
        table.add_row(str(at_once), *shares, str(of["right"]), f"{of['seconds']:.1f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

"""Who is said to be in a picture: the small model alone, reflection as published, and ours.

    python -m benchmarks.collaboration --households 40 --seed 3 --json

Households of four held-out concepts (a third have a look-alike among them) with two photos each; five
pictures of one to three figures for each household: members, look-alikes of members, strangers, every fourth
emblem covered. Every member is asked about in every picture. Pocket is the small model and the large one.

* ``false present``: of members that are not there those that are said to be; ``look-alike``: the same where
  somebody who looks like the member is there.
* ``recall``: of members that are there those that are said to be. One whose claim was dropped is not found.
* ``place``: of those that were found those whose place is told, and told right.
* ``calls``, ``seconds``: of the small model for each picture, looks of retrieval included in the time.

Ways: ``alone``, the plain yes or no of the small model with its memory; ``published``, the reflection of SLC
(arXiv 2508.07260): two questions (is it to be seen? is it at that place?) about "present" only, and two
times no takes it back; ``ours``, `Collaboration` as it ships. Controls: ``retrieval`` alone, and the
constants ``yes`` and ``no``. The rule and the order of looks were chosen on other households (of this
benchmark those of the seeds 97 and 99; a looser rule missed the bar on 1 and 2), never on those of the seeds
that are reported, 3 and 4.

Then answers of the large model: Pocket with an empty memory and a report in sentences (``together``), and the
same without a report (``large alone``); a question about a picture is asked with ``share="text"`` and with
``share="photos"``. An answer counts as in `jarvis_pocket.ask`.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.gathering import Gathering, draw_gathering, here_question, open_household
from benchmarks.share import Share
from jarvis_agents.collaboration import Collaboration
from jarvis_agents.collaboration.reading import place_in, verdict
from jarvis_memory import VLM, PersonalMemory
from jarvis_plugins.langchain import ChatJarvis
from jarvis_pocket import ask, world
from jarvis_retrievers.errors import PhotoWarning
from jarvis_retrievers.openclip import OpenCLIPEncoder

WAYS = ("alone", "published", "ours", "retrieval", "yes", "no")
KINDS = ("fact", "detail", "compare", "unknown", "recognise (text)", "recognise (photos)")
MEMBERS, PICTURES = 4, 5
LEAST_CUT, MOST_LOSS = 0.5, 0.02
_IN_WORDS = {"left": "on the left", "middle": "in the middle", "right": "on the right"}

Said = dict[str, tuple[bool | None, str | None]]
"""By member: present, and the place if one is told."""


class Tally:
    """Marks of one way."""

    def __init__(self) -> None:
        self.marks: dict[str, list[bool]] = defaultdict(list)
        self.calls: list[int] = []
        self.seconds: list[float] = []

    def add(self, gathering: Gathering, said: Said, calls: int, seconds: float) -> None:
        """Mark what was said of one picture."""
        for name, (present, place) in said.items():
            self.marks["dropped"].append(present is None)
            if name not in gathering.places:
                self.marks["false present"].append(present is True)
                if name in gathering.alike:
                    self.marks["look-alike"].append(present is True)
                continue
            self.marks["recall"].append(present is True)
            self.marks["false absent"].append(present is False)
            if present:
                self.marks["place"].append(place == gathering.places[name])
        self.calls.append(calls)
        self.seconds.append(seconds)

    def to_dict(self) -> dict[str, Any]:
        """Shares, and means per picture."""
        shares = {figure: Share.of_all(marks).to_dict() for figure, marks in self.marks.items()}
        count = len(self.calls)
        return shares | {
            "calls": round(sum(self.calls) / count, 2),
            "seconds": round(sum(self.seconds) / count, 3),
        }


def look(
    memory: PersonalMemory, together: Collaboration, gathering: Gathering, tallies: Mapping[str, Tally]
) -> Any:
    """Let every way look at one picture; returns what came of the collaboration."""
    names = [concept.name for concept in memory.list()]
    began = time.perf_counter()
    alone: Said = {}
    for name in names:
        said = memory.ask(f"Is {name} in the picture?", [gathering.image]).text
        alone[name] = verdict(said, name), place_in(said, name)
    spent = time.perf_counter() - began
    tallies["alone"].add(gathering, alone, len(names), spent)

    calls, published = len(names), dict(alone)
    for name, (present, place) in alone.items():
        if present:
            seen = memory.ask(f"Can you see {name}?", [gathering.image]).text
            where = memory.ask(
                f"Who is {_IN_WORDS.get(place or '', 'in the picture')}?", [gathering.image]
            ).text
            calls += 2
            first, second = verdict(seen, name), f"It is {name}." in where
            # One no takes back only the place; an answer that cannot be read is a no, as in their code.
            published[name] = bool(first or second), place if first and second else None
    tallies["published"].add(gathering, published, calls, time.perf_counter() - began)

    done = together.answer("Who is in the picture?", [gathering.image])
    ours: Said = {one.concept: (one.present, one.place) for one in done.reflections}
    small = done.seconds.report + done.seconds.reflect + done.seconds.retrieve
    tallies["ours"].add(gathering, ours, done.calls.small, small)

    began = time.perf_counter()
    found = {find.concept.name for find in memory.why("", [gathering.image]).found}
    spent = time.perf_counter() - began
    tallies["retrieval"].add(gathering, {name: (name in found, None) for name in names}, 0, spent)
    tallies["yes"].add(gathering, dict.fromkeys(names, (True, None)), 0, 0.0)
    tallies["no"].add(gathering, dict.fromkeys(names, (False, None)), 0, 0.0)
    return done


def answer(
    rng: random.Random,
    memory: PersonalMemory,
    concepts: list[world.PocketConcept],
    gatherings: list[Gathering],
    large: ChatJarvis,
    marks: dict[str, dict[str, list[bool]]],
) -> None:
    """Questions whose answers the large model gives, with and without the small one."""
    items: list[tuple[str, ask.Question, Gathering | None]] = [
        ("fact", ask.ask_fact(rng, rng.choice(concepts), rng.choice(list(world.FACTS))), None),
        ("detail", ask.ask_detail(rng, rng.choice(concepts), rng.choice(("emblem", "worn"))), None),
        ("compare", ask.draw_compare(rng, concepts), None),
        ("unknown", ask.ask_unknown(rng, world.draw_name(rng, "train")), None),
    ]
    gathering = gatherings[0]
    asked = here_question(rng, gathering, concepts)
    items += [("recognise (text)", asked, gathering), ("recognise (photos)", asked, gathering)]
    for kind, question, picture in items:
        share = "photos" if "photos" in kind else "text"
        images = [] if picture is None else [picture.image]
        together = Collaboration(memory, large, wording="sentences", share=share)
        said = together.answer(question.text, images)
        marks[kind]["together"].append(question.right(said.text))
        marks[kind]["small alone"].append(question.right(memory.ask(question.text, images).text))
        marks[kind]["large alone"].append(question.right(str(large.invoke(question.text).content)))


def run(households: int, seed: int) -> dict[str, Any]:
    """All figures of so many households."""
    vlm, encoder = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
    tallies = {way: Tally() for way in WAYS}
    marks: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    verdicts: dict[str, int] = defaultdict(int)
    checks: dict[str, list[float]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as folder,
        PersonalMemory.open(Path(folder), owner="large", model=vlm, clip=encoder) as empty,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", PhotoWarning)  # look-alikes live in these households on purpose
        large = ChatJarvis(memory=empty)
        for number in range(households):
            rng = random.Random(f"collaboration/{seed}/{number}")
            with open_household(rng, MEMBERS, vlm, encoder) as (memory, concepts):
                together = Collaboration(memory, large, wording="sentences")
                gatherings = [draw_gathering(rng, concepts) for _ in range(PICTURES)]
                for gathering in gatherings:
                    for one in look(memory, together, gathering, tallies).reflections:
                        verdicts[one.verdict] += 1
                        for check in one.checks:
                            checks[check.kind].append(check.seconds)
                answer(rng, memory, concepts, gatherings, large, marks)
    ways = {way: tally.to_dict() for way, tally in tallies.items()}
    alone, ours = ways["alone"], ways["ours"]
    cut = ours["false present"]["accuracy"] <= (1 - LEAST_CUT) * alone["false present"]["accuracy"]
    loss = alone["recall"]["accuracy"] - ours["recall"]["accuracy"]
    return {
        "households": households,
        "pictures": households * PICTURES,
        "seed": seed,
        "ways": ways,
        "verdicts": dict(verdicts),
        "checks": {
            kind: {"made": len(of), "seconds": round(sum(of) / len(of), 3)} for kind, of in checks.items()
        },
        "answers": {
            kind: {who: Share.of_all(of).to_dict() for who, of in by.items()} for kind, by in marks.items()
        },
        "bars": {
            "false present cut by half or more against the small model alone": bool(
                alone["false present"]["accuracy"] > 0 and cut
            ),
            "recall at most 2 points below the small model alone": loss <= MOST_LOSS,
        },
    }


def main(
    households: Annotated[int, typer.Option(help="Households, five pictures each.", min=2)] = 40,
    seed: Annotated[int, typer.Option(help="Seed of households and pictures.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """False "present" and recall of a small model alone, with reflection as published, and with ours."""
    result = run(households, seed)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    screen = Console()
    for table in draw_tables(result):
        screen.print(table)
    screen.print(f"claims: {', '.join(f'{n} {verdict}' for verdict, n in result['verdicts'].items())}")
    for kind, of in result["checks"].items():
        screen.print(f"{kind}: {of['made']} made, {1000 * of['seconds']:.0f} ms each")
    for bar, holds in result["bars"].items():
        screen.print(f"{'holds' if holds else 'MISSED'}: {bar}")


def draw_tables(result: Mapping[str, Any]) -> list[Table]:
    """Looks and answers, in percent, with the half width of the 95 % interval."""
    names = ("false present", "look-alike", "recall", "false absent", "dropped", "place")
    looks = Table(title=f"{result['pictures']} pictures, {MEMBERS} members each, held out, in %")
    for column in ("way", *names, "calls", "seconds"):
        looks.add_column(column, justify="left" if column == "way" else "right")
    for way, of in result["ways"].items():
        cells = [_cell(of[name]) if name in of else "-" for name in names]
        looks.add_row(way, *cells, f"{of['calls']:.1f}", f"{of['seconds']:.2f}")
    answers = Table(title="Right answers of the large model, in %")
    whose = ("large alone", "together", "small alone")
    for column in ("kind", *whose):
        answers.add_column(column, justify="left" if column == "kind" else "right")
    for kind in KINDS:
        answers.add_row(kind, *(_cell(result["answers"][kind][who]) for who in whose))
    return [looks, answers]


def _cell(share: Mapping[str, float]) -> str:
    return f"{100 * share['accuracy']:.1f} ±{50 * (share['high'] - share['low']):.1f}"


if __name__ == "__main__":
    typer.run(main)

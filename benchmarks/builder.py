"""Whether what `jarvis bench build` keeps is right, against what the renderer drew.

    python -m benchmarks.builder --seed 11 --seeds 3 --concepts 40

Held-out concepts of Pocket, a third of them with a look-alike, four photos each as people have them: on one
in eight the emblem is covered, one in twenty shows another concept. Nothing is told but names and photos.
Figures:

* ``kept``: items of the data set whose key is what the renderer drew, with no other option that is; the
  ``details`` are what they ask about, up to four items each.
* ``unchecked``: the same without any check; the key is what the first photo says.
* ``blind``: kept items that the method ``none`` answers, asked by the harness.
* ``hidden``: pictures of kept items whose cover hides most of the detail.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.share import Share
from jarvis_bench import Item, Plan, read_outcomes, run
from jarvis_bench.building import BuildSettings, Built, Given, GivenPhoto, Proposal, build
from jarvis_bench.item import LETTERS
from jarvis_bench.methods import Models, NoneMethod
from jarvis_bench.pocket.people import HELDOUT, named
from jarvis_pocket.scene import Figure, draw_photo, draw_scene
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import PocketConcept, draw_gallery
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.images import encode_png

_PHOTOS, _COVERED, _MISFILED = 4, 1 / 8, 1 / 20
_SHOWN = 20


@dataclass
class Album:
    """Concepts as a user has them, and the truth: looks, and where things are on each photo."""

    concepts: list[PocketConcept]
    given: list[Given] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)

    def truth(self, built: Built, proposal: Proposal) -> str:
        """What the detail is."""
        name = next(one.name for one in built.dataset.concepts if one.id == proposal.concept)
        look = next(one.look for one in self.concepts if one.name == name)
        return {"emblem": look.emblem, "accessory": look.worn}[proposal.part]


def draw_album(seed: int, count: int) -> Album:
    """Concepts and photos of one seed."""
    rng = random.Random(f"builder/{seed}")
    album = Album(named(rng, draw_gallery(rng, count, HELDOUT)))
    for concept in album.concepts:
        photos = []
        for number in range(_PHOTOS):
            origin, look = f"{concept.name}/{number}.png", concept.look
            if rng.random() < _MISFILED:
                look = rng.choice([one.look for one in album.concepts if one is not concept])
            covered = rng.random() < _COVERED
            picture = draw_scene(rng, [Shown(look, None, True)], 256) if covered else draw_photo(rng, look)
            photos.append(GivenPhoto(encode_png(picture.image), ".png", origin))
            album.figures[origin] = picture.figures[0]
        album.given.append(Given(concept.name, "", "", tuple(photos)))
    return album


@dataclass
class Tally:
    """Marks of one way of building, over all seeds."""

    proposed: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    kept: list[bool] = field(default_factory=list)
    details: list[bool] = field(default_factory=list)
    hidden: list[bool] = field(default_factory=list)
    forms: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, album: Album, built: Built) -> None:
        """Mark all items of a data set."""
        items = {item.id: item for item in built.dataset.items}
        self.proposed += len(built.provenance.proposals)
        self.dropped.update(built.provenance.dropped)
        asked: dict[tuple[str, str], bool] = {}
        for one in built.provenance.proposals:
            if not one.kept:
                continue
            truth = album.truth(built, one)
            right = item_right(items[one.id], truth)
            self.kept.append(right)
            self.forms[one.form] += 1
            asked[one.concept, one.part] = right and asked.get((one.concept, one.part), True)
            if not right:
                self.wrong.append(f"{one.id}: {one.answer!r} is {truth!r}")
            if one.covered:
                figure = album.figures[built.provenance.photos[one.picture]]
                self.hidden.append(_covers(Box(*one.covered), figure, one.part))
        self.details += asked.values()

    @classmethod
    def sum_of(cls, some: Sequence[Tally]) -> Tally:
        """All of them together."""
        whole = cls()
        for one in some:
            whole.proposed += one.proposed
            whole.dropped += one.dropped
            whole.forms += one.forms
            whole.kept += one.kept
            whole.details += one.details
            whole.hidden += one.hidden
            whole.wrong += one.wrong
        return whole

    def to_dict(self) -> dict[str, object]:
        """As it is printed."""
        return {
            "proposed": self.proposed,
            "kept": len(self.kept),
            "forms": dict(sorted(self.forms.items())),
            "dropped": dict(self.dropped.most_common()),
            "right": Share.of_all(self.kept).to_dict(),
            "details right": Share.of_all(self.details).to_dict(),
            "hidden": Share.of_all(self.hidden).to_dict(),
            "wrong": self.wrong[:_SHOWN],
        }


def item_right(item: Item, truth: str) -> bool:
    """Whether the key of an item is the truth, and nothing else that it offers or bars is."""
    if not item.options:
        return item.answer == truth and truth not in item.bars
    return item.options[LETTERS.index(item.answer)] == truth and item.options.count(truth) == 1


def _covers(box: Box, figure: Figure, part: str) -> bool:
    left, top, right, bottom = figure.emblem if part == "emblem" else figure.accessory
    width = max(0.0, min(right, box.right) - max(left, box.left))
    height = max(0.0, min(bottom, box.bottom) - max(top, box.top))
    return width * height > 0.5 * (right - left) * (bottom - top)


def blind_marks(built: Built, models: Models, folder: Path) -> list[bool]:
    """Of each kept item whether the model answers it without a memory, as the harness asks it."""
    run(built.dataset, NoneMethod(models), folder, plan=Plan(("method",)), canary=0)
    return [outcome.right for outcome in read_outcomes(folder)]


@dataclass
class Found:
    """Figures of one seed."""

    checked: Tally
    unchecked: Tally
    blind: list[bool]


def measure(seed: int, concepts: int, agreement: float) -> Found:
    """Build with and without checks, and mark both."""
    models, album = Models(), draw_album(seed, concepts)
    checked, unchecked, blind = Tally(), Tally(), list[bool]()
    with tempfile.TemporaryDirectory(prefix="builder-") as name:
        folder = Path(name)
        built = build(album.given, folder / "built", models, BuildSettings(seed=seed, agreement=agreement))
        checked.add(album, built)
        if built.dataset.items:
            blind = blind_marks(built, models, folder / "run")
        plain = build(album.given, folder / "plain", models, BuildSettings(seed=seed, checks=False))
        unchecked.add(album, plain)
    typer.echo(f"seed {seed}: {len(checked.kept)} kept, {sum(checked.kept)} right", err=True)
    return Found(checked, unchecked, blind)


def main(
    seed: Annotated[int, typer.Option(help="The first seed of concepts and photos.")] = 11,
    seeds: Annotated[int, typer.Option(help="How many seeds, from the first on.", min=1)] = 1,
    concepts: Annotated[int, typer.Option(help="Concepts of each seed.", min=2)] = 40,
    agreement: Annotated[float, typer.Option(help="Share of testimonies that agree.")] = 1.0,
    jobs: Annotated[int, typer.Option(help="Seeds at once.", min=1)] = 1,
) -> None:
    """Print the figures as JSON."""
    every = range(seed, seed + seeds)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(partial(measure, concepts=concepts, agreement=agreement), every))
    told = {
        "seeds": [*every],
        "concepts": concepts,
        "checked": Tally.sum_of([one.checked for one in found]).to_dict(),
        "unchecked": Tally.sum_of([one.unchecked for one in found]).to_dict(),
        "blind": Share.of_all([mark for one in found for mark in one.blind]).to_dict(),
    }
    typer.echo(json.dumps(told, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    typer.run(main)

"""Builds a benchmark of fine-grained questions from photos alone."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from PIL import Image

from jarvis_retrievers.errors import ProfileError, SettingError
from jarvis_retrievers.images import load_image, pixel_digest

from ..dataset import BenchConcept, Dataset, LeftOut
from ..item import Item
from ..jsonl import write_dataset
from ..ledger import Ledger
from ..methods.models import MOST_TOKENS, Models
from ..reading import plain_text
from .blind import Blind
from .card import card_of
from .covering import cover, saved
from .distractors import alike, choose_rivals
from .drafting import Draft, Shown
from .gather import Gathered, Known, gather
from .given import Given
from .hearing import shown
from .mined import Mine, Mined
from .onlooker import Ask
from .proposal import Proposal, Rival
from .provenance import PROVENANCE, Provenance, write_provenance
from .reason import Reason
from .settings import BuildSettings
from .settling import Settled, settle
from .witness import Witness, witness_of

__all__ = ["DATASET", "Built", "build"]

DATASET = "dataset.jsonl"
"""The name of the data set below its root."""
ASKED = "asked.jsonl"
NO_DESCRIPTION = "a concept that the model cannot describe"
_FEW = 4  # of fewer concepts nothing is common

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Built:
    """A data set and its provenance."""

    dataset: Dataset
    provenance: Provenance


def build(
    given: Sequence[Given],
    out: str | os.PathLike[str],
    models: Models,
    settings: BuildSettings | None = None,
    *,
    witness: Witness | None = None,
    progress: Progress = lambda doing, done, of: None,
) -> Built:
    """Propose questions about distinct details, drop what is unsure or needs no memory, and write the rest.

    ``out`` gets the photos, ``dataset.jsonl``, ``provenance.jsonl``, ``card.md`` and ``asked.jsonl``, which
    holds every answer of the model: interrupted, it goes on there when it is started again.

    Args:
        given: two or more concepts.
        out: the folder.
        models: the model and the encoder.
        settings: how strict.
        witness: who says what details are; by default `witness_of` the models.
        progress: called with what is done, how much of it, and of how much.

    Raises:
        SettingError: the folder holds another data set.
        DatasetError: photos of fewer than two concepts can be used.
    """
    settings = settings or BuildSettings()
    root = Path(out).expanduser()
    if (root / DATASET).exists() and not (root / PROVENANCE).exists():
        raise SettingError(f"{root} holds a data set that was not built here; use another folder")
    gathered = gather(given, root, settings)
    made = _Building(gathered, root, models, settings, witness or witness_of(models), progress)
    return made.build()


class _Building:
    def __init__(
        self,
        gathered: Gathered,
        root: Path,
        models: Models,
        settings: BuildSettings,
        witness: Witness,
        progress: Progress,
    ) -> None:
        self._gathered, self._root, self._models = gathered, root, models
        self._settings, self._witness, self._progress = settings, witness, progress
        self._ledger = Ledger(root / ASKED)
        self._left = Counter(gathered.left_out)

    def build(self) -> Built:
        concepts = self._gathered.concepts
        side = self._models.vlm.patch_side
        mine = Mine(self._models.encoder, self._models.tuning, side, self._settings.windows)
        done = _count(self._progress, "mining", len(concepts))
        mined = mine.mine(concepts, lambda path: load_image(self._root / path), self._held, done)
        done = _count(self._progress, "describing", len(concepts))
        settled: dict[str, list[Settled]] = {}
        for one in concepts:
            settled[one.id] = self._settled(one, mined[one.id])
            done()
        if self._settings.checks:
            settled = self._uncommon(settled)
        done = _count(self._progress, "asking", len(concepts))
        items: list[Item] = []
        proposals: list[Proposal] = []
        for one in concepts:
            for place, detail in enumerate(settled[one.id]):
                draft = self._draft(one, mined, settled, detail, place, side)
                items += draft.items
                proposals += draft.proposals
            done()
        return self._written(items, proposals)

    def _held(self, one: Known) -> int:
        """How many photos are kept for questions: one, if enough are left to agree."""
        return int(len(one.photos) > self._settings.least_photos)

    def _say(self, asks: Sequence[Ask]) -> list[str]:
        model = self._models.vlm.fingerprint
        keys = [("shown", model, one.name, prompt, *map(pixel_digest, one.shown)) for one, prompt in asks]
        return self._ledger.said(keys, lambda places: self._witness.say([asks[place] for place in places]))

    def _ask(self, prompt: str, images: Sequence[Image.Image]) -> str:
        vlm = self._models.vlm
        asked = ("blind", vlm.fingerprint, prompt, *map(pixel_digest, images))
        return self._ledger.said([asked], lambda _: [vlm.generate(None, prompt, images, MOST_TOKENS).text])[0]

    def _settled(self, one: Known, mined: Mined) -> list[Settled]:
        try:
            parts = self._witness.parts(shown(one, mined.together.crops))
        except ProfileError:
            self._left[NO_DESCRIPTION] += 1
            return []
        found: list[Settled] = []
        for part, wordings in parts.items():
            new = settle(one, mined, part, wordings, self._witness, self._say, self._settings)
            if self._settings.checks and not new.reason:
                distinct = max((spot.distinctiveness for spot in new.spots), default=0.0)
                if distinct < self._settings.least_distinct:
                    new = replace(new, reason=Reason.NOT_DISTINCT)
                elif any(alike(new.answer, old.answer) for old in found if not old.reason):
                    new = replace(new, reason=Reason.TWICE)
            found.append(new)
        return found

    def _uncommon(self, settled: Mapping[str, list[Settled]]) -> dict[str, list[Settled]]:
        """What most concepts have is guessed without knowing any of them."""
        counts: dict[str, Counter[str]] = {}
        for details in settled.values():
            for one in details:
                if not one.reason:
                    counts.setdefault(_part(one), Counter())[plain_text(one.answer)] += 1

        def judged(one: Settled) -> Settled:
            mine = counts.get(_part(one), Counter())
            of = mine.total()
            common = of >= _FEW and mine[plain_text(one.answer)] > self._settings.commonest * of
            return replace(one, reason=Reason.TOO_COMMON) if common and not one.reason else one

        return {id: [judged(one) for one in details] for id, details in settled.items()}

    def _draft(
        self,
        one: Known,
        mined: Mapping[str, Mined],
        settled: Mapping[str, list[Settled]],
        detail: Settled,
        place: int,
        side: int,
    ) -> Draft:
        rivals = () if detail.reason else self._rivals(one, mined, settled, detail)
        seen: Shown | None = None
        if self._held(one) and not detail.reason:
            found = cover(one, mined[one.id], detail, self._witness, self._say, self._settings, side)
            detail = replace(detail, testimonies=(*detail.testimonies, *found.testimonies))
            if found.image is not None and found.box is not None:
                picture = saved(found.image, self._root)
                seen = Shown(picture, found.image, one.photos[-1].path, found.box.as_tuple())
        draft = Draft(
            id=f"{one.id}/{place}",
            known=one,
            settled=detail,
            rivals=rivals,
            blind=Blind(self._ask, self._models.voice) if self._settings.checks else None,
            settings=self._settings,
            shown=seen,
            no_cover=Reason.NO_COVER if self._held(one) else None,
        )
        draft.make()
        return draft

    def _rivals(
        self, one: Known, mined: Mapping[str, Mined], settled: Mapping[str, list[Settled]], detail: Settled
    ) -> tuple[Rival, ...]:
        me = mined[one.id].subject
        candidates = [
            Rival(concept=id, answer=theirs.answer, likeness=round(float(me @ mined[id].subject), 4))
            for id, details in settled.items()
            for theirs in details
            if id != one.id and _part(theirs) == _part(detail) and theirs.sure
        ]
        if not self._settings.checks:
            random.Random(f"rivals/{self._settings.seed}/{one.name}").shuffle(candidates)
            different = {rival.answer: rival for rival in candidates if rival.answer != detail.answer}
            return tuple(different.values())
        return choose_rivals(detail.answer, candidates)

    def _written(self, items: Sequence[Item], proposals: Sequence[Proposal]) -> Built:
        models, settings = self._models, self._settings
        provenance = Provenance(
            models={
                "model": models.model,
                "model fingerprint": models.vlm.fingerprint,
                "encoder": models.clip,
                "encoder fingerprint": models.encoder.fingerprint,
                "witness": self._witness.name,
                "voice": models.voice.name,
            },
            settings=asdict(settings),
            photos=self._gathered.origins,
            proposals=tuple(proposals),
        )
        left = +self._left + Counter({f"dropped: {why}": n for why, n in provenance.dropped.items()})
        dataset = Dataset(
            name="built",
            root=self._root,
            concepts=tuple(
                BenchConcept(
                    id=one.id,
                    name=one.name,
                    category=one.category,
                    notes=one.notes,
                    photos=one.photos[: len(one.photos) - self._held(one)],
                )
                for one in self._gathered.concepts
            ),
            items=tuple(items),
            licence="yours",
            card=card_of(provenance, self._gathered, +self._left),
            left_out=tuple(LeftOut(why=why, count=count) for why, count in sorted(left.items())),
        )
        write_provenance(provenance, self._root / PROVENANCE)
        (self._root / "card.md").write_text(f"# {dataset.name}\n\n{dataset.card}\n", encoding="utf-8")
        # Last: a folder that has it has all the rest.
        write_dataset(dataset, self._root / DATASET)
        return Built(dataset, provenance)


def _part(detail: Settled) -> str:
    return plain_text(detail.part)


def _count(progress: Progress, doing: str, of: int) -> Callable[[], None]:
    """Tells how much of one kind of work is done each time it is called."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(doing, done, of)

    return step

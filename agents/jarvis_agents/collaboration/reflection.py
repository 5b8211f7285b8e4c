"""Reflection: each claim is checked by looks that know nothing of it, and a rule says what stands.

There are two kinds of witness: the vectors of retrieval, and the model's looks.

* A concept is **present** if the vectors see it, and at least half of the looks do.
* It is **absent** if the vectors do not see it, and less than half of the looks do.
* Where the two contradict each other, or nothing could be read, the claim is **dropped**.
* Without vectors (another encoder has made them) more than half of the looks decide, a tie drops the claim.
* A **place** stands if more than half of those that tell one agree, and at least two do: words of the looks,
  the region of the vectors, and the region's crop if the concept is seen in it.

Where vectors and first look agree, these are two witnesses, and no more are asked but for the place; such a
look counts as well. Else the
reporter's checks follow, one by one, until no further one could change what holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jarvis_memory.concept import Concept

from .look import Look, Scene
from .region import column
from .report import Place
from .reporter import Reporter

__all__ = ["Reflection", "Verdict", "decide", "locate", "reflect", "sighted", "unchecked"]

Verdict = Literal["stands", "turned", "dropped"]


@dataclass(frozen=True, slots=True)
class Reflection:
    """What became of one claim.

    Attributes:
        concept: its name.
        picture: counted from 1.
        claim: the first look.
        checks: the looks after it, in order.
        present: what holds; None if the claim was dropped.
        place: that holds; None if there is none, or it was dropped.
    """

    concept: str
    picture: int
    claim: Look
    checks: tuple[Look, ...]
    present: bool | None
    place: Place | None

    @property
    def verdict(self) -> Verdict:
        """Whether the claim stands as it was made, was turned into its opposite, or dropped."""
        if self.present is None:
            return "dropped"
        return "turned" if self.claim.present is not self.present else "stands"

    @property
    def calls(self) -> int:
        """Calls of the small model for the checks."""
        return sum(check.calls for check in self.checks)

    @property
    def seconds(self) -> float:
        """What the checks took."""
        return sum(check.seconds for check in self.checks)

    def with_check(self, check: Look) -> Reflection:
        """The same with one more look, decided anew."""
        return _reflected(self.concept, self.picture, self.claim, (*self.checks, check))


def sighted(scene: Scene, concept: str) -> Look | None:
    """What the vectors say, at the concept's own threshold; None if it was not compared."""
    sighting = scene.sightings.get(concept)
    if sighting is None:
        return None
    seen = sighting.score >= sighting.threshold
    place = column(sighting.region[1], scene.image.width) if seen else None
    return Look("sighted", seen, place, f"{sighting.score:.3f} of {sighting.threshold:.3f}", calls=0)


def reflect(reporter: Reporter, scene: Scene, concept: Concept, claim: Look, most: int = 4) -> Reflection:
    """Check one claim with at most ``most`` looks besides the vectors'; see the module for the rule."""
    checks = [look] if (look := sighted(scene, concept.name)) is not None else []
    left = list(reporter.kinds[:most])
    total = 1 + len(left)
    while left and _open([claim, *checks], total):
        checks.append(reporter.look(left.pop(0), scene, concept))
    made = _reflected(concept.name, scene.number, claim, checks)
    # Whether it is in the region where the vectors see it, tells most of its place.
    for kind in sorted(left, key=lambda kind: kind != "cropped"):
        if not made.present or made.place is not None:
            break
        made = made.with_check(reporter.look(kind, scene, concept))
    return made


def unchecked(scene: Scene, concept: str, claim: Look) -> Reflection:
    """The claim as it was made; where it tells no place, the vectors' region is taken for it."""
    seen = sighted(scene, concept)
    place = claim.place or (None if seen is None else seen.place)
    return Reflection(concept, scene.number, claim, (), claim.present, place if claim.present else None)


def decide(looks: Sequence[Look]) -> bool | None:
    """Present, absent, or None for neither, from all looks; see the module for the rule."""
    vectors = next((look.present for look in looks if look.kind == "sighted"), None)
    yes, no = _count(looks)
    if not yes + no:
        return None
    if vectors is None:
        return None if yes == no else yes > no
    if vectors:
        return True if yes >= no else None
    return False if yes < no else None


def locate(looks: Sequence[Look]) -> Place | None:
    """The place that more than half of at least two witnesses tell; None if there is none."""
    told = Counter(look.place for look in looks if look.present and look.place is not None)
    if told.total() < 2:
        return None
    (place, count), *_ = told.most_common(1)
    return place if 2 * count > told.total() else None


def _reflected(concept: str, picture: int, claim: Look, checks: Sequence[Look]) -> Reflection:
    looks = [claim, *checks]
    present = decide(looks)
    return Reflection(concept, picture, claim, tuple(checks), present, locate(looks) if present else None)


def _open(looks: Sequence[Look], total: int) -> bool:
    """Whether looks that are not taken yet could change what holds; ``total`` with all of them."""
    vectors = next((look.present for look in looks if look.kind == "sighted"), None)
    yes, no = _count(looks)
    if vectors is True:
        return bool(no or not yes) and 2 * yes < total and 2 * no <= total
    if vectors is False and not yes:
        return not no
    return 2 * yes < total and 2 * no <= total


def _count(looks: Sequence[Look]) -> tuple[int, int]:
    read = [look.present for look in looks if look.kind != "sighted" and look.present is not None]
    return sum(read), len(read) - sum(read)

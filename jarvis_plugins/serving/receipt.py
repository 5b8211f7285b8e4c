"""What stands under an answer: who it is about, what was reused, how fast it was, and the evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nicegui.element import Element

from jarvis_memory import Concept, Evidence
from jarvis_retrievers.boxes import Box

from .build import button, milliseconds, part, picture, words
from .comparison import Comparison
from .reply import Reply

if TYPE_CHECKING:
    from .desk import Desk

__all__ = ["Receipt"]

_CROPS: Final = 5
_FEW: Final = 3
_GROUPS: Final = 8
_MODES: Final = {
    "compose": "stored segments, moved behind each other; nothing computed anew",
    "link": "stored segments; profiles and the first patches of later ones computed anew",
    "blend": "stored segments; the tokens that changed most computed anew",
    "exact": "a full prefill: everything computed anew",
    "none": "no concept was found; the model answered without memory",
}


@dataclass
class Receipt:
    """What stands under one answer.

    Attributes:
        desk: whose answer it is.
        reply: the answer.
        known: concepts by name.
        look: called with a name that was clicked.
        measure: called when a full prefill is to be measured.
    """

    desk: Desk
    reply: Reply
    known: Mapping[str, Concept]
    look: Callable[[str], None]
    measure: Callable[[], None]

    def build(self) -> None:
        """Put it where the caller is."""
        self.about: dict[str, list[Element]] = {}
        with part("div", "receipt"):
            self._used()
            if self.reply.answers:
                self._tokens()
            self.race = part("div", "race")
            self._evidence()
            for notice in (
                *self.reply.notices,
                *(n for answer in self.reply.answers for n in answer.notices),
            ):
                words("p", notice, "notice quiet")

    def forget(self, name: str) -> None:
        """Take away every picture of a concept."""
        for element in self.about.pop(name, []):
            if not element.is_deleted:
                element.delete()

    def offer(self, running: bool) -> None:
        """Before anything was measured: say so, or offer it."""
        self.race.clear()
        with self.race:
            words("span", f"First token after {milliseconds(self.reply.ttft)}", "quiet first-token")
            if running:
                words("span", "measuring a full prefill …", "quiet measuring")
            elif any(mode in ("compose", "link", "blend") for mode in self.reply.modes):
                button("Measure a full prefill", "link").on("click", lambda: self.measure())

    def compared(self, found: Comparison | None) -> None:
        """Two bars: from stored segments, and by a full prefill."""
        self.race.clear()
        with self.race:
            words("span", f"First token after {milliseconds(self.reply.ttft)}", "quiet first-token")
            if found is None:
                return
            longest = max(found.stored, found.full)
            with part("div", "bars", role="group", aria_label="Time to the first token, measured"):
                for kind, label, seconds, finding in (
                    ("stored", "from memory", found.stored, found.finding[0]),
                    ("full", "full prefill", found.full, found.finding[1]),
                ):
                    with part("div", f"bar {kind}"):
                        words("span", label, "label")
                        with part("span", "rail"):
                            find, rest = 100 * finding / longest, 100 * (seconds - finding) / longest
                            part(
                                "span", "find", title=f"finding who is meant: {milliseconds(finding)}"
                            ).style(f"width: {find:.1f}%")
                            part("span", "fill").style(f"width: {rest:.1f}%")
                        words("span", milliseconds(seconds), "value")
            said = f"{found.ratio:.2f} of the time of a full prefill"
            words(
                "span",
                said,
                "quiet",
                title="Asked again both ways, in turn; medians of 3. Grey: finding who is meant",
            )

    def _used(self) -> None:
        if not self.reply.concepts:
            return
        with part("div", "chips", role="group", aria_label="Concepts used"):
            for name in self.reply.concepts:
                chip = part("button", "chip", type="button", title=f"Show {name}")
                chip.on("click", lambda _, name=name: self.look(name))
                self.about.setdefault(name, [])
                with chip:
                    concept = self.known.get(name)
                    if concept is not None and concept.photos:
                        face = picture(f"/photo/{concept.now.photos[0].id}.jpg", "")
                        self.about[name].append(face)
                    words("span", name)

    def _tokens(self) -> None:
        reused, computed = self.reply.reused, self.reply.computed
        with part("div", "tokens"):
            with part("span", "rail", aria_hidden="true"):
                share = 100 * reused / max(1, reused + computed)
                part("span", "fill").style(f"width: {share:.1f}%")
            words("span", f"{reused} tokens reused", "reused")
            words("span", f"{computed} computed", "computed")
            questions, looks = len(self.reply.answers), self.reply.looks
            if questions > 1 or looks:
                told = f"{questions} question{'s' * (questions != 1)}"
                told += f", {looks} second look{'s' * (looks != 1)}" if looks else ""
                words("span", told, "quiet", title="what the model was asked for this answer")
            for mode in self.reply.modes:
                words("span", mode, "tag", title=_MODES.get(mode, mode))

    def _evidence(self) -> None:
        shown = _chosen(self.reply)
        if not shown:
            return
        with part("div", "evidence", role="group", aria_label="Evidence"):
            for name, patches in shown.items():
                figure = part("figure", "proof")
                self.about.setdefault(name, []).append(figure)
                with figure:
                    words("figcaption", name)
                    for one in patches:
                        self._crop(one)

    def _crop(self, one: Evidence) -> None:
        source = f"/crop/{one.photo}/{_edges(one.box)}.jpg"
        if one.region is None or one.image is None:
            title = f"a patch of {one.concept}, mining score {one.score:.2f}"
            picture(source, f"A patch of {one.concept}", "patch-crop", title=title)
            return
        asked = self.reply.pictures[one.image]
        title = f"cosine {one.score:.3f} between a region of your picture and a patch of {one.concept}"
        with part("div", "pair", title=title):
            region = f"/region/{self.desk.id}/{asked.id}/{_edges(one.region)}.jpg"
            picture(region, f"Region of {asked.name} taken for {one.concept}")
            picture(source, f"A patch of {one.concept}")
            words("span", f"{one.score:.2f}", "cosine")


def _chosen(reply: Reply) -> dict[str, list[Evidence]]:
    """Of each concept what was seen of it in the question's pictures, then its best patches."""
    of: dict[str, list[Evidence]] = {}
    for answer in reply.answers:
        for one in answer.evidence:
            there = of.setdefault(one.concept, [])
            if one.image is None or one.image < len(reply.pictures):
                there += [one] if one not in there else []
    most = _FEW if len(of) > 1 else _CROPS
    for name, many in of.items():
        many.sort(key=lambda one: one.region is None)
        of[name] = many[:most]
    return dict(list(of.items())[:_GROUPS])


def _edges(box: Box) -> str:
    return "-".join(map(str, box.as_tuple()))

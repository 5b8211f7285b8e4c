"""One question on its way: looked at, reported, reflected, and put to the large model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_memory.concept import Concept
from jarvis_retrievers.errors import ModelError

from .assembling import assemble
from .collaborated import Calls, Collaborated, Seconds
from .doubts import Doubt, fresh, read_doubts
from .large import Messages, Work
from .look import Look, Remembered, Scene
from .prompts import LARGE_ANSWER, LARGE_ASK, LARGE_REPAIR
from .reflection import Reflection, reflect, unchecked
from .report import Report
from .reporter import Reporter
from .settings import Settings
from .sharing import Shared, SharedImage, shown
from .writing import characters, go_on, opening

__all__ = ["Inquiry"]

_BLANK: Final = "(nothing)"


@dataclass(slots=True)
class Inquiry:
    """The work on one question.

    Attributes:
        memory, reporter, settings: of the collaboration.
        question: checked, not blank.
        images: of the question, read.
    """

    memory: PersonalMemory
    reporter: Reporter
    settings: Settings
    question: str
    images: Sequence[Image.Image]
    notices: list[str] = field(default_factory=list)
    _counts: dict[str, list[float]] = field(default_factory=dict)
    _recalled: dict[str, Remembered] = field(default_factory=dict)
    _characters: int = 0

    def work(self) -> Work[Collaborated]:
        """Yields what to ask the large model, is sent what it said, and returns what came of it.

        Raises:
            ModelError: the large model said nothing, twice.
        """
        scenes, concepts, named = self._found()
        by_name = {concept.name: concept for concept in concepts}
        reflections = self._reported(scenes, concepts)
        about = self._about(reflections, by_name, named)
        sent = shown(self.settings.share, self.memory, scenes, reflections, about)
        messages: Messages = []
        before: set[Doubt] = set()
        for _ in range(self.settings.rounds if reflections else 0):
            left = self.settings.questions - len(before)
            about = self._about(reflections, by_name, named)
            messages = self._written(messages, reflections, about, sent, LARGE_ASK.format(most=left))
            doubts = yield from self._doubts(messages)
            new = fresh(doubts, before, {(one.concept, one.picture) for one in reflections}, left)
            if len(new) < len(doubts):
                self.notices.append(
                    f"{len(doubts) - len(new)} of {len(doubts)} questions of the large model were not put: "
                    "they are about nobody in the report, were put before, or are too many"
                )
            before.update(new)
            reflections = [self._doubted(one, new, scenes, by_name) for one in reflections]
            if not new or len(before) >= self.settings.questions:
                break
        about = self._about(reflections, by_name, named)
        messages = self._written(messages, reflections, about, sent, LARGE_ANSWER)
        text = yield from self._answer(messages)
        shared = Shared(self.settings.share, self._characters, tuple(what for what, _ in sent))
        seconds = Seconds(**{stage: spent[1] for stage, spent in self._counts.items()})
        calls = Calls(**{stage: int(spent[0]) for stage, spent in self._counts.items()})
        report = self._report(reflections, by_name)
        return Collaborated(text, report, tuple(reflections), calls, seconds, shared, tuple(self.notices))

    def _written(
        self,
        messages: Messages,
        reflections: Sequence[Reflection],
        about: Sequence[Concept],
        sent: Sequence[tuple[SharedImage, Image.Image]],
        task: str,
    ) -> Messages:
        """The first messages, or the conversation with the report as it is now."""
        known = [(concept, self._remembered(concept)) for concept in about]
        report = self._report(reflections, {concept.name: concept for concept in about})
        if messages:
            return go_on(messages, report, known, task)
        wording, checked = self.settings.wording, self.settings.reflect
        return opening(wording, self.question, report, known, sent, task, checked=checked)

    def _found(self) -> tuple[list[Scene], list[Concept], list[str]]:
        """Pictures with what retrieval saw in them, whom to look for, and who is named or meant in words."""
        most = self.settings.concepts
        began = time.perf_counter()
        if not self.images:
            found = [one.concept for one in self.memory.recall(self.question, k=most)][:most]
            self._spent("retrieve", 1, time.perf_counter() - began)
            return [], found, [concept.name for concept in found]
        scenes, margins, named = [], dict[str, float](), dict[str, None]()
        for number, image in enumerate(self.images, 1):
            told_of = self.memory.why(self.question, [image])
            sightings = dict(told_of.sightings)
            scenes.append(Scene(number, image, sightings))
            named.update(dict.fromkeys(name for name, _ in told_of.mentions))
            for name, sighting in sightings.items():
                margins[name] = max(margins.get(name, -2.0), sighting.score - sighting.threshold)
        self._spent("retrieve", len(scenes), time.perf_counter() - began)
        order = [*named, *(n for n in sorted(margins, key=lambda n: -margins[n]) if n not in named)]
        concepts = {concept.name: concept for concept in self.memory.list()}
        if len(named) > most:
            self.notices.append(f"more than {most} concepts are named; only the first {most} were looked for")
        # One may have been forgotten since it was seen.
        return scenes, [concepts[name] for name in order if name in concepts][:most], list(named)

    def _reported(self, scenes: Sequence[Scene], concepts: Sequence[Concept]) -> list[Reflection]:
        reflections = []
        for scene in scenes if concepts else ():
            claims = self.reporter.report(scene, concepts)
            for concept, claim in zip(concepts, claims, strict=True):
                self._spent("report", claim.calls, claim.seconds)
                if self.settings.reflect:
                    made = reflect(self.reporter, scene, concept, claim, self.settings.checks)
                    self._spent("reflect", made.calls, made.seconds)
                else:
                    made = unchecked(scene, concept.name, claim)
                reflections.append(made)
        unread = [one for one in reflections if one.claim.present is None]
        if unread:
            names = ", ".join(sorted({repr(one.concept) for one in unread}))
            self.notices.append(f"what the small model said of {names} could not be read")
        return reflections

    def _doubted(
        self,
        one: Reflection,
        doubts: Sequence[Doubt],
        scenes: Sequence[Scene],
        concepts: dict[str, Concept],
    ) -> Reflection:
        for doubt in doubts:
            if (doubt.concept, doubt.picture) == (one.concept, one.picture):
                look: Look = self.reporter.reply(
                    doubt.question, scenes[one.picture - 1], concepts[one.concept]
                )
                self._spent("reflect", look.calls, look.seconds)
                one = one.with_check(look)
        return one

    def _about(
        self, reflections: Sequence[Reflection], concepts: dict[str, Concept], named: Sequence[str]
    ) -> list[Concept]:
        """Whose profiles are sent: who is there, or perhaps, or is asked about."""
        there = {one.concept for one in reflections if one.present is not False}
        return [concept for name, concept in concepts.items() if name in there or name in named]

    def _report(self, reflections: Sequence[Reflection], concepts: dict[str, Concept]) -> Report:
        there = dict.fromkeys(one.concept for one in reflections if one.present)
        return assemble(reflections, {name: self._remembered(concepts[name]).attributes for name in there})

    def _remembered(self, concept: Concept) -> Remembered:
        if concept.name not in self._recalled:
            self._recalled[concept.name] = one = self.reporter.remember(concept)
            self._spent("report", one.calls, one.seconds)
        return self._recalled[concept.name]

    def _doubts(self, messages: Messages) -> Work[tuple[Doubt, ...]]:
        """The large model's questions, which are appended; a reply that is none is asked for once more."""
        for last in (False, True):
            said = yield from self._ask(messages)
            doubts = read_doubts(said)
            messages.append({"role": "assistant", "content": said.strip() or _BLANK})
            if doubts is not None:
                return doubts
            if not last:
                messages.append({"role": "user", "content": LARGE_REPAIR})
        self.notices.append("the large model wrote no questions that could be read; none was put")
        return ()

    def _answer(self, messages: Messages) -> Work[str]:
        for _ in range(2):
            said = yield from self._ask(messages)
            if said.strip():
                return said.strip()
            messages = [
                *messages,
                {"role": "assistant", "content": _BLANK},
                {"role": "user", "content": LARGE_REPAIR},
            ]
        raise ModelError(
            "the large model answered twice with nothing; ask it again, or pass another chat model as large"
        )

    def _ask(self, messages: Messages) -> Work[str]:
        self._characters += characters(messages)
        said, seconds = yield list(messages)
        self._spent("large", 1, seconds)
        return said

    def _spent(self, stage: str, calls: int, seconds: float) -> None:
        spent = self._counts.setdefault(stage, [0, 0.0])
        spent[0] += calls
        spent[1] += seconds

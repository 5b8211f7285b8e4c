"""``slc``: a small model with a memory reports who is where, a large one answers from the report.

Source: SLC (*Small-Large Collaboration*, arXiv 2508.07260): the small model says of each concept whether it
is present and where, reflection checks that, and the report stands before the question to the large one,
which knows no concept. As `jarvis_agents.collaboration` does it, whose reporter, reflection and report
these are.

Deviations: the small model knows concepts from stored segments, where SLC has a LoRA adapter of the nearest
of ten meta-concepts; absence is checked like presence, claims are dropped where witnesses contradict each
other, and the large model asks nothing back; who is reported about are those that are found as for all
methods, named ones always, where SLC lists all concepts; a question without pictures gets attributes and
notes of whom it is about, as SLC's concept list; the large model is the same one without memory unless
``large`` names another. Pocket as the large model reads attributes and notes, but never learned to read
that somebody *is here* (docs/collaboration.md): a yes-or-no about who is there is then the report's own, of
those whom a question names the attributes are told, and of others who are present the region is shown under
the name, as in `pekit`. Another large model gets the report as JSON, with the question's pictures, and
answers everything.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..method import BenchMemory, Introduction, Query, Reply, Setting
from .frames import by_frames
from .jarvis import JarvisMemory, JarvisMethod
from .models import Models
from .sighted import region_pictures
from .telling import Shown, answered

if TYPE_CHECKING:
    from jarvis_agents.collaboration import Reflection, Remembered, Report, Scene
    from jarvis_memory.concept import Concept

__all__ = ["SLCMemory", "SLCMethod", "large_prompt"]


@dataclass(frozen=True)
class SLCMethod:
    """A small model reports, a large one answers.

    Attributes:
        large: the large model, by name; the small one's if empty.
    """

    models: Models
    large: str = ""
    name: str = "slc"

    @cached_property
    def large_models(self) -> Models:
        """The large model and its voice."""
        same = self.large in ("", self.models.model)
        return self.models if same else Models(self.large, self.models.clip, self.models.device)

    @property
    def settings(self) -> Mapping[str, Setting]:
        """Both models, who finds, and the version of the prompts."""
        from jarvis_agents.collaboration import PROMPTS_VERSION

        large = {f"large {key}": value for key, value in self.large_models.settings.items()}
        return {**self.models.settings, **self.models.finding, **large, "prompts": PROMPTS_VERSION}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """The small model's memory."""
        return SLCMemory(self, concepts)


class SLCMemory:
    """The small model's memory of segments, and the way to the large one.

    Args:
        method: both models.
        concepts: who is known.
    """

    def __init__(self, method: SLCMethod, concepts: Sequence[Introduction]) -> None:
        from jarvis_agents.collaboration.collaboration import choose_reporter

        self._method, self._models = method, method.models
        self._small = JarvisMemory(JarvisMethod(method.models), concepts)
        self._reporter = choose_reporter(self._small.memory)
        self._recall()

    def _recall(self) -> None:
        """What the small model remembers of looks: asked when it learns them, then known."""
        for concept in self._small.memory.list():
            self._reporter.remember(concept)

    def stored(self) -> Mapping[str, int]:
        """What the small model's memory keeps."""
        return self._small.stored()

    def update(self, later: Introduction) -> None:
        """More photos and notes of a concept."""
        self._small.update(later)
        self._recall()

    def answer(self, query: Query) -> Reply:
        """The large model's answer."""
        return by_frames(query, self._method.large_models.voice, self._answer)

    def _answer(self, query: Query) -> Reply:
        from jarvis_memory.watching import Deed, Loaded, watched

        large, read = self._method.large_models, [0]
        side = large.vlm.patch_side  # loaded before the clock starts

        def listen(deed: Deed) -> None:
            if isinstance(deed, Loaded):
                read[0] += deed.nbytes

        began = time.perf_counter()
        named, concepts, scenes = self._found(query)
        retrieved = time.perf_counter()
        verdict = large.voice.name == "pocket" and query.form == "yes_no" and bool(named)
        asked_about = [one for one in concepts if one.name in named] if verdict else concepts
        with watched(listen):
            reflections = self._reflections(scenes, asked_about)
        reported = time.perf_counter()
        stages = (("retrieve", retrieved - began), ("report", reported - retrieved))
        report = self._report(reflections, concepts)
        present = {one.concept for one in reflections if one.present}
        if large.voice.name == "plain":
            about = [one for one in concepts if one.name in {*named, *present}]
            known = [(one, self._reporter.remember(one)) for one in about]
            asked = large_prompt(large.voice.asked(query), report, known)
            reply = answered(large, query, (), stages, asked=asked)
            return _read(reply, read[0], tuple(one.name for one in concepts))
        if verdict:
            said = "Yes" if all(_present(reflections, name) for name in named) else "No"
            there = tuple(one.name for one in concepts if one.name in present)
            return Reply(said, reported - began, read[0], there, stages)
        shown = []
        for concept in concepts:
            name, text = concept.name, _notes(concept)
            if name in named or not query.images:
                shown.append(Shown(name, "\n".join((text.rstrip("\n"), *self._lines(concept))).lstrip("\n")))
            elif name in present:
                scene = next(s for s in scenes for r in reflections if _is_of(r, name, s))
                region = scene.sightings[name].region[1]
                shown.append(Shown(name, text, region_pictures(scene.image, region, side)))
        return _read(answered(large, query, shown, stages), read[0])

    def _found(self, query: Query) -> tuple[list[str], list[Concept], list[Scene]]:
        """Who is named, or told of; whom to report about; and the pictures as vectors see them."""
        from jarvis_agents.collaboration import Scene

        memory = self._small.memory
        known = {one.name: one for one in memory.list()}
        told = None if query.told is None else [known[name] for name in query.told if name in known]
        if not query.images:
            why = None if told is not None else memory.why(query.question, (), query.history)
            about = told if why is None else [find.concept for find in why.found]
            return [one.name for one in about or ()], list(about or ()), []
        scenes, named, found = [], dict[str, None](), dict[str, None]()
        for number, image in enumerate(query.images, 1):
            looked = memory.why(query.question, [image], query.history)
            scenes.append(Scene(number, image, dict(looked.sightings)))
            named.update((name, None) for name, _ in looked.mentions)
            found.update((find.concept.name, None) for find in looked.found)
        if told is not None:
            return [one.name for one in told], told, scenes
        return list(named), [known[name] for name in (*named, *(n for n in found if n not in named))], scenes

    def _reflections(self, scenes: Sequence[Scene], concepts: Sequence[Concept]) -> list[Reflection]:
        from jarvis_agents.collaboration.reflection import reflect

        made = []
        for scene in scenes if concepts else ():
            claims = self._reporter.report(scene, concepts)
            for concept, claim in zip(concepts, claims, strict=True):
                # Vectors are free. More looks are taken where they contradict the claim, none for the place.
                first = reflect(self._reporter, scene, concept, claim, 0)
                unsure = first.present is None
                made.append(reflect(self._reporter, scene, concept, claim) if unsure else first)
        return made

    def _report(self, reflections: Sequence[Reflection], concepts: Sequence[Concept]) -> Report:
        from jarvis_agents.collaboration.assembling import assemble

        return assemble(reflections, {one.name: self._reporter.remember(one).attributes for one in concepts})

    def _lines(self, concept: Concept) -> tuple[str, ...]:
        known = self._reporter.remember(concept)
        return known.lines or tuple(f"{concept.name}: {one}" for one in known.attributes)

    def close(self) -> None:
        """Delete the home."""
        self._small.close()


def large_prompt(asked: str, report: Report, known: Sequence[tuple[Concept, Remembered]]) -> str:
    """Rules, report, what is known and the question as one text, for a model that follows instructions.

    Args:
        asked: the question with its options and how to answer.
        report: of the small model.
        known: who is there or asked about, and how they look.
    """
    from jarvis_agents.collaboration.prompts import LARGE_ANSWER
    from jarvis_agents.collaboration.writing import opening

    messages = opening("json", asked, report, known, (), LARGE_ANSWER, checked=True)
    return "\n\n".join(text for message in messages for text in _texts(message["content"]))


def _present(reflections: Sequence[Reflection], name: str) -> bool:
    """Whether somebody is in one of the pictures; what the small model said first where nothing held."""
    mine = [one for one in reflections if one.concept == name]
    held = [bool(one.claim.present) if one.present is None else one.present for one in mine]
    return any(held)


def _is_of(reflection: Reflection, name: str, scene: Scene) -> bool:
    there = reflection.concept == name and reflection.picture == scene.number
    return there and bool(reflection.present)


def _read(reply: Reply, nbytes: int, found: tuple[str, ...] | None = None) -> Reply:
    return replace(reply, loaded=nbytes, found=reply.found if found is None else found)


def _notes(concept: Concept) -> str:
    from jarvis_memory.profile import profile_text

    return profile_text(concept.profile)


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if part["type"] == "text"]

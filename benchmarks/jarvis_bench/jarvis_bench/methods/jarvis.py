"""``jarvis``: stored segments, as `jarvis_memory.PersonalMemory` answers.

Source: this package. Deviations: none; in the arm with oracle retrieval the context is made of those it is
told of (`PersonalMemory.ready`).
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jarvis_retrievers.errors import JarvisWarning

from ..method import BenchMemory, Introduction, Query, Reply, Setting
from .models import MOST_TOKENS, Models

if TYPE_CHECKING:
    from jarvis_memory.watching import Deed

__all__ = ["JarvisMemory", "JarvisMethod"]


@dataclass(frozen=True)
class JarvisMethod:
    """A `PersonalMemory` in a home that goes again.

    Attributes:
        mode: how contexts of several segments are made (`jarvis_memory.Mode`).
        selector: what of photos segments are made from (`jarvis_memory.selecting.Selector`).
    """

    models: Models
    mode: str = "auto"
    selector: str = "patches"
    name: str = "jarvis"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The model, who finds, mode and selector."""
        chosen = {"mode": self.mode, "selector": self.selector}
        return {**self.models.settings, **self.models.finding, **chosen}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory with a segment of each concept; those without any photo are left out."""
        return JarvisMemory(self, concepts)


class _Loads:
    """Bytes of segments that were made ready, as `jarvis_memory.watching` tells."""

    def __init__(self) -> None:
        self.nbytes = 0

    def __call__(self, deed: Deed) -> None:
        from jarvis_memory.watching import Loaded

        if isinstance(deed, Loaded):
            self.nbytes += deed.nbytes


class JarvisMemory:
    """A `PersonalMemory` behind the contract of the benchmark."""

    def __init__(self, method: JarvisMethod, concepts: Sequence[Introduction]) -> None:
        from jarvis_memory import PersonalMemory

        self._models = models = method.models
        self._folder = tempfile.TemporaryDirectory(prefix="jarvis-bench-")
        self.memory = PersonalMemory.open(
            Path(self._folder.name) / "home",
            owner="bench",
            model=models.vlm,
            clip=models.encoder,
            mode=method.mode,
        )
        if method.selector != "patches":
            self.memory.migrate(selector=method.selector)
        self._bytes: dict[str, int] = {}
        for one in concepts:
            if one.photos:
                self._grow(one, new=True)

    def _grow(self, one: Introduction, *, new: bool) -> None:
        before, category = self.memory.nbytes(), one.category or None
        with warnings.catch_warnings():
            # Look-alikes are doubted on purpose; here everything is taken as it is told.
            warnings.simplefilter("ignore", JarvisWarning)
            if new:
                kept = self.memory.remember(one.name, one.photos, one.notes, category=category)
            else:
                kept = self.memory.update(
                    one.name,
                    photos=one.photos,
                    about=one.notes,
                    category=category,
                    changed=bool(one.photos),
                )
        grown = self.memory.nbytes() - before
        profile = len(kept.profile.model_dump_json().encode()) if new else 0
        self._bytes[one.name] = self._bytes.get(one.name, 0) + grown + profile

    def stored(self) -> Mapping[str, int]:
        """What the home grew by, and the profile."""
        return self._bytes

    def update(self, later: Introduction) -> None:
        """Later photos and notes of a concept."""
        self._grow(later, new=later.name not in self._bytes)

    def answer(self, query: Query) -> Reply:
        """The answer from segments."""
        if query.video is not None:
            return self._view(query, query.video)
        return self._answer(query)

    def _view(self, query: Query, video: bytes) -> Reply:
        """The product's own way with a video."""
        from jarvis_memory.watching import watched

        voice, loads = self._models.voice, _Loads()
        about = None if query.told is None else [name for name in query.told if name in self._bytes]
        with watched(loads):
            answer = self.memory.view(
                voice.asked(query),
                video,
                query.images,
                max_new_tokens=MOST_TOKENS,
                history=query.history,
                about=about,
            )
        if voice.together:
            text = voice.told(query, answer.text)
        else:
            moments = [(one.seconds[0], voice.told(query, one.text)) for one in answer.glimpses]
            text = voice.summed(query, moments)
        took = answer.timings
        # What is said comes of all frames: its first word is there with the last answer.
        stages = (("retrieve", took.retrieve), ("frames", took.total - took.retrieve))
        return Reply(text, took.total, loads.nbytes, answer.concepts, stages)

    def _answer(self, query: Query) -> Reply:
        from jarvis_memory.recalling import answered
        from jarvis_memory.watching import watched

        voice, loads = self._models.voice, _Loads()
        about = None if query.told is None else [name for name in query.told if name in self._bytes]
        with watched(loads):
            ready = self.memory.ready(
                query.question,
                query.images,
                max_new_tokens=MOST_TOKENS,
                history=query.history,
                about=about,
            )
        said = self.memory.node.generate(
            ready.context, voice.asked(query), ready.images, MOST_TOKENS, history=query.history
        )
        answer = answered(ready, said)
        took = answer.timings
        stages = (
            ("retrieve", took.retrieve),
            ("load", took.load),
            ("compose", took.compose),
            ("first", took.first_token),
        )
        return Reply(voice.told(query, said.text), took.ttft, loads.nbytes, answer.concepts, stages)

    def close(self) -> None:
        """Delete the home."""
        self.memory.close()
        self._folder.cleanup()

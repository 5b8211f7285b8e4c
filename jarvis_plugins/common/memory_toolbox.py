"""What an agent does with a memory itself, whatever framework it is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jarvis_memory.answer import Recollection
from jarvis_memory.memory import PersonalMemory
from jarvis_memory.profile import profile_text
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.sources import ImagePolicy

from .patches import best_patches
from .telling import named_text

__all__ = ["READS", "TOOLS", "WRITES", "MemoryToolbox", "Told", "ToolKind"]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Remember(_Arguments):
    name: str = Field(description="How the user calls it, such as 'Bo'.")
    photos: list[str] = Field(description="Its photos: data: URLs, or files of the allowed folder.")
    about: str = Field(default="", description="What the user said about it, in plain sentences.")
    category: str | None = Field(default=None, description="What it is, such as 'dog' or 'mug'.")


class _Recall(_Arguments):
    query: str = Field(description="A question, names, or a description.")
    k: int = Field(default=3, ge=1, le=20, description="The most concepts to give back.")


class _Update(_Arguments):
    name: str = Field(description="Which concept.")
    about: str = Field(default="", description="What is new, in plain sentences.")
    photos: list[str] = Field(default_factory=list, description="More photos of it.")


class _Name(_Arguments):
    name: str = Field(description="Which concept.")


@dataclass(frozen=True, slots=True)
class ToolKind:
    """What a model is told of a tool: what it does, and its arguments."""

    about: str
    arguments: type[BaseModel]


READS: Final = ("recall_concepts", "list_concepts")
WRITES: Final = ("remember_concept", "update_concept", "forget_concept")
TOOLS: Final[Mapping[str, ToolKind]] = {
    "recall_concepts": ToolKind("Find what is remembered of the user's own concepts.", _Recall),
    "list_concepts": ToolKind("List everything that is remembered of the user's own.", _Arguments),
    "remember_concept": ToolKind("Remember a pet, person or thing of the user.", _Remember),
    "update_concept": ToolKind("Add notes or photos to what is remembered.", _Update),
    "forget_concept": ToolKind("Forget a concept for good, as the user asked.", _Name),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool gives: texts and images for the model, and the concepts for the program."""

    parts: tuple[str | Image.Image, ...]
    found: tuple[Recollection, ...]


class MemoryToolbox:
    """Remembers, recalls, updates, forgets and lists concepts of one owner.

    Args:
        memory: whose concepts. The owner is fixed here: no argument of a tool names one.
        policy: where photos may come from; by default only from data: URLs.
        show: patches of each recalled concept that are shown to the model, 0 for text alone.

    Raises:
        InputError: ``show`` is negative.
    """

    def __init__(self, memory: PersonalMemory, policy: ImagePolicy | None = None, show: int = 1) -> None:
        if show < 0:
            raise InputError(f"show must be 0 or more patches, got {show}")
        self._memory, self._policy, self._show = memory, policy or ImagePolicy(), show

    def call(self, name: str, given: Mapping[str, Any]) -> Told:
        """Use a tool with what a model gives.

        Raises:
            InputError: the arguments are not those of the tool. Others as for `PersonalMemory`.
        """
        try:
            arguments = TOOLS[name].arguments.model_validate(dict(given))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "the arguments"
            raise InputError(f"{place} of {name} cannot be used: {first['msg']}; see its schema") from error
        told: Told = getattr(self, name)(**dict(arguments))
        return told

    def recall_concepts(self, query: str, k: int = 3) -> Told:
        """Profiles as text, each with its best patches behind it."""
        found = self._memory.recall(query, k=k)[:k]
        parts: list[str | Image.Image] = []
        for one in found:
            parts.append(named_text(one.concept))
            parts += best_patches(self._memory, one.concept, self._show)
        return Told(tuple(parts) or ("Nothing that is remembered fits.",), tuple(found))

    def list_concepts(self) -> Told:
        """A line for each concept."""
        concepts = self._memory.list()
        lines = [f"{c.name}{f' ({c.profile.category})' if c.profile.category else ''}" for c in concepts]
        text = "\n".join(lines) or "Nothing is remembered yet."
        return Told((text,), tuple(Recollection(concept, 0.0) for concept in concepts))

    def remember_concept(
        self, name: str, photos: Sequence[str], about: str = "", category: str | None = None
    ) -> Told:
        """Remember a new concept."""
        concept = self._memory.remember(name, self._photos(photos), about, category=category)
        text = f"Remembered {concept.name} with {len(concept.photos)} photos."
        return Told((text,), (Recollection(concept, 0.0),))

    def update_concept(self, name: str, about: str = "", photos: Sequence[str] = ()) -> Told:
        """Add to a concept."""
        concept = self._memory.update(name, photos=self._photos(photos), about=about)
        text = f"Updated {concept.name}.\n{profile_text(concept.profile)}".rstrip()
        return Told((text,), (Recollection(concept, 0.0),))

    def forget_concept(self, name: str) -> Told:
        """Forget a concept."""
        gone = self._memory.forget(name)
        return Told((f"Forgot {gone.name} and all of its photos.",), (Recollection(gone, 0.0),))

    def _photos(self, given: Sequence[str]) -> list[Image.Image]:
        return [self._policy.load(one) for one in given]

"""Who says what a detail is: asks a model that is shown patches, and reads its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from jarvis_memory.profiling.profiler import Subject

if TYPE_CHECKING:
    from ..methods.models import Models
    from .onlooker import Ask

__all__ = ["Witness", "witness_of"]


class Witness(Protocol):
    """Proposes kinds of detail of a concept, and says what they are on what it is shown."""

    @property
    def name(self) -> str:
        """One word for the provenance."""
        ...

    def parts(self, subject: Subject) -> Mapping[str, tuple[str, ...]]:
        """Kinds of detail that can be asked about, with one or more wordings of the question for each.

        Raises:
            ProfileError: the model's description is none.
        """
        ...

    def prompt(self, question: str) -> str:
        """What the model is asked for a question."""
        ...

    def say(self, asks: Sequence[Ask]) -> list[str]:
        """What it says to prompts about what subjects show; always the same."""
        ...

    def read(self, part: str, name: str, said: str) -> str | None:
        """The detail in an answer, in few words without an article; None where it names none."""
        ...


def witness_of(models: Models) -> Witness:
    """The witness for a model: by its own questions if it brings some, else in plain words."""
    from .plain_witness import PlainWitness
    from .slot_witness import POCKET_WORDINGS, SlotWitness

    vlm = models.vlm
    if vlm.slots is None:
        return PlainWitness(vlm)
    return SlotWitness(vlm, vlm.slots, POCKET_WORDINGS if models.model == "pocket" else {})

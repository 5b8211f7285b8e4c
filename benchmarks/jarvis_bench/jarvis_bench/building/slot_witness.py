"""A witness for models that bring questions of their own, such as Pocket's."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Final

from jarvis_memory.profiling.profiler import Subject
from jarvis_memory.vlm import VLM
from jarvis_memory.vlm.slots import Slot, Slots
from jarvis_pocket.wording import EMBLEM_QUESTIONS, WORN_QUESTIONS

from .onlooker import Ask, Onlooker

__all__ = ["POCKET_WORDINGS", "SlotWitness"]

POCKET_WORDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "emblem": tuple(text.replace("{n}", "{name}") for text in EMBLEM_QUESTIONS),
    "accessory": tuple(text.replace("{n}", "{name}") for text in WORN_QUESTIONS),
}
"""How Pocket's model was asked about its slots when it was trained."""


class SlotWitness:
    """Asks the questions of a model's slots that have one answer each, whole bodies left out.

    Args:
        vlm: who is asked.
        slots: its questions and the forms of its answers.
        wordings: other wordings, by slot; the answers have the same form.
    """

    name = "slots"

    def __init__(self, vlm: VLM, slots: Slots, wordings: Mapping[str, tuple[str, ...]]) -> None:
        self._slots = {part: slot for slot in slots.slots if (part := _part(slot)) is not None}
        self._wordings = wordings
        self._onlooker = Onlooker(vlm, 32)

    def parts(self, subject: Subject) -> Mapping[str, tuple[str, ...]]:
        """The slots with a single part that is not the category: those tell a detail."""
        return {
            part: tuple(
                dict.fromkeys(
                    text.replace("{name}", subject.name)
                    for text in (slot.question, *self._wordings.get(part, ()))
                )
            )
            for part, slot in self._slots.items()
        }

    def prompt(self, question: str) -> str:
        """The question alone."""
        return question

    def say(self, asks: Sequence[Ask]) -> list[str]:
        """Greedy answers, each with its subject's patches before it."""
        return self._onlooker.say(asks)

    def read(self, part: str, name: str, said: str) -> str | None:
        """What stands in the slot; None if the answer has another form."""
        return self._slots[part].read(name, said).get(part)


def _part(slot: Slot) -> str | None:
    """The one part that a slot tells, or None where it tells several, or the category."""
    found = [field for _, field, _, _ in string.Formatter().parse(slot.answer)]
    fields = [field for field in found if field is not None and field != "name"]
    return fields[0] if len(fields) == 1 and fields[0] != "category" else None

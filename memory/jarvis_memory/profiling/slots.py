"""Asks a model one short question for each part of a profile: for models that cannot write JSON."""

from __future__ import annotations

from ..checks import MAX_CAPTION
from ..profile import with_article
from ..vlm import VLM
from ..vlm.slots import Slot, Slots
from .description import MAX_ATTRIBUTES, Description
from .looking import look_at
from .profiler import Subject

__all__ = ["DEFAULT_SLOTS", "SlotProfiler"]

DEFAULT_SLOTS = Slots(
    slots=(
        Slot(question="What is {name}? Answer with one or two words.", answer="{category}"),
        Slot(question="What colour is {name}? Answer with one or two words.", answer="{colour}"),
        Slot(question="What marking does {name} have? Answer with a few words.", answer="{marking}"),
        Slot(question="What does {name} wear or carry? Answer with a few words.", answer="{accessory}"),
    )
)
"""Questions to a model that brings none of its own."""

_NOTHING = frozenset({"", "none", "nothing", "no", "unknown", "not visible", "n/a"})
_MOST_WORDS, _MOST_LETTERS = 6, 60


class SlotProfiler:
    """Fills a profile slot by slot: short questions, greedy answers, no grammar.

    An answer that has another form than its slot says, or says that there is nothing, leaves the slot empty.

    Args:
        vlm: who is asked.
        slots: what is asked; by default what the model's folder says, else `DEFAULT_SLOTS`.
        max_new_tokens: the most tokens of an answer.
    """

    def __init__(self, vlm: VLM, slots: Slots | None = None, *, max_new_tokens: int = 32) -> None:
        self._vlm, self._most = vlm, max_new_tokens
        self.slots = slots or vlm.slots or DEFAULT_SLOTS

    def describe(self, subject: Subject) -> Description:
        """What the answers say; the caption is made of them."""
        found: dict[str, str] = {}
        context = look_at(self._vlm, subject)
        for slot in self.slots.slots:
            said = self._vlm.generate(context, slot.asked(subject.name), max_new_tokens=self._most)
            for part, words in slot.read(subject.name, said.text).items():
                if _usable(words) and subject.name.casefold() not in words.casefold():
                    found.setdefault(part, words)
        spoken = {part: words if part == "category" else with_article(words) for part, words in found.items()}
        caption = self.slots.told(subject.name, spoken)
        category = found.pop("category", None)
        attributes = [f"{part}: {words}" for part, words in found.items()][:MAX_ATTRIBUTES]
        # A long name makes a long caption; then it is left out, as any other slot that cannot be filled.
        short = caption is not None and len(caption.split()) <= MAX_CAPTION and len(caption) <= 400
        return Description(
            category=category, caption=caption if short else None, attributes=tuple(attributes)
        )


def _usable(words: str) -> bool:
    """Whether an answer is a few words about something: a model that rambles fills no slot."""
    few = len(words) <= _MOST_LETTERS and len(words.split()) <= _MOST_WORDS
    return few and words.casefold() not in _NOTHING and words.isprintable() and not set(words) & set("<>|:{}")

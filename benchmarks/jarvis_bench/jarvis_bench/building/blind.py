"""The model without any memory: what it gets right, the question or its picture gives away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PIL import Image

from ..item import Item
from ..judging import mark_answer
from ..method import Query
from ..methods.voice import Voice
from ..prompt import prompt_of, rotated
from .proposal import Trial

__all__ = ["Blind", "answered"]

Ask = Callable[[str, Sequence[Image.Image]], str]


class Blind:
    """Asks items as the method ``none`` is asked them, and marks the answers as the harness does.

    Args:
        ask: the model: a prompt and pictures in, text out.
        voice: the words between harness and model.
    """

    def __init__(self, ask: Ask, voice: Voice) -> None:
        self._ask, self._voice = ask, voice

    def trials(self, item: Item, images: Sequence[Image.Image]) -> tuple[Trial, ...]:
        """One for each rotation of its options."""
        found = []
        for rotation in range(item.rotations):
            options = rotated(item, rotation)
            query = Query(
                id="",
                task=item.task,
                form=item.form,
                question=item.question,
                prompt=prompt_of(item, rotation),
                options=options,
                images=tuple(images),
            )
            asked = self._voice.asked(query)
            said = self._ask(asked, query.images)
            mark = mark_answer(item, rotation, self._voice.told(query, said), {})
            pictures = tuple(picture.path for picture in item.images)
            found.append(Trial(pictures=pictures, options=options, asked=asked, said=said, right=mark.right))
        return tuple(found)


def answered(trials: Sequence[Trial]) -> bool:
    """Whether a question counts as answered: right under all rotations."""
    return bool(trials) and all(trial.right for trial in trials)

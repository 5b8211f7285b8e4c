"""Runs the demo: remember everybody, ask everything, with memory and without."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from jarvis_memory import VLM, Answer, PersonalMemory
from jarvis_pocket.household import Household, HouseholdQuestion
from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.images import load_image

from .result import DemoQuestion, DemoResult

__all__ = ["Step", "run_demo"]

Step = Callable[[str, int, int], None]
"""Told before each step: what is done, how many steps are done, how many there are."""

_ROUNDS = 3


def run_demo(
    household: Household,
    home: Path,
    *,
    owner: str = "me",
    model: str | VLM = "pocket",
    clip: str | ImageTextEncoder = "pocket",
    device: str | None = None,
    step: Step | None = None,
) -> DemoResult:
    """Remember a household in a fresh home and ask its questions.

    Every question is asked in ``compose`` and in ``exact``, in turn, once to warm up and then three times
    each; times are medians. Then the same model is asked it with no context.

    Args:
        household: with absolute paths.
        home: a folder that holds no concept of this owner yet.
        owner: whose memory.
        model, clip, device: as for `PersonalMemory.open`.
        step: told of the progress.

    Raises:
        SettingError: the home holds concepts already, or a model cannot be loaded.
        InputError: the household has no question. ImageError: a picture of it cannot be used.
    """
    tell = step or _silent
    if not household.questions:
        raise InputError("the household has no question; add one to its household.json")
    total = 1 + len(household.concepts) + len(household.questions)
    tell("loading the models", 0, total)
    vlm = VLM.load(model, device=device) if isinstance(model, str) else model
    with PersonalMemory.open(home, owner=owner, model=vlm, clip=clip, device=device) as memory:
        _check_empty(memory, home)
        for number, concept in enumerate(household.concepts, start=1):
            tell(f"remembering {concept.name}", number, total)
            memory.remember(concept.name, list(concept.photos), concept.about)
        asked = []
        for number, question in enumerate(household.questions, start=1 + len(household.concepts)):
            tell(question.question, number, total)
            asked.append(_ask(memory, vlm, question))
    tell("done", total, total)
    size = sum(file.stat().st_size for file in home.expanduser().rglob("*") if file.is_file())
    return DemoResult(tuple(asked), size)


def _silent(what: str, done: int, total: int) -> None:
    return None


def _check_empty(memory: PersonalMemory, home: Path) -> None:
    there = len(memory.list())
    if there:
        raise SettingError(
            f"the demo needs a fresh home, {home} holds {there} concepts of {memory.owner!r} already; "
            "name a folder that is not there yet"
        )


def _ask(memory: PersonalMemory, vlm: VLM, question: HouseholdQuestion) -> DemoQuestion:
    images: list[Image.Image] = [load_image(question.image)] if question.image else []
    answers: dict[str, list[Answer]] = {"compose": [], "exact": []}
    for _ in range(1 + _ROUNDS):
        # In turn, so that what slows the machine down for a while slows both.
        for mode, given in answers.items():
            given.append(memory.ask(question.question, images, mode=mode))
    seconds = {mode: statistics.median(a.timings.ttft for a in given[1:]) for mode, given in answers.items()}
    answer = answers["compose"][-1]
    without = vlm.generate(None, question.question, images, max_new_tokens=256).text
    return DemoQuestion(
        kind=question.kind,
        question=question.question,
        concepts=answer.concepts,
        answer=answer.text,
        expected=question.answer,
        right=question.right(answer.text),
        tokens_reused=answer.usage.reused,
        ttft_seconds=seconds["compose"],
        ttft_ratio=seconds["compose"] / seconds["exact"],
        answer_without_memory=without,
        right_without_memory=question.right(without),
    )

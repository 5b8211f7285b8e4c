"""Questions of Pocket World to measure Pocket's model with: their truth is known."""

from __future__ import annotations

import random
from collections.abc import Iterator

from jarvis_memory import VLM
from jarvis_memory.gate import Trial
from jarvis_memory.intake import Intake
from jarvis_memory.profile import build_profile, profile_text
from jarvis_memory.tuning import tuned
from jarvis_memory.vlm import SegmentSource
from jarvis_pocket.ask import Kind
from jarvis_pocket.exam import draw_exam
from jarvis_retrievers.openclip import OpenCLIPEncoder
from jarvis_retrievers.patches import crop

__all__ = ["ONE", "TWO", "pocket_trials"]

ONE: tuple[Kind, ...] = ("fact", "detail")
"""Kinds of questions about one concept."""
TWO: tuple[Kind, ...] = ("compare", "who", "caption")
"""Kinds of questions that need several."""
_NUMBERS = range(1, 9)


def pocket_trials(vlm: VLM, encoder: OpenCLIPEncoder, n: int, seed: int = 0) -> Iterator[Trial]:
    """About ``n`` held-out questions, in contexts of 1 to 8 concepts, mined as the product does it."""
    tuning = tuned("pocket")
    intake = Intake(encoder, tuning.miner, tuning.subjects)
    rounds = max(1, round(n / (len(_NUMBERS) * len(ONE + TWO))))
    for turn in range(rounds):
        for number in _NUMBERS:
            kinds = ONE + TWO if number > 1 else ONE
            exam = draw_exam(random.Random(f"gate/{seed}/{turn}/{number}"), kinds, "heldout", concepts=number)
            sources = []
            for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
                text = profile_text(build_profile(concept.name, [notes], None))
                draft = intake.draft(concept.name, (), None, [notes], list(photos), None)
                crops = tuple(crop(photos[p.photo], p.box, vlm.patch_side) for p in draft.patches)
                sources.append(SegmentSource(concept.name, text, crops))
            for item in exam.items:
                images = () if item.image is None else (item.image,)
                yield Trial(tuple(sources), item.question.text, images, item.question.right)

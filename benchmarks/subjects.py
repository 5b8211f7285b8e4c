"""Concepts to measure with: of Pocket World, or of noise."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image

from jarvis_memory.vlm import VLM, SegmentSource

__all__ = ["Subject", "pocket_subjects", "random_subjects"]

_PATCHES = 6
_PHOTO = (1024, 768)
_NOTES = (
    "{name} is a dog. {name} was born in May. {name} likes noodles. {name} belongs to Ana. "
    "{name} sleeps in the basket under the stairs. {name} is afraid of thunder."
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A concept with whole photos, and with the patches that memory keeps of them."""

    source: SegmentSource
    photos: tuple[Image.Image, ...]


def pocket_subjects(vlm: VLM, number: int, photos: int, seed: int) -> list[Subject]:
    """Held-out concepts, their patches mined as the product does it.

    Two photos of each are drawn; where more are asked for they come again, which costs the same to read.
    """
    # Only here: noise needs neither the encoder nor its libraries, which a machine with a GPU may lack.
    from jarvis_memory.intake import Intake
    from jarvis_memory.profile import build_profile, profile_text
    from jarvis_memory.tuning import tuned
    from jarvis_pocket.exam import draw_exam
    from jarvis_retrievers.openclip import OpenCLIPEncoder
    from jarvis_retrievers.patches import crop

    tuning = tuned("pocket")
    intake = Intake(OpenCLIPEncoder.load("pocket", device="cpu"), tuning.miner, tuning.subjects)
    found: list[Subject] = []
    turn = 0
    while len(found) < number:
        exam = draw_exam(random.Random(f"subjects/{seed}/{turn}"), ("fact",), "heldout", concepts=4)
        turn += 1
        for concept, shown, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
            pictures = (list(shown) * photos)[:photos]
            draft = intake.draft(concept.name, (), None, [notes], pictures, None)
            crops = tuple(crop(pictures[p.photo], p.box, vlm.patch_side) for p in draft.patches)
            text = profile_text(build_profile(concept.name, [notes], None))
            found.append(Subject(SegmentSource(concept.name, text, crops), tuple(pictures)))
    return found[:number]


def random_subjects(vlm: VLM, number: int, photos: int, seed: int) -> list[Subject]:
    """Photos of noise, 1024 x 768 pixels, and six patches however many they are, as the miner keeps them."""
    rng = random.Random(seed)
    found = []
    for turn in range(number):
        name = f"Kusu {turn}"
        pictures = tuple(
            Image.frombytes("RGB", _PHOTO, rng.randbytes(3 * _PHOTO[0] * _PHOTO[1])) for _ in range(photos)
        )
        patches = tuple(pictures[i % photos].resize((vlm.patch_side,) * 2) for i in range(_PATCHES))
        profile = "\n".join(_NOTES.format(name=name).split(". "))
        found.append(Subject(SegmentSource(name, profile, patches), pictures))
    return found

"""What a user should look at again before a concept is stored; it is stored all the same."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from jarvis_retrievers.errors import JarvisWarning, NoteWarning, PhotoWarning

from .concept import Concept
from .contradictions import contradictions
from .engine import Engine
from .finder import Finder, Likeness
from .store.draft import ConceptDraft, PatchLike

__all__ = ["note_doubts", "photo_doubts", "warn_of"]

# The line that called `PersonalMemory`: past this function, `remembering`, the method called, and its mark as
# an `operation`.
_CALLER: Final = 5


def warn_of(engine: Engine, draft: ConceptDraft, old: Concept | None = None) -> None:
    """Warn of what is doubtful in a draft: its new photos and its new facts.

    Args:
        engine: whose encoder has made the draft.
        draft: about to be stored; nothing of it is yet.
        old: the concept as it is stored, if it is.
    """
    before = 0 if old is None else len(old.photos)
    new = [subject for subject in draft.subjects if subject.photo >= before]
    doubts: list[JarvisWarning] = []
    if new:
        doubts += photo_doubts(draft.name, new, engine.finder, engine.least_relevance, old)
    facts = draft.profile.facts if draft.profile else ()
    doubts += note_doubts(draft.name, facts, () if old is None else old.profile.facts)
    for doubt in doubts:
        warnings.warn(doubt, stacklevel=_CALLER)


def photo_doubts(
    name: str, subjects: Sequence[PatchLike], finder: Finder, least: float, old: Concept | None = None
) -> list[PhotoWarning]:
    """Of new photos those that show nothing of the concept, and those that show another one.

    A photo shows nothing if its best window is hardly relevant: all of it looks like background. It shows
    another concept if it is nearest to that one, and by more than that one's own threshold.

    Args:
        name: the concept's.
        subjects: of each new photo the window that shows the whole subject best.
        finder: compares it with what is remembered.
        least: least relevance of a photo that shows something.
        old: the concept, if it is remembered already.
    """
    empty = [one.photo for one in subjects if one.relevance < least]
    shown = [one for one in subjects if one.relevance >= least]
    doubts = []
    if empty:
        best = max(one.relevance for one in subjects if one.relevance < least)
        doubts.append(
            PhotoWarning(
                f"{_photos(empty)} of {name!r} {_show(empty)} nothing of it, only background (relevance "
                f"{best:.2g}, at least {least:g} is expected); give a photo in which it is large, or its "
                "category"
            )
        )
    vectors = np.stack([one.vector for one in shown]) if shown else np.zeros((0, 1), np.float32)
    alike: dict[str, list[Likeness]] = {}
    for one in finder.alike(vectors):
        if old is None or one.key != old.id:
            alike.setdefault(one.name, []).append(one)
    for other, likenesses in alike.items():
        photos = [shown[one.vector].photo for one in likenesses]
        nearest = max(likenesses, key=lambda one: one.cosine)
        doubts.append(
            PhotoWarning(
                f"{_photos(photos)} of {name!r} {'looks' if len(photos) == 1 else 'look'} like {other!r} "
                f"(cosine {nearest.cosine:.3f}, from {nearest.threshold:.3f} on it is taken for {other!r}); "
                f"if it is {other!r}, forget {name!r} and remember it without"
            )
        )
    return doubts


def note_doubts(name: str, facts: Sequence[str], known: Sequence[str] = ()) -> list[NoteWarning]:
    """Facts that contradict each other, at least one of each pair new; see `contradictions`."""
    return [
        NoteWarning(
            f"the notes of {name!r} contradict each other: {pair.first!r} and {pair.second!r}; "
            "write down what is true with edit"
        )
        for pair in contradictions(name, facts, known)
    ]


def _photos(positions: Collection[int]) -> str:
    numbers = [str(position + 1) for position in sorted(positions)]
    if len(numbers) == 1:
        return f"photo {numbers[0]}"
    return f"photos {', '.join(numbers[:-1])} and {numbers[-1]}"


def _show(positions: Collection[int]) -> str:
    return "shows" if len(positions) == 1 else "show"

"""How a profile is made: of the notes, of what a model described, and of what is written by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ..concept import Concept, Edits, Profile
from ..edits import edited, past
from ..store.draft import PatchLike
from .description import Description
from .merging import described

__all__ = ["Describe", "ProfileMaking"]

Describe = Callable[[Profile, Sequence[PatchLike]], Description]
"""Describes a concept from what is known of it and its patches."""


class ProfileMaking:
    """A profile on its way: by rule, as described before, and as described anew.

    Args:
        rule: of the notes.
        old: the concept that is made again, if it is one.
        edits: all that is written by hand; None leaves it as it was.
    """

    def __init__(self, rule: Profile, old: Concept | None, edits: Edits | None) -> None:
        self._rule, self._old = rule, old
        self.edits = edits if edits is not None else Edits() if old is None else old.edits
        self.description = None if old is None else old.description
        self.history = () if old is None else old.history

    @property
    def profile(self) -> Profile:
        """With what was described and written by hand until now."""
        return edited(described(self._rule, self.description), self.edits)

    def described(self, describe: Describe | None, patches: Sequence[PatchLike]) -> Profile:
        """The profile with a new description, if there is one; what it was before goes into the history."""
        old = self._old
        said = None if describe is None else describe(edited(self._rule, self.edits), patches)
        # Who says nothing, takes nothing back.
        if said is not None and not said.empty:
            self.description = said
        changed = old is not None and (self.edits, self.description) != (old.edits, old.description)
        if old is not None and changed:
            self.history = past(old.history, old.profile, datetime.now(UTC).isoformat(timespec="seconds"))
        return self.profile

"""The part of a concept that no query asks for: the column ``body``, as JSON."""

from __future__ import annotations

from pydantic import BaseModel

from ..concept import Description, Edits, Moment, PastProfile, Profile, Selection

__all__ = ["ConceptBody"]


class ConceptBody(BaseModel):
    """Fields of `Concept` of the same names; those that came later have defaults, for older records."""

    name: str
    aliases: tuple[str, ...]
    category: str | None
    about: tuple[str, ...]
    profile: Profile
    edits: Edits = Edits()
    description: Description | None = None
    history: tuple[PastProfile, ...] = ()
    selections: tuple[Selection, ...] = ()
    moments: tuple[Moment | None, ...] = ()
    past: int = 0
    encoder: str
    created_at: str
    updated_at: str

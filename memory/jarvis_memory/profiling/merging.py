"""One profile of the owner's words, of what the notes say by rule, and of what a model has seen."""

from __future__ import annotations

from ..checks import MAX_CAPTION
from ..concept import Profile
from ..profile import build_profile, with_article
from .description import Description

__all__ = ["described"]


def described(profile: Profile, description: Description | None) -> Profile:
    """A profile by rule, with what a model adds to it.

    What the profile has stays: its category, its caption, its attributes of the same part, and its facts,
    which come first.
    """
    if description is None:
        return profile
    lasting = description.lasting()
    category = profile.category or lasting.category
    parts = {_part(attribute): attribute for attribute in lasting.attributes}
    parts |= {_part(attribute): attribute for attribute in profile.attributes}
    attributes = tuple(parts.values())
    said = build_profile(profile.name, lasting.facts, category).facts
    known = {fact.casefold() for fact in profile.facts}
    facts = (*profile.facts, *(fact for fact in said if fact.casefold() not in known))
    caption = profile.caption or lasting.caption or _composed(profile.name, category, attributes)
    return profile.model_copy(
        update={
            "category": category,
            "caption": caption,
            "attributes": attributes,
            "facts": facts,
        }
    )


def _composed(name: str, category: str | None, attributes: tuple[str, ...]) -> str | None:
    """A caption of what lasts, where a model gave none or one that told the moment."""
    if not category or not attributes:
        return None
    looks = [f"{part.strip()} {look.strip()}" for part, _, look in (a.partition(":") for a in attributes)]
    while looks:
        caption = f"{name} is {with_article(category)} with {', '.join(looks)}."
        if len(caption.split()) <= MAX_CAPTION:
            return caption
        looks.pop()
    return None


def _part(attribute: str) -> str:
    return attribute.partition(":")[0].strip().casefold()

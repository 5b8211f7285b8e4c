"""What a user has written into a profile by hand, and what profiles were before."""

from __future__ import annotations

from typing import Any, Final

from jarvis_retrievers.errors import InputError

from .checks import check_attribute, check_caption, check_name, check_note
from .concept import Edits, PastProfile, Profile
from .profile import split_sentences

__all__ = ["FIELDS", "edited", "past", "with_edits"]

FIELDS: Final = ("category", "caption", "attributes", "facts")
"""What of a profile can be written by hand."""

_KEPT: Final = 50


def edited(profile: Profile, edits: Edits) -> Profile:
    """A profile with what was written by hand in place of what was made of the notes."""
    given = {name: getattr(edits, name) for name in FIELDS}
    return profile.model_copy(update={name: value for name, value in given.items() if value is not None})


def with_edits(old: Edits, changes: dict[str, Any], reset: tuple[str, ...]) -> Edits:
    """Edits after a change.

    Args:
        old: those made before.
        changes: by field; None leaves it as it is.
        reset: fields that are made of the notes again.

    Raises:
        InputError: there is no such field, it is both written and reset, or what is written cannot be kept.
    """
    wrong = [name for name in reset if name not in FIELDS]
    if wrong:
        raise InputError(f"a profile has the fields {', '.join(FIELDS)} to reset, got {wrong[0]!r}")
    given = {name: _checked(name, value) for name, value in changes.items() if value is not None}
    both = sorted(set(given) & set(reset))
    if both:
        raise InputError(f"{both[0]} is both written and reset; do one of them")
    if not given and not reset:
        raise InputError(f"nothing to edit; give one of {', '.join(FIELDS)}, or reset one")
    return old.model_copy(update=given | dict.fromkeys(reset))


def past(history: tuple[PastProfile, ...], profile: Profile, until: str) -> tuple[PastProfile, ...]:
    """A history with one more profile, the oldest left out beyond fifty."""
    return (*history, PastProfile(profile=profile, until=until))[-_KEPT:]


def _checked(field: str, value: Any) -> Any:
    if field == "category":
        return check_name(value)
    if field == "caption":
        return check_caption(value)
    if isinstance(value, str):
        raise InputError(f"{field} must be a list of texts, got one text; put it into a list")
    if field == "attributes":
        return tuple(map(check_attribute, value))
    texts = [" ".join(check_note(text).split()) for text in value]
    return tuple(sentence for text in texts for sentence in split_sentences(text))

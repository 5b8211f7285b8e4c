"""What a model says of a concept after it has looked at its photos."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ..checks import check_attribute, check_caption, check_name

__all__ = ["MAX_ATTRIBUTES", "MAX_FACTS", "Description", "State"]

MAX_ATTRIBUTES = 8
"""The most fingerprint attributes of a description."""

MAX_FACTS = 8
"""The most facts of a description."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MAX_CATEGORY = 60
_ARTICLES = _set("a an the")

# Parts that only say how a photo was taken, however a model calls them.
_MOMENTARY = _set(
    "action activity angle background camera expression light lighting location mood place pose position "
    "posture scene setting surroundings time view viewpoint weather"
)
_SMALL = _set(
    "a about against an and are around as at be being behind beside by for from her his in indoors inside "
    "into is it its near next of off on onto or outdoors outside over the their there to under up was with"
)


def _blank(value: Any) -> Any:
    """Nothing instead of a blank text: models that have to fill every field write one."""
    return None if isinstance(value, str) and not value.strip() else value


def _category(value: str) -> str:
    """Without articles in front and marks behind; again it changes nothing, as records are checked again."""
    words = check_name(value).split()
    while len(words) > 1 and words[0].lower() in _ARTICLES:
        del words[0]
    while words and not words[-1].rstrip(".!?"):
        del words[-1]
    category = " ".join(words).rstrip(".!?")
    if not 1 <= len(category) <= _MAX_CATEGORY:
        raise ValueError(f"a category has 1 to {_MAX_CATEGORY} characters, got {len(category)}")
    return category


def _line(value: str) -> str:
    return " ".join(value.split())


def _fact(value: str) -> str:
    if not value.strip():
        raise ValueError("a fact has some text")
    return _line(value)


_Short = Annotated[str, Field(max_length=120), AfterValidator(_line)]
_Words = Annotated[_Short | None, BeforeValidator(_blank)]


class State(BaseModel):
    """How it is at the moment of a photo: asked for, so that a model has a place for it, and not kept.

    Attributes:
        pose: how it stands, sits or is held, and what it does.
        place: where it is, and what is around it.
        lighting: how light, time or weather are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pose: _Words = Field(default=None, description="How it stands, sits or is held, and what it does.")
    place: _Words = Field(default=None, description="Where it is, and what is around it.")
    lighting: _Words = Field(default=None, description="Light, time of day, weather.")

    @property
    def phrases(self) -> tuple[str, ...]:
        """What is said of it."""
        return tuple(phrase for phrase in (self.pose, self.place, self.lighting) if phrase)


class Description(BaseModel):
    """What a model says of a concept. What breaks a rule is refused, never cut to fit.

    Attributes:
        state: what is so only at the moment of a photo; it never enters a profile.
        category: what it is, without an article; None if it cannot be told.
        caption: how it always looks, at most 25 words on one line, or None.
        attributes: at most eight, each ``"part: descriptor"``: what tells it from others of its category.
        facts: at most eight sentences of what is true of it at any time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"title": "Description"})

    state: State = Field(
        default=State(),
        description="What is so only at the moment of the photos; nothing of it is said in other fields.",
    )
    category: Annotated[
        Annotated[str, Field(max_length=_MAX_CATEGORY), AfterValidator(_category)] | None,
        BeforeValidator(_blank),
    ] = Field(default=None, description="What it is, in one to three words, such as 'shiba' or 'mug'.")
    caption: Annotated[
        Annotated[str, Field(max_length=400), AfterValidator(check_caption)] | None, BeforeValidator(_blank)
    ] = Field(
        default=None,
        description="How it always looks, in one sentence of at most 25 words; no pose, no place, no light.",
    )
    attributes: tuple[Annotated[str, Field(max_length=120), AfterValidator(check_attribute)], ...] = Field(
        default=(),
        max_length=MAX_ATTRIBUTES,
        description=(
            "What tells it from others of its category, each as 'part: descriptor', such as "
            "'left ear: black tip'."
        ),
    )
    facts: tuple[Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_fact)], ...] = Field(
        default=(),
        max_length=MAX_FACTS,
        description="Short sentences of what the photos show and is true of it at any time.",
    )

    @property
    def empty(self) -> bool:
        """Whether it says nothing that a profile could hold."""
        return not (self.category or self.caption or self.attributes or self.facts)

    def lasting(self) -> Description:
        """The same without all that is momentary.

        The state goes, and with it attributes of momentary parts, and every text that says again what the
        state says.
        """
        phrases = [words for phrase in self.state.phrases if (words := _content(phrase))]

        def stays(text: str) -> bool:
            words = _content(text)
            return not any(phrase <= words for phrase in phrases)

        return self.model_copy(
            update={
                "state": State(),
                "caption": self.caption if self.caption and stays(self.caption) else None,
                "attributes": tuple(
                    text for text in dict.fromkeys(self.attributes) if not _passing(text) and stays(text)
                ),
                "facts": tuple(text for text in dict.fromkeys(self.facts) if stays(text)),
            }
        )


def _content(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold())) - _SMALL


def _passing(attribute: str) -> bool:
    part = attribute.partition(":")[0]
    return bool(_content(part) & _MOMENTARY)

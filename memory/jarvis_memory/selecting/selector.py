"""How a home chooses what of photos a segment is made from."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jarvis_retrievers.errors import CorruptRecordError, SettingError

__all__ = ["SELECTOR_KEY", "Selecting", "Selector"]

SELECTOR_KEY = "selector"
"""The setting of a home that says what segments are made from."""

_SHARE = 0.2


class Selector(StrEnum):
    """What the visual part of a segment is.

    ``PATCHES``: mined crops, each shown to the vision tower by itself.
    ``ATTENTION``: of whole photos the tokens that the model looks at while it says what is on them (Ego,
    arXiv 2603.09771).
    ``FULL``: whole photos, all tokens.
    ``UNIFORM``: of whole photos evenly spread tokens: what any other choice of tokens has to beat.
    """

    PATCHES = "patches"
    ATTENTION = "attention"
    FULL = "full"
    UNIFORM = "uniform"

    @classmethod
    def _missing_(cls, value: object) -> Selector:
        raise SettingError(f"a selector is one of {', '.join(cls)}, got {value!r}")


class Selecting(BaseModel):
    """The choice of a home.

    Attributes:
        selector: what segments are made from.
        tokens: K, the most tokens of one photo, for ``attention`` and ``uniform``; None for a fifth of those
            that the photo has (Ego, section 4.4).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    selector: Selector = Selector.PATCHES
    tokens: int | None = Field(default=None, ge=1)

    @classmethod
    def of(cls, selector: str, tokens: int | None = None) -> Selecting:
        """A choice by its word.

        Raises:
            SettingError: there is no such selector, or it takes no such number of tokens.
        """
        chosen = Selector(selector)
        if tokens is not None and (tokens < 1 or chosen in (Selector.PATCHES, Selector.FULL)):
            raise SettingError(
                f"tokens is at least 1, and for the selectors 'attention' and 'uniform' only, got {tokens} "
                f"for {chosen.value!r}"
            )
        return cls(selector=chosen, tokens=tokens)

    @classmethod
    def read(cls, text: str | None) -> Selecting:
        """The setting of a home as it is stored; patches if there is none.

        Raises:
            CorruptRecordError: it cannot be read.
        """
        try:
            return cls() if text is None else cls.model_validate_json(text)
        except (ValidationError, SettingError) as error:
            raise CorruptRecordError(
                f"the setting {SELECTOR_KEY!r} of this home cannot be read: {error}; set it anew with "
                "jarvis migrate --selector WORD"
            ) from error

    @property
    def key(self) -> str:
        """What tells segments of this choice from others; empty for patches."""
        if self.selector is Selector.PATCHES:
            return ""
        return self.selector.value if self.tokens is None else f"{self.selector.value}-{self.tokens}"

    def most(self, tokens: int) -> int:
        """K of a photo that has so many tokens."""
        return min(tokens, self.tokens) if self.tokens is not None else max(1, round(_SHARE * tokens))

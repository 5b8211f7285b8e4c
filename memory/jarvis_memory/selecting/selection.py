"""Which tokens of one photo a segment keeps."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Selection"]


class Selection(BaseModel):
    """Which tokens of one photo a segment keeps, as one model makes them.

    Attributes:
        model: fingerprint of the model; another one makes other tokens of the photo.
        key: how they were chosen: `Selecting.key`.
        rows, columns: the grid in which the tokens stand on the photo.
        tokens: how many there are; those behind rows x columns have no place on the photo.
        kept: indices, ascending; None for all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    key: str
    rows: int = Field(ge=1)
    columns: int = Field(ge=1)
    tokens: int = Field(ge=1)
    kept: tuple[int, ...] | None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.rows * self.columns > self.tokens:
            raise ValueError(f"{self.rows} x {self.columns} places for {self.tokens} tokens")
        kept = self.kept
        if kept is not None and not (
            kept and kept[0] >= 0 and kept[-1] < self.tokens and list(kept) == sorted(set(kept))
        ):
            raise ValueError(f"kept tokens ascend from 0 to below {self.tokens}, got {kept[:8]}")
        return self

    @property
    def count(self) -> int:
        """How many tokens are kept."""
        return self.tokens if self.kept is None else len(self.kept)

"""What all values of a conversation have in common: they never change, and they are JSON."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from jarvis_retrievers.errors import InputError

__all__ = ["Value"]


class Value(BaseModel):
    """A frozen value that goes into JSON and back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_dict(self) -> dict[str, Any]:
        """The value in plain types, as JSON has them."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """The value that `to_dict` has written.

        Raises:
            InputError: it was not written by it.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the value"
            raise InputError(
                f"this is no {cls.__name__}: {where}: {first['msg']}; give what to_dict returned"
            ) from error

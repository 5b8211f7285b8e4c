"""What comes back of a collaboration: the answer, the report behind it, and what it cost and shared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .reflection import Reflection
from .report import Report
from .sharing import Shared

__all__ = ["Calls", "Collaborated", "Seconds"]


@dataclass(frozen=True, slots=True)
class Calls:
    """How often a model was called.

    Attributes:
        report: the small one, for the first claims and for how concepts look.
        reflect: the small one, for checks.
        retrieve: looks of retrieval.
        large: the large one.
    """

    report: int = 0
    reflect: int = 0
    retrieve: int = 0
    large: int = 0

    @property
    def small(self) -> int:
        """All calls of the small one."""
        return self.report + self.reflect


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall time of the same stages."""

    report: float = 0.0
    reflect: float = 0.0
    retrieve: float = 0.0
    large: float = 0.0

    @property
    def total(self) -> float:
        """All of them."""
        return self.report + self.reflect + self.retrieve + self.large


@dataclass(frozen=True, slots=True)
class Collaborated:
    """The answer to one question.

    Attributes:
        text: what the large model said.
        report: what stood after reflection; without claims for a question without pictures.
        reflections: each claim with its checks.
        calls, seconds: what it cost, by stage.
        shared: what left the machine.
        notices: what the user should know, one line each (a claim that could not be read, say).
    """

    text: str
    report: Report
    reflections: tuple[Reflection, ...]
    calls: Calls
    seconds: Seconds
    shared: Shared
    notices: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """The same in plain types."""
        return asdict(self) | {"report": self.report.model_dump(mode="json")}

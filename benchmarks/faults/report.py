"""What came of one kind of fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Report"]


@dataclass
class Report:
    """Counts of one kind of fault, and what must not be.

    Attributes:
        kind: ``"R1"`` to ``"R15"``.
        seed: of the first round; round n has the seed ``seed + n``.
        rounds: how many faults were done.
        figures: what was counted besides.
        violations: what was wrong, each with the line that does it again.
        skipped: why nothing was done, or empty.
        again: how many rounds a replay takes.
    """

    kind: str
    seed: int
    rounds: int = 0
    figures: dict[str, float | str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    skipped: str = ""
    again: int = 1

    def count(self, name: str, step: float = 1) -> None:
        """Add to a figure."""
        self.figures[name] = float(self.figures.get(name, 0)) + step

    def violate(self, what: str, *, seed: int | None = None, only: str | None = None) -> None:
        """Note a violation of the round of a seed, or of the point called ``only``."""
        again = f"python -m benchmarks.faults --kind {self.kind} --rounds {self.again}"
        again += f" --seed {self.seed if seed is None else seed}" + (f" --only {only}" if only else "")
        self.violations.append(f"{what}  [again: {again}]")

    def as_json(self) -> Mapping[str, object]:
        """What ``--json`` prints."""
        return {
            "kind": self.kind,
            "seed": self.seed,
            "rounds": self.rounds,
            "figures": self.figures,
            "violations": self.violations,
            "skipped": self.skipped,
        }

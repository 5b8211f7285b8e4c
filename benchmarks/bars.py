"""Bars by sort of question, drawn with matplotlib (extra ``bench``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["draw_bars"]

Shares = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By sort and way what `benchmarks.share.Share.to_dict` gives."""


def draw_bars(file: Path, shares: Shares, ways: Mapping[str, str]) -> None:
    """For each sort a bar in % of each way, with its 95 % interval; the same file for the same data.

    Args:
        file: where to.
        shares: what is drawn, from top to bottom.
        ways: which ways, the most important first, and what they are called.
    """
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "jarvis"
    from matplotlib import pyplot

    sorts = list(shares)
    figure, axis = pyplot.subplots(figsize=(7.6, 0.34 * len(sorts) + 1.1), layout="constrained")
    height = 0.8 / len(ways)
    colours = ("#12695c", "#c47a1c", "#a9a49a", "#6f6a61")
    for place, (way, name) in enumerate(ways.items()):
        known = [(row, shares[sort][way]) for row, sort in enumerate(sorts) if way in shares[sort]]
        rows = [row + (place - (len(ways) - 1) / 2) * height for row, _ in known]
        values = [100 * share["accuracy"] for _, share in known]
        below = [value - 100 * share["low"] for value, (_, share) in zip(values, known, strict=True)]
        above = [100 * share["high"] - value for value, (_, share) in zip(values, known, strict=True)]
        axis.barh(rows, values, height, color=colours[place % len(colours)], label=name)
        bounds = _bounds(below, above)
        axis.errorbar(values, rows, xerr=bounds, fmt="none", ecolor="#00000055", elinewidth=0.8)
    axis.set_yticks(range(len(sorts)), sorts)
    axis.invert_yaxis()
    axis.set_xlim(0, 100)
    axis.margins(y=0.01)
    axis.set_xlabel("right, in %, with the 95 % interval")
    axis.grid(axis="x", alpha=0.3)
    axis.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    figure.legend(loc="outside upper center", ncols=len(ways), frameon=False, fontsize=9)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)


def _bounds(below: Sequence[float], above: Sequence[float]) -> list[list[float]]:
    """Lengths as matplotlib takes them; rounding may have made one of them less than 0."""
    return [[max(0.0, one) for one in below], [max(0.0, one) for one in above]]

"""What an answer costs against how often it is right (extra ``bench``)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from jarvis_retrievers.errors import ExtraError

from .summary import Summary

__all__ = ["check_extra", "draw_costs", "front"]

_PANELS: Final = (
    ("first_token_seconds", "ms to the first token", 1e3),
    ("bytes_per_concept", "kB of a concept", 1e-3),
)


def check_extra() -> None:
    """ExtraError if matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise ExtraError(
            'jarvis bench needs matplotlib, which is not installed; run: pip install "jarvis-plugins[bench]"'
        )


def front(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """The Pareto front of points (cost, value), cheapest first: none is as good for less.

    Of two at the same point both are on it.
    """
    kept = [
        name
        for name, (cost, value) in points.items()
        if not any(
            other_cost <= cost and other_value >= value and (other_cost, other_value) != (cost, value)
            for other_cost, other_value in points.values()
        )
    ]
    return sorted(kept, key=lambda name: points[name])


def draw_costs(file: Path, summary: Summary) -> None:
    """Time and bytes against the mean of all figures, a point a method, the Pareto front as a line.

    What a method does not tell, or is 0 (no bytes at all), has no point.

    Raises:
        ExtraError: matplotlib is not installed.
    """
    check_extra()
    import matplotlib

    matplotlib.use("Agg")
    # Without a date and with fixed ids an SVG changes only if what it shows does.
    matplotlib.rcParams["svg.hashsalt"] = "jarvis"
    from matplotlib import pyplot, ticker

    means = summary.means()
    # Best first, so that the legend is read as the points are; ten colours, then the same as squares.
    names = sorted(summary.costs, key=lambda name: -means[name])
    looks = {name: (f"C{place % 10}", "os^D"[place // 10 % 4]) for place, name in enumerate(names)}
    figure, axes = pyplot.subplots(1, len(_PANELS), figsize=(10, 3.8), layout="constrained")
    shown = {}
    for axis, (key, label, unit) in zip(axes, _PANELS, strict=True):
        told = {name: getattr(cost, key) for name, cost in summary.costs.items()}
        points = {name: (unit * cost, 100 * means[name]) for name, cost in told.items() if cost}
        for name, point in points.items():
            colour, marker = looks[name]
            (shown[name],) = axis.plot(*point, marker, color=colour, markersize=7)
        best = [points[name] for name in front(points)]
        axis.plot([x for x, _ in best], [y for _, y in best], "-", color="#9aa4b2", zorder=0)
        axis.set(xscale="log", xlabel=label, ylabel="mean of all figures, %", ylim=(-3, 103))
        axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 3)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter("")
        axis.margins(x=0.1)
        axis.grid(alpha=0.3)
    told_of = [name for name in names if name in shown]
    if told_of:
        lines = [shown[name] for name in told_of]
        figure.legend(lines, told_of, loc="outside right center", fontsize=9, frameon=False)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)

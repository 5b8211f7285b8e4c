"""Line plots, drawn with matplotlib (extra ``bench``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Panel", "draw_lines"]


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot of a figure.

    Attributes:
        title: What it shows.
        x: What the horizontal axis counts.
        y: What the vertical axis measures.
        lines: Points (x, y) by the name of their line.
        log: Whether y grows by factors; points of 0 are left out then.
    """

    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    log: bool = False


def draw_lines(file: Path, panels: Sequence[Panel]) -> None:
    """Panels side by side; the same file for the same data."""
    import matplotlib

    matplotlib.use("Agg")
    # Without a date and with fixed ids an SVG changes only if what it shows does.
    matplotlib.rcParams["svg.hashsalt"] = "jarvis"
    from matplotlib import pyplot

    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    colours = pyplot.rcParams["axes.prop_cycle"].by_key()["color"]
    figure, axes = pyplot.subplots(
        1, len(panels), figsize=(4.4 * len(panels) + 1.4, 3.6), squeeze=False, layout="constrained"
    )
    shown = {}
    for axis, panel in zip(axes[0], panels, strict=True):
        if panel.log:
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter("{x:g}")
            axis.yaxis.set_minor_formatter("")
        for name, points in panel.lines.items():
            order = names.index(name)
            left = sorted((x, y) for x, y in points if y > 0 or not panel.log)
            # Lines that lie on each other stay visible: the later, the thinner, each with its own marker.
            (shown[name],) = axis.plot(
                [x for x, _ in left],
                [y for _, y in left],
                color=colours[order % len(colours)],
                linewidth=1 + 2.5 * (1 - order / len(names)),
                marker="osD^vXP*<>"[order % 10],
                markersize=4,
                alpha=0.85,
                zorder=2 + order,
            )
        axis.set_title(panel.title)
        axis.set_xlabel(panel.x)
        axis.set_ylabel(panel.y)
        axis.grid(alpha=0.3)
    known = [name for name in names if name in shown]
    figure.legend([shown[name] for name in known], known, loc="outside right center", fontsize=8)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)

"""Line plots, drawn with matplotlib (extra ``bench``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["draw_lines"]

Lines = Mapping[str, Sequence[tuple[float, float]]]


def draw_lines(file: Path, panels: Sequence[tuple[str, str, str, Lines]], *, log: bool = False) -> None:
    """Panels side by side, each (title, x label, y label, lines by name); the same file for the same data.

    Args:
        file: Where to; its suffix says what kind of picture.
        panels: What to draw.
        log: Whether y grows by factors.
    """
    import matplotlib

    matplotlib.use("Agg")
    # Without a date and with fixed ids an SVG changes only if what it shows does.
    matplotlib.rcParams["svg.hashsalt"] = "jarvis"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(panels), figsize=(5 * len(panels), 3.6), squeeze=False)
    for axis, (title, x_label, y_label, lines) in zip(axes[0], panels, strict=True):
        for name, points in lines.items():
            axis.plot([x for x, _ in points], [y for _, y in points], marker="o", markersize=3, label=name)
        axis.set_title(title)
        axis.set_xlabel(x_label)
        axis.set_ylabel(y_label)
        axis.grid(alpha=0.3)
        if log:
            axis.set_yscale("log")
        if lines:
            axis.legend(fontsize=8)
    figure.tight_layout()
    metadata = {"Date": None} if file.suffix == ".svg" else None
    figure.savefig(file, metadata=metadata)
    pyplot.close(figure)

"""Which profiler a word means."""

from __future__ import annotations

from collections.abc import Callable

from jarvis_retrievers.errors import SettingError

from ..vlm import VLM
from .jsons import JsonProfiler
from .profiler import Profiler
from .slots import SlotProfiler

__all__ = ["LOCAL", "check_profiler", "choose_profiler"]

LOCAL = "vlm"
"""The word for the memory's own model."""


def check_profiler(profiler: str | Profiler | None) -> str | Profiler | None:
    """Let only what can describe pass.

    Raises:
        SettingError: another word, or no profiler.
    """
    # A class has the method too, but nobody to call it on.
    if (
        profiler is None
        or profiler == LOCAL
        or (isinstance(profiler, Profiler) and not isinstance(profiler, type))
    ):
        return profiler
    shown = repr(profiler) if isinstance(profiler, str) else type(profiler).__name__
    raise SettingError(
        f"profiler is None, {LOCAL!r}, or an object with a method describe(subject), got {shown}; "
        "see jarvis_memory.profiling"
    )


def choose_profiler(profiler: str | Profiler | None, vlm: Callable[[], VLM]) -> Profiler | None:
    """A checked profiler as an object; ``vlm`` is called only if the memory's own model is meant.

    A model that brings questions of its own is asked these; any other one writes JSON.
    """
    if isinstance(profiler, str):
        node = vlm()
        return JsonProfiler(node) if node.slots is None else SlotProfiler(node)
    return profiler

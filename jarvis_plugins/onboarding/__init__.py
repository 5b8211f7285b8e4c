"""Many owners' concepts, each exactly once: from a folder or from Parquet, in one process or on Ray."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .arrival import Arrival as Arrival
    from .entry import Entry as Entry
    from .job import Conflict as Conflict
    from .job import Job as Job
    from .outcome import Outcome as Outcome
    from .plain import onboard_plain as onboard_plain
    from .ray_engine import onboard_ray as onboard_ray
    from .source import Source as Source
    from .source import open_source as open_source
    from .worker import Worker as Worker

_EXPORTS = {
    "Arrival": "arrival",
    "Conflict": "job",
    "Entry": "entry",
    "Job": "job",
    "Outcome": "outcome",
    "Source": "source",
    "Worker": "worker",
    "onboard_plain": "plain",
    "onboard_ray": "ray_engine",
    "open_source": "source",
}

__all__ = [
    "Arrival",
    "Conflict",
    "Entry",
    "Job",
    "Outcome",
    "Source",
    "Worker",
    "onboard_plain",
    "onboard_ray",
    "open_source",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})

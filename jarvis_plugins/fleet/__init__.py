"""Personal memories on Ray Serve: one model per replica, and each owner's requests on the same one.

Importing this package loads neither torch nor Ray; a name loads its module on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .application import app as app
    from .application import build_app as build_app
    from .cluster import serve_fleet as serve_fleet
    from .config import FleetConfig as FleetConfig

_EXPORTS = {
    "FleetConfig": "config",
    "app": "application",
    "build_app": "application",
    "serve_fleet": "cluster",
}

__all__ = [
    "FleetConfig",
    "app",
    "build_app",
    "serve_fleet",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})

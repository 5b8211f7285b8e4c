"""Personal memories on Ray Serve: one model per replica, and each owner's requests on the same one.

Importing this package loads neither torch nor Ray; a name loads its module on first use.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from jarvis_retrievers.errors import ExtraError

if TYPE_CHECKING:
    from .app import app as app
    from .app import build_app as build_app
    from .cluster import serve_fleet as serve_fleet
    from .config import FleetConfig as FleetConfig

_EXPORTS = {
    "FleetConfig": "config",
    "app": "app",
    "build_app": "app",
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
    if name != "FleetConfig" and importlib.util.find_spec("ray") is None:
        raise ExtraError(f'{name} needs ray, which is not installed; run: pip install "jarvis-plugins[scale]"')
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})

"""The web page of `jarvis serve`: a conversation with one's own memory, several owners behind a login.

Importing this package loads neither torch nor NiceGUI; a name loads its module on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparison import Comparison as Comparison
    from .desk import Desk as Desk
    from .limits import Limits as Limits
    from .line import Line as Line
    from .line import Waiting as Waiting
    from .owners import Owners as Owners
    from .reply import Reply as Reply
    from .server import serve as serve
    from .service import Service as Service
    from .taught import Taught as Taught
    from .throttle import Throttle as Throttle
    from .tray import Tray as Tray
    from .users import Users as Users

_EXPORTS = {
    "Comparison": "comparison",
    "Desk": "desk",
    "Limits": "limits",
    "Line": "line",
    "Owners": "owners",
    "Reply": "reply",
    "Service": "service",
    "Taught": "taught",
    "Throttle": "throttle",
    "Tray": "tray",
    "Users": "users",
    "Waiting": "line",
    "serve": "server",
}

__all__ = [
    "Comparison",
    "Desk",
    "Limits",
    "Line",
    "Owners",
    "Reply",
    "Service",
    "Taught",
    "Throttle",
    "Tray",
    "Users",
    "Waiting",
    "serve",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})

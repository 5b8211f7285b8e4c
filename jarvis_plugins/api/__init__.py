"""An HTTP interface to personal memories that clients of OpenAI's chat completions can talk to.

Importing this package loads neither torch nor Starlette; a name loads its module on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .answering import Answering as Answering
    from .app import build_api as build_api
    from .bounds import Bounds as Bounds
    from .local import LocalAnswering as LocalAnswering
    from .refusal import Refusal as Refusal
    from .server import serve_api as serve_api
    from .tokens import Tokens as Tokens

_EXPORTS = {
    "Answering": "answering",
    "Bounds": "bounds",
    "LocalAnswering": "local",
    "Refusal": "refusal",
    "Tokens": "tokens",
    "build_api": "app",
    "serve_api": "server",
}

__all__ = [
    "Answering",
    "Bounds",
    "LocalAnswering",
    "Refusal",
    "Tokens",
    "build_api",
    "serve_api",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})

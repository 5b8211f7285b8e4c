"""What of a concept's photos its segment is made from: patches, or whole photos and some of their tokens.

Importing this package loads no model library; each name loads its module on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chooser import TokenChooser as TokenChooser
    from .layers import CalibrationPhoto as CalibrationPhoto
    from .layers import LayerScores as LayerScores
    from .layers import calibrate as calibrate
    from .layers import middle_layers as middle_layers
    from .selection import Selection as Selection
    from .selector import Selecting as Selecting
    from .selector import Selector as Selector
    from .tokens import even_tokens as even_tokens
    from .tokens import strongest_tokens as strongest_tokens
    from .tokens import token_budget as token_budget

_EXPORTS = {
    "CalibrationPhoto": "layers",
    "LayerScores": "layers",
    "Selecting": "selector",
    "Selection": "selection",
    "Selector": "selector",
    "TokenChooser": "chooser",
    "calibrate": "layers",
    "even_tokens": "tokens",
    "middle_layers": "layers",
    "strongest_tokens": "tokens",
    "token_budget": "tokens",
}

__all__ = [
    "CalibrationPhoto",
    "LayerScores",
    "Selecting",
    "Selection",
    "Selector",
    "TokenChooser",
    "calibrate",
    "even_tokens",
    "middle_layers",
    "strongest_tokens",
    "token_budget",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_EXPORTS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)

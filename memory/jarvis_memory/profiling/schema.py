"""The JSON that a local model is led to write: bounded, so that any model comes to its end."""

from __future__ import annotations

import json
from typing import Any, Final

from ..checks import MAX_CAPTION

__all__ = ["DESCRIPTION_SCHEMA", "MAX_TOKENS"]

# Letters of many scripts, digits and plain marks. What is not here, a model cannot write: no quotes or
# backslashes (they would have to be escaped), no brackets (markup), no other spaces (they would split words).
_LETTERS: Final = (
    "A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u0373\u0386-\u03ce\u0400-\u0481\u048a-\u052f\u05d0-\u05ea"
    "\u0620-\u064a\u0904-\u0939\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3"
)
_MARKS: Final = r"',.;!?()&%+\-"


def _words(most: int, letters: int, marks: str = _MARKS, least: int = 1) -> str:
    """A pattern of one to ``most`` words with single spaces between them."""
    word = f"[{_LETTERS}{marks}]{{1,{letters}}}"
    return f"{word}( {word}){{{least - 1},{most - 1}}}"


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{pattern}$"}


def _list(pattern: str, most: int) -> dict[str, Any]:
    return {"type": "array", "items": _text(pattern), "maxItems": most}


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


_PLAIN: Final = r"'\-"
_SCHEMA: Final = _object(
    {
        # First, so that what is momentary has been said when the rest is written.
        "state": _object({part: _text(_words(6, 14)) for part in ("pose", "place", "lighting")}),
        "category": _text(_words(3, 14, _PLAIN)),
        "caption": _text(_words(MAX_CAPTION, 15, least=3)),
        "attributes": _list(f"{_words(2, 14, _PLAIN)}: {_words(5, 14, _PLAIN)}", 8),
        "facts": _list(_words(12, 16, least=2), 3),
    }
)

DESCRIPTION_SCHEMA: Final = json.dumps(_SCHEMA)
"""The JSON schema of a `Description` in which every text is bounded."""

MAX_TOKENS: Final = 1024
"""Tokens that a description takes at most, of a model that knows words."""

"""One entry of a vector table: a text and what is known about it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from jarvis_retrievers.errors import InputError

__all__ = ["Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """A document as it is kept, in JSON, so that it comes back from a disk as it went.

    Attributes:
        id: not empty.
        text: may be empty.
        metadata: what filters look at.
        extra: what else a framework keeps with it; no filter looks there.
    """

    id: str
    text: str
    metadata: dict[str, Any]
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, id: str, text: str, metadata: Any, extra: Any = None) -> Row:
        """A row of what a user gave, copied.

        Raises:
            InputError: an id or a text that is no text, or metadata that JSON cannot hold.
        """
        if not isinstance(id, str) or not id:
            raise InputError(f"a document's id must be a text that is not empty, got {id!r:.60}")
        if not isinstance(text, str):
            raise InputError(f"a document's text must be a string, got {type(text).__name__}")
        return cls(id, text, _plain(id, metadata), _plain(id, extra))


def _plain(id: str, given: Any) -> dict[str, Any]:
    """A copy in plain types."""
    try:
        kept = json.loads(json.dumps(given or {}, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"the metadata of document {id!r:.60} cannot be written as JSON ({error}); use texts, finite "
            "numbers, booleans, None, lists and mappings, and dates as ISO 8601 text"
        ) from error
    if not isinstance(kept, dict):
        raise InputError(f"metadata must be a mapping, got {type(given).__name__}")
    return kept

"""Which fields an event may have, and which values: numbers, random ids, words of closed lists."""

from __future__ import annotations

import errno
import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .errors import SettingError

__all__ = ["FIELDS", "HIDDEN", "Field", "checked", "fault"]

HIDDEN: Final = "hidden"
"""What is told in place of a value that its field does not take."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of events.

    Attributes:
        kind: what it holds, as the documentation says it.
        means: what it says.
        clean: a value as it is told; `HIDDEN` if it is none of the kind.
    """

    kind: str
    means: str
    clean: Callable[[object], object]


def _number(value: object) -> object:
    return value if isinstance(value, int) and not isinstance(value, bool) else HIDDEN


def _ms(value: object) -> object:
    return round(float(value), 1) if isinstance(value, (int, float)) else HIDDEN


def _flag(value: object) -> object:
    return value if isinstance(value, bool) else HIDDEN


def _shaped(pattern: str) -> Callable[[object], object]:
    shape = re.compile(pattern)
    return lambda value: value if isinstance(value, str) and shape.fullmatch(value) else HIDDEN


def _count(means: str) -> Field:
    return Field("count", means, _number)


def _time(means: str) -> Field:
    return Field("ms", means, _ms)


def _word(means: str, *words: str) -> Field:
    known = frozenset(words)

    def told(value: object) -> object:
        return str(value) if isinstance(value, str) and value in known else HIDDEN

    return Field(", ".join(f"`{word}`" for word in words), means, told)


def _hex(kind: str, means: str, digits: str) -> Field:
    return Field(kind, means, _shaped(f"[0-9a-f]{digits}"))


def fault(error: BaseException) -> tuple[str, str]:
    """The type of an error and, where it or what caused it came from the system, its code; never its text."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno is not None:
            return type(error).__name__, errno.errorcode.get(seen.errno, "")
        if isinstance(seen, sqlite3.Error):
            return type(error).__name__, getattr(seen, "sqlite_errorname", "") or ""
        seen = seen.__cause__
    return type(error).__name__, ""


OPERATIONS: Final = (
    *("remember", "update", "edit", "forget", "leave", "recall", "why", "ask", "ask_many", "chat"),
    *("gate", "calibrate", "migrate", "reindex", "verify"),
)
"""What is done with a memory: the words of the field ``op``, and of spans."""

_MODES = ("none", "compose", "link", "blend", "exact")
_ROUTES = (
    *("/", "/login", "/logout", "/favicon.ico", "/look/…", "/sample/…", "/photo/…", "/crop/…", "/picture/…"),
    *("/region/…", "/upload/…", "/_nicegui/…", "/_nicegui_ws/…", "other"),
    *("/v1/chat/completions", "/v1/models", "/healthz", "/readyz"),
)

FIELDS: Final[Mapping[str, Field]] = {
    "call": _hex("random id", "which call of a memory it belongs to", "{8}"),
    "owner": _hex("tag", "stands for an owner as long as the process runs", "{8}"),
    "concept": _hex("random id", "of a concept", "{32}"),
    "fingerprint": _hex("fingerprint", "of a model, its first digits", "{12}"),
    "op": _word("what was done", *OPERATIONS),
    "mode": _word("how a context was made", *_MODES),
    "storage": _word("how segments are stored", "f32", "f16", "bf16", "fp8", "int8", "none"),
    "origin": _word("where a segment came from", "hand", "store", "encoded"),
    "tier": _word("where segments are kept", "ram", "gpu", "disk", "redis"),
    "why": _word("why a segment is not used as stored", "missing", "damaged", "foreign"),
    "what": _word(
        "what it is about",
        *("segment", "texts", "snapshots", "clusters", "witness", "reserve", "photo", "record", "vectors"),
        *("photos", "segments", "catalogue", "log", "bytes", "concepts", "copies"),
    ),
    "method": _word("of a request", "GET", "HEAD", "POST", "OTHER", "SOCKET"),
    "route": _word("of a request, without ids and queries", *_ROUTES),
    "status": _count("the number that a request was answered with"),
    "error": Field("type of an error", "what went wrong", _shaped(r"[A-Za-z_]\w{0,79}")),
    "code": Field("code of the system", "why it went wrong", _shaped(r"[A-Z0-9_]{0,40}")),
    "read_only": Field("flag", "nothing is written", _flag),
    "repaired": Field("flag", "it was mended", _flag),
    "stopped": Field("flag", "the reader left before the end", _flag),
    "stream": Field("flag", "piece by piece", _flag),
    "format": _count("of a home"),
    "before": _count("the format that it had"),
    "concepts": _count("concepts"),
    "photos": _count("photos"),
    "patches": _count("patches"),
    "images": _count("pictures of a question"),
    "found": _count("what was found"),
    "files": _count("files"),
    "segments": _count("segments"),
    "tokens": _count("tokens"),
    "reused": _count("tokens that came from stored segments"),
    "computed": _count("tokens that went through the model"),
    "generated": _count("tokens of answers"),
    "tries": _count("attempts"),
    "left_out": _count("what did not fit the window"),
    "bytes": _count("bytes"),
    "ms": _time("how long it took"),
    "retrieve_ms": _time("to find concepts"),
    "load_ms": _time("to load their segments"),
    "compose_ms": _time("to compose a context"),
    "prefill_ms": _time("from there to the first token"),
    "decode_ms": _time("for the other tokens"),
}
"""Every field that an event may have."""


def checked(fields: Mapping[str, object]) -> dict[str, object]:
    """Fields as they may be told.

    Raises:
        SettingError: no such field.
    """
    told: dict[str, object] = {}
    for name, value in fields.items():
        if name not in FIELDS:
            raise SettingError(f"no event has a field {name!r}; see jarvis_retrievers.log_fields.FIELDS")
        if value is None:
            continue
        if name == "error" and isinstance(value, BaseException):
            value, code = fault(value)
            if code:
                told["code"] = FIELDS["code"].clean(code)
        told[name] = FIELDS[name].clean(value)
    return told

"""What a catalogue holds: numbers of everything, settings, what is unfinished."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from ..selecting.selector import SELECTOR_KEY
from ..store.home_keys import read_lock
from ..store.queries import has_table
from .check import Check
from .machine import amount

__all__ = ["look_at_record"]

_CHECKED: Final = 256 * 2**20
_STORAGE_KEY, _GATE = "kv", "gate/"


def look_at_record(connection: sqlite3.Connection, measured: bool) -> Iterator[Check]:
    """Numbers, damage, settings and verdicts; owners are counted, not named."""
    if not has_table(connection, "concepts"):
        yield Check("home", "state", "it was never finished", "note", "open it once for writing")
        return
    sound = _sound(connection)
    yield sound
    if sound.state == "wrong":
        return
    one = connection.execute
    live, hidden = (
        int(one("SELECT count(*) FROM concepts WHERE live = ?", (on,)).fetchone()[0]) for on in (1, 0)
    )
    owners = int(one("SELECT count(*) FROM owners").fetchone()[0])
    photos, photo_bytes = one("SELECT count(*), coalesce(sum(length), 0) FROM photos").fetchone()
    patches = int(one("SELECT count(*) FROM patches").fetchone()[0])
    yield Check("home", "owners", str(owners))
    yield Check("home", "concepts", f"{live}, with {photos} photos and {patches} patches")
    segments, rows_bytes = one("SELECT count(*), coalesce(sum(length), 0) FROM segments").fetchone()
    yield Check("home", "bytes", f"photos {amount(photo_bytes)}, segments {amount(rows_bytes)}")
    yield from _segments(connection, live, int(segments))
    for table, what in (("items", "agents' items"), ("snapshots", "index snapshots")):
        if has_table(connection, table):
            yield Check("home", what, str(one(f"SELECT count(*) FROM {table}").fetchone()[0]))  # noqa: S608
    traces = one("SELECT 1 FROM meta WHERE key = 'traces'").fetchone() is not None
    if hidden or traces:
        what = f"{hidden} concepts are hidden, but not erased" if hidden else "traces are in the file"
        how = "open the home for writing, with room on the disk and nobody reading it"
        yield Check("home", "forgetting", f"unfinished: {what}", "warning", how)
    yield _encryption(connection)
    yield from _settings(connection, live, measured)


def _sound(connection: sqlite3.Connection) -> Check:
    pages, size = (
        int(connection.execute(f"PRAGMA {what}").fetchone()[0]) for what in ("page_count", "page_size")
    )
    if pages * size > _CHECKED:
        return Check("home", "state", "too large to be checked here", "note", "run: jarvis verify")
    found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    if found != ["ok"]:
        how = "run: jarvis verify --repair; if it does not help, restore a backup"
        return Check("home", "state", f"damaged: {found[0]}", "wrong", how)
    return Check("home", "state", "the catalogue is sound; jarvis verify reads everything")


def _segments(connection: sqlite3.Connection, live: int, segments: int) -> Iterator[Check]:
    without = connection.execute(
        "SELECT count(*) FROM concepts c WHERE live = 1 AND NOT EXISTS "
        "(SELECT 1 FROM segments s WHERE s.owner = c.owner AND s.concept = c.concept)"
    ).fetchone()[0]
    found = connection.execute(
        "SELECT fingerprint, count(*) FROM segments GROUP BY fingerprint ORDER BY count(*) DESC"
    ).fetchall()
    models = ", ".join(f"{count} by {str(mark)[:12]}" for mark, count in found[:3])
    if live and without * 2 >= live:
        how = "their next question encodes them first; that is so after another model or a restore"
        yield Check("home", "segments", f"{segments}; {without} of {live} concepts have none", "warning", how)
    elif len(found) > 1:
        how = "those of a model that is not used any more take room until their concepts change"
        yield Check("home", "segments", f"{segments}: {models}", "note", how)
    else:
        yield Check("home", "segments", f"{segments}, by model {str(found[0][0])[:12]}" if found else "0")


def _encryption(connection: sqlite3.Connection) -> Check:
    lock, _ = read_lock(connection)
    if lock is None:
        how = "keep it on an encrypted disk, or run: jarvis secure on"
        return Check("home", "encryption", "none", "note", how)
    if lock.mode != "on":
        how = "run jarvis secure on, or off, once more: it goes on"
        return Check("home", "encryption", "begun, and not finished", "warning", how)
    return Check("home", "encryption", f"AES-256-GCM; the master key is from: {lock.source}")


def _settings(connection: sqlite3.Connection, live: int, measured: bool) -> Iterator[Check]:
    if not has_table(connection, "settings"):
        return
    found = {str(key): str(value) for key, value in connection.execute("SELECT key, value FROM settings")}
    yield Check("settings", "segments kept as", found.get(_STORAGE_KEY, "bf16"))
    chosen = _json(found.get(SELECTOR_KEY)).get("selector", "patches")
    yield Check("settings", "segments made of", str(chosen))
    verdicts = [(key, _json(value)) for key, value in found.items() if key.startswith(_GATE)]
    for key, verdict in verdicts:
        mark = key.removeprefix(_GATE)[:12]
        what = f"{verdict.get('mode')} with {verdict.get('storage')}, measured here with {mark}"
        yield Check("settings", "gate", what)
    if not verdicts and not measured and live > 1:
        how = "questions about several concepts compute them anew; run: jarvis gate"
        yield Check("settings", "gate", "the model was never measured", "warning", how)


def _json(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

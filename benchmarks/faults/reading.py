"""R9: processes read a home while another writes into it."""

from __future__ import annotations

import json
import os
import random
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from jarvis_memory.store import OwnerStore
from jarvis_retrievers.errors import CorruptRecordError, UnknownConceptError

from .base import OWNER, Base, scratch
from .operation import FINGERPRINT, Operation, perform
from .report import Report
from .state import State, after, concept_digest, digest_of, draw

__all__ = ["readers"]

_READERS = 3
_HERE_BEFORE = ("Bo", "Mia", "Pip")


def readers(rounds: int, seed: int, only: str = "") -> Report:
    """Processes read while one writes, updates and forgets, until they have read ``rounds`` concepts.

    Every concept that is read must be one that was written, whole; one whose `forget` has returned must not
    be there for a reader that opens or asks later.
    """
    report = Report("R9", seed, again=rounds, figures={"readers": float(_READERS)})
    with scratch() as folder:
        base = Base.make(folder / "base")
        home = base.copy(folder / "home")
        ledger = folder / "ledger"
        ledger.touch()
        writer = _Child(lambda: _write(home, ledger, seed))
        share = -(-rounds // _READERS)
        found = [_Child(partial(_read_on, home, ledger, share, n % 2 == 0)) for n in range(_READERS)]
        for child in found:
            said = child.result()
            report.rounds += int(said.get("reads", 0))
            report.count("gone meanwhile", float(said.get("gone", 0)))
            for wrong in said.get("wrong", []):
                report.violate(wrong)
        writer.kill()
        # What it was forgetting is hidden, and some of its files are gone: whose it is, finishes that.
        OwnerStore.open(home, OWNER).close()
        report.count("written meanwhile", float(len(ledger.read_text().splitlines())))
        for wrong in base.wrong(home):
            report.violate(wrong)
    return report


class _Child:
    """A function in a fork of this process; its result comes back as JSON."""

    def __init__(self, work: Callable[[], dict[str, object]]) -> None:
        self._read, write = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                said = work()
            except BaseException:
                said = {"wrong": [traceback.format_exc()[-800:]]}
            os.write(write, json.dumps(said).encode())
            os._exit(0)
        os.close(write)

    def result(self) -> dict[str, Any]:
        with os.fdopen(self._read, "rb") as file:
            said = file.read()
        os.waitpid(self._pid, 0)
        found: dict[str, Any] = json.loads(said) if said else {"wrong": ["a reader was killed"]}
        return found

    def kill(self) -> None:
        os.kill(self._pid, 9)
        os.waitpid(self._pid, 0)
        os.close(self._read)


def _write(home: Path, ledger: Path, seed: int) -> dict[str, object]:
    """Write on and on; the ledger says what is begun (``+``), before, and what is over (``-``), after."""
    with OwnerStore.open(home, OWNER) as store, ledger.open("a", buffering=1) as file:
        state: State = {}
        for operation in _endless(seed):
            old = state
            state = after(state, operation)
            for key in state.keys() - old.keys() | {k for k in state if old.get(k) != state[k]}:
                file.write(f"+ {key}={state[key]}\n")
            perform(store, operation)
            for key in old:
                if old[key] != state.get(key):
                    file.write(f"- {key}={old[key]}\n")
    return {}


def _endless(seed: int) -> Iterator[Operation]:
    for number in range(1 << 30):
        there: set[str] = set()
        for operation in draw(random.Random(f"R9/{seed}/{number}"), f"r{number} ", 60, names=4):
            if operation.kind in ("remember", "update", "append", "segment", "forget"):
                (there.discard if operation.kind == "forget" else there.add)(operation.name)
                yield operation
        yield from (Operation("forget", name) for name in sorted(there))


class _Ledger:
    """What the writer has begun to write, and what is over, as it comes."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.begun: set[str] = set()
        self.over: dict[str, int] = {}

    def follow(self) -> int:
        """Read on; returns how much is over."""
        for line in self._file:
            text = line[2:].rstrip("\n")
            if line[0] == "+":
                self.begun.add(text)
            else:
                self.over.setdefault(text, len(self.over))
        return len(self.over)


def _read_on(home: Path, path: Path, reads: int, reopen: bool) -> dict[str, object]:
    done = gone = 0
    wrong: list[str] = []
    store = OwnerStore.open(home, OWNER)
    with path.open() as file:
        ledger = _Ledger(file)
        while done < reads and not wrong:
            if reopen:
                store.close()
                store = OwnerStore.open(home, OWNER)
            over = ledger.follow()
            found = list(_look(store))
            ledger.follow()
            for key, value in found:
                done += 1
                text = f"{key}={value}"
                if value is None:
                    gone += 1
                elif ledger.over.get(text, over) < over:
                    wrong.append(f"{key} was served after it was forgotten or replaced")
                elif key.split(" ", 1)[1] not in _HERE_BEFORE and text not in ledger.begun:
                    wrong.append(f"{key} is half, or nobody wrote it")
    store.close()
    return {"reads": done, "gone": gone, "wrong": wrong[:3]}


def _look(store: OwnerStore) -> Iterator[tuple[str, str | None]]:
    """Every concept and segment, with None for what has changed while it was read."""
    for concept in store.list():
        try:
            photos = [store.photo(photo.id) for photo in concept.photos]
            matrix = store.vectors([concept.id]).matrix
            segment = store.get_segment(concept.id, FINGERPRINT)
            same = store.find(concept.id).updated == concept.updated
        except UnknownConceptError:
            same = False
        except CorruptRecordError:
            # What was replaced or forgotten between two looks is gone, not damaged.
            now = next((one for one in store.list() if one.id == concept.id), None)
            if now is not None and now.updated == concept.updated:
                raise
            same = False
        if not same:
            yield f"concept {concept.name}", None
            continue
        number = {photo.id: n for n, photo in enumerate(concept.photos)}
        boxes = [(number[patch.photo_id], patch.box) for patch in concept.patches]
        yield f"concept {concept.name}", concept_digest(concept.about, photos, boxes, matrix)
        if segment is not None:
            yield f"segment {concept.name}", digest_of([segment])

"""Raw answers as JSON lines, one at a time and each on the disk before the next is asked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Literal

from pydantic import Field, ValidationError

from jarvis_retrievers.errors import DatasetError

from .controls import Arm
from .item import Value
from .jsonl import json_lines

__all__ = ["LOOKS", "Answer", "AnswerLog", "Look"]

Look = Literal["words", "first", "again"]
LOOKS: Final[tuple[Look, ...]] = ("words", "first", "again")
"""``words``: a question without a picture; ``first``: about a picture that this memory was not asked about
before; ``again``: about one that it was, of which it may have kept what it made."""


class Answer(Value):
    """One raw answer.

    Attributes:
        arm, item, rotation: which question it answers.
        text: as the method gave it.
        seconds: wall time of the call, measured outside of the method.
        first_token, loaded, found, stages: as the method told (`jarvis_bench.method.Reply`).
        look: one of `LOOKS`; None in runs of before it was noted.
        failure: the error in place of an answer; it counts as wrong.
    """

    arm: Arm
    item: str
    rotation: int = Field(ge=0)
    text: str
    seconds: float = Field(ge=0)
    first_token: float | None = None
    loaded: int | None = None
    found: tuple[str, ...] | None = None
    stages: tuple[tuple[str, float], ...] = ()
    look: Look | None = None
    failure: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """Which question it answers; there is one answer to it in a run."""
        return self.arm, self.item, self.rotation


class AnswerLog:
    """The file of a run's answers. A last line that was cut off by a crash is asked again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[Answer, ...]:
        """All whole lines, in the order in which they were written.

        Raises:
            DatasetError: a line in the middle that is no answer, or an answer that is there twice.
        """
        if not self.path.exists():
            return ()
        self._mend()
        answers: dict[tuple[str, str, int], Answer] = {}
        for number, line in json_lines(self.path):
            try:
                answer = Answer.model_validate(line)
            except ValidationError as error:
                what = error.errors()[0]["msg"]
                raise DatasetError(
                    f"{self.path}, line {number} is no answer: {what}; use a new folder"
                ) from error
            if answer.key in answers:
                raise DatasetError(
                    f"{self.path}, line {number}: {answer.item!r} is answered twice; use a new folder"
                )
            answers[answer.key] = answer
        return tuple(answers.values())

    def _mend(self) -> None:
        """Cut off what stands behind the last line break: it was never acknowledged."""
        with self.path.open("rb+") as file:
            size = file.seek(0, os.SEEK_END)
            end = size
            while end:
                start = max(0, end - 65536)
                file.seek(start)
                found = file.read(end - start).rfind(b"\n")
                if found >= 0:
                    end = start + found + 1
                    break
                end = start
            if end < size:
                file.truncate(end)
                os.fsync(file.fileno())

    @contextmanager
    def writing(self) -> Iterator[AnswerWriter]:
        """Open for appending; one process at a time.

        Raises:
            DatasetError: another process writes into it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab", buffering=0) as file:
            _lock(file, self.path)
            yield AnswerWriter(file)


class AnswerWriter:
    """Appends answers."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, answer: Answer) -> None:
        """Append one answer; it is on the disk when this returns."""
        line = json.dumps(answer.model_dump(mode="json"), ensure_ascii=False) + "\n"
        data = memoryview(line.encode("utf-8", "backslashreplace"))
        while data:
            data = data[self._file.write(data) :]
        os.fsync(self._file.fileno())


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: two runs into one folder are found when it is read, as answers given twice
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise DatasetError(f"{path} is being written by another run; wait, or use another folder") from error

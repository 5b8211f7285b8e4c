"""A process that works on a home until something happens to it."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jarvis_memory.store import OwnerStore
from jarvis_retrievers.errors import JarvisError

from .operation import Operation, perform

__all__ = ["Outcome", "Victim"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a victim.

    Attributes:
        acknowledged: numbers of the operations that returned, counted from 0.
        refused: number of an operation (-1: opening), and the error that it raised.
        killed: whether a signal ended it.
        crash: the trace of an error that is not one of the project's; empty if there was none.
    """

    acknowledged: tuple[int, ...]
    refused: tuple[tuple[int, str], ...]
    killed: bool
    crash: str = ""


class Victim:
    """A fork of this process; it prints ``ack N`` into a pipe after operation N has returned.

    Args:
        home, owner: what it opens.
        operations: what it does, in order; one that is refused does not keep it from the next.
        arm: called in it before the home is opened.
        waits: whether it waits for `go` before that.
        backup: where backups go.
        beside: after so many operations it opens the home once more, as another owner, and closes that.
    """

    def __init__(
        self,
        home: Path,
        owner: str,
        operations: Iterable[Operation],
        *,
        arm: Callable[[], None] | None = None,
        waits: bool = False,
        backup: Path | None = None,
        beside: int | None = None,
    ) -> None:
        self._said = b""
        self._acks, write = os.pipe()
        gate, self._gate = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._acks)
            os.close(self._gate)
            _live(home, owner, operations, arm, gate if waits else None, write, backup, beside)
        os.close(write)
        os.close(gate)

    def go(self) -> None:
        """Let it begin."""
        os.write(self._gate, b"g")

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def so_far(self) -> int:
        """How many operations it has acknowledged up to now."""
        os.set_blocking(self._acks, False)
        with suppress(BlockingIOError):
            while part := os.read(self._acks, 1 << 16):
                self._said += part
        os.set_blocking(self._acks, True)
        return self._said.count(b"ack ")

    def wait(self) -> Outcome:
        """Read what it says until it ends."""
        os.close(self._gate)
        with os.fdopen(self._acks, "rb") as file:
            said = self._said + file.read()
        status = os.waitpid(self.pid, 0)[1]
        acknowledged: list[int] = []
        refused: list[tuple[int, str]] = []
        crash = ""
        # The last line may have been cut off by the kill.
        for line in said.decode().split("\n")[:-1]:
            word, number, *rest = line.split(" ", 2)
            if word == "ack":
                acknowledged.append(int(number))
            elif word == "error":
                refused.append((int(number), rest[0]))
            else:
                crash += f"{line}\n"
        return Outcome(tuple(acknowledged), tuple(refused), os.WIFSIGNALED(status), crash)


def _live(
    home: Path,
    owner: str,
    operations: Iterable[Operation],
    arm: Callable[[], None] | None,
    gate: int | None,
    said: int,
    backup: Path | None,
    beside: int | None,
) -> None:
    number = -1

    def refused(error: JarvisError) -> None:
        line = " ".join(f"{type(error).__name__}: {error}".split())
        os.write(said, f"error {number} {line}\n".encode())

    try:
        if gate is not None:
            os.read(gate, 1)
        if arm is not None:
            arm()
        with OwnerStore.open(home, owner) as store:
            for number, operation in enumerate(operations):
                if beside is not None and number % beside == 0:
                    OwnerStore.open(home, f"{owner}.beside").close()
                try:
                    perform(store, operation, backup)
                except JarvisError as error:
                    refused(error)
                else:
                    os.write(said, f"ack {number}\n".encode())
        code = 0
    except JarvisError as error:
        refused(error)
        code = 3
    except BaseException:
        os.write(said, "".join(f"crash 0 {line}\n" for line in traceback.format_exc().splitlines()).encode())
        code = 1
    os._exit(code)

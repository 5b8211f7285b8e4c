"""A process that may look at one hostile file, and do nothing else."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from jarvis_retrievers.errors import JarvisError

__all__ = ["MEMORY", "SECONDS", "Told", "locked_up"]

MEMORY = 256 << 20
"""Bytes over those of the imports."""

SECONDS = 2
"""Of the processor; as much again, and more, may pass by the clock where others work, too."""

_PATIENCE = 20.0
_FORBIDDEN = (
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.kill"),
    *("subprocess.Popen", "pickle.find_class", "marshal.loads", "socket.", "urllib.", "ctypes.dlopen"),
    *("compile", "exec", "sqlite3.enable_load_extension", "sqlite3.load_extension", "webbrowser.", "ftplib."),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a file.

    Attributes:
        outcome: ``"read"``, ``"refused"`` with an error of the project, or ``"wrong"``.
        why: the error.
        seconds: of the processor.
        nbytes: resident bytes at most, over those of the imports.
    """

    outcome: str
    why: str
    seconds: float
    nbytes: int


class _RanError(BaseException):
    """Something was done that no file may cause."""


def locked_up(folder: Path, read: Callable[[], None]) -> Told:
    """Call ``read`` in a fork: no code of the file may run, and nothing be written but in ``folder``.

    What it may take is limited (`MEMORY`, `SECONDS`).
    """
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        before = _high()
        try:
            with _locked(folder):
                outcome, why = _outcome(read)
        except MemoryError:
            outcome, why = "wrong", f"wants more than {MEMORY >> 20} MB\n{traceback.format_exc()[-600:]}"
        except BaseException as error:
            outcome, why = "wrong", f"{type(error).__name__}: {error}"[:300] + traceback.format_exc()[-600:]
        used = resource.getrusage(resource.RUSAGE_SELF)
        told = [outcome, why, used.ru_utime + used.ru_stime, max(0, _high() - before)]
        os.write(theirs, json.dumps(told).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as file:
        ready, _, _ = select.select([file], [], [], _PATIENCE)
        if not ready:
            os.kill(pid, signal.SIGKILL)
        text = file.read()
    _, status, used = os.wait4(pid, 0)
    seconds = used.ru_utime + used.ru_stime
    if not ready:
        return Told("wrong", f"it hangs: {_PATIENCE:g} s have passed", seconds, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return Told(
            "wrong", f"more than {SECONDS} s" if name == "SIGXCPU" else f"ended by {name}", seconds, 0
        )
    return Told(*json.loads(text)) if text else Told("wrong", f"ended with {status}", seconds, 0)


def _outcome(read: Callable[[], None]) -> tuple[str, str]:
    try:
        read()
    except JarvisError as error:
        return "refused", f"{type(error).__name__}: {error}"[:300]
    return "read", ""


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    loaded = {name.split(".")[0] for name in sys.modules}
    inside, armed = str(folder.resolve()), True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if not armed:
            return
        if event.startswith(_FORBIDDEN) and not _loads(sys._getframe(1)):
            raise _RanError(f"{event} {str(arguments)[:200]}")
        if event == "import" and str(arguments[0]).split(".")[0] not in loaded:
            raise _RanError(f"import of {arguments[0]}")
        if event == "open" and isinstance(arguments[0], str) and _writes(arguments[2]):
            place = os.path.realpath(arguments[0])
            if not place.startswith(inside) and place != os.devnull:
                raise _RanError(f"writes to {place}")

    sys.addaudithook(watch)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, hard))
    try:
        yield
    finally:
        armed = False
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _loads(frame: FrameType | None) -> bool:
    """Whether Python loads a module; which, an event of its own has told."""
    return frame is not None and frame.f_code.co_filename.startswith("<frozen importlib")


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _high() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_maxrss * 1024

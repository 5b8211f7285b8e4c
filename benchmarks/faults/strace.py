"""Faults in system calls, put there by strace: whatever makes them, SQLite's own included."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["DURABLE", "Strace", "strace_works"]

DURABLE = (
    *("fsync", "fdatasync", "write", "pwrite64", "rename", "unlink", "mkdir", "ftruncate"),
    *("link", "rmdir", "fallocate"),
)
"""Calls that change what is on the disk, or make it last."""

_PATIENCE = 20.0


class Strace:
    """strace attached to a process, as a context manager; faults happen while it is.

    Args:
        pid: whose calls.
        fault: ``"fsync:signal=KILL:when=3"``: see "Tampering" in strace(1).
        log: where the calls that fail, and those to ``write``, are written down, with the paths of files.

    Raises:
        RuntimeError: strace could not attach.
    """

    def __init__(self, pid: int, fault: str, log: Path | None = None) -> None:
        calls = fault.split(":", 1)[0] + ("" if log is None else ",write")
        command = ["strace", "-f", "-qq", "-y", "-o", str(log or os.devnull), "-p", str(pid)]
        options = ["-e", f"trace={calls}", "-e", f"inject={fault}", "-e", "signal=none"]
        self._pid = pid
        self._process = subprocess.Popen(  # noqa: S603
            [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + _PATIENCE
        while _tracer(self._pid) == 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self._process.communicate()[1].decode() if self._process.poll() is not None else ""
                raise RuntimeError(f"strace could not attach: {said.strip() or 'it took too long'}")
            time.sleep(0.001)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None and _tracer(self._pid) != 0:
            self._process.terminate()
        self._process.communicate()


@cache
def strace_works() -> bool:
    """Whether a process may be traced, and faults put into its calls."""
    if shutil.which("strace") is None:
        return False
    fault = ["-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1"]
    code = "import os\ntry: os.fsync(0)\nexcept OSError as e: raise SystemExit(e.errno)"
    done = subprocess.run(  # noqa: S603
        ["strace", "-qq", "-o", "/dev/null", *fault, sys.executable, "-c", code],  # noqa: S607
        check=False,
    )
    return done.returncode == 5


def _tracer(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return os.getpid()
    return int(status.split("TracerPid:")[1].split()[0])

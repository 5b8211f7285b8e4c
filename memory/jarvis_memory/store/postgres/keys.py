"""The keys of a cluster's blobs: in its tables ``lock`` and ``data_keys``, opened with the master key."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection
from weakref import WeakKeyDictionary

from jarvis_retrievers.errors import CorruptRecordError, SettingError, StoreError, WrongKeyError

from ..aes import AesGcmCipher, opened, wrapped
from ..cipher import PLAIN, OwnerCipher
from ..contracts import BlobRef
from ..lock import Lock, lock_of, opened_with
from ..master_key import MasterKey
from .cluster import Cluster
from .rows import select
from .session import Session

__all__ = ["ClusterRing", "key_holds", "refuse_other_keys"]

# A passphrase takes a while to be stretched, and a process opens the same cluster for many owners.
_MASTERS: WeakKeyDictionary[Cluster, dict[tuple[MasterKey, Lock], bytes]] = WeakKeyDictionary()
_LOCK = threading.Lock()

# Who writes what is not encrypted shares it; who encrypts a cluster has it alone.
_PLAIN = "hashtextextended('jarvis/plain', 0)"


class ClusterRing:
    """`KeyRing` of a cluster: a data key of 32 random bytes for each owner, bound to owner and cluster.

    Rows of the database are not encrypted with it. Each question is asked of the tables, as another machine
    may have destroyed a key. Threads may share it.

    Args:
        cluster: whose blobs.
        key: the master key; by default what the environment has, or the keyring where the cluster says so. A
            cluster in which nobody is yet is encrypted with it.

    Raises:
        LockedHomeError: the cluster is encrypted, and its key is not there; WrongKeyError: another key.
        SettingError: a key was given, but somebody is in the cluster who is not encrypted.
    """

    def __init__(self, cluster: Cluster, key: MasterKey | None = None) -> None:
        self._cluster, self._key = cluster, key
        with cluster.read(None) as session:
            known = _lock(session)
            new = None if known or cluster.read_only else key or MasterKey.from_environment()
            somebody = new is not None and _somebody(session)
        if new is not None and not somebody:
            self._key, known = new, self._start(new)
        if known is None and key is not None:
            raise SettingError(
                f"a key was given, but {cluster.shown} is not encrypted; a cluster is encrypted from its "
                "first owner on: make a new one, and `jarvis migrate` into it"
            )
        if known is not None:
            self._master(*known)
        self.encrypted = known is not None

    def current(self, owner: str) -> OwnerCipher:
        """See `KeyRing.current`."""
        with self._cluster.read(owner) as session:
            known = _lock(session)
            row = _row(session, owner)
        if known is None:
            return PLAIN
        if row is None:
            return self._make(owner)
        if not any(row[1]):
            raise StoreError(f"{owner!r} is being forgotten; open the owner's store, which goes on with it")
        return self._cipher(known, owner, *row)

    def by_id(self, owner: str, key_id: int) -> OwnerCipher:
        """See `KeyRing.by_id`."""
        if not key_id and not self.encrypted:
            return PLAIN
        with self._cluster.read(owner) as session:
            known = _lock(session)
            row = _row(session, owner)
        if not key_id:
            raise CorruptRecordError("it is not encrypted")
        if known is None:
            raise CorruptRecordError("it is encrypted, and the cluster is not")
        if row is None or not any(row[1]):
            raise CorruptRecordError("the key of this owner is gone, so nothing of it can be read any more")
        if row[0] != key_id:
            raise CorruptRecordError("it is encrypted with a key that this owner does not have")
        return self._cipher(known, owner, *row)

    def _start(self, key: MasterKey) -> tuple[Lock, bytes] | None:
        """Encrypt a cluster in which nobody is; of two who come at once, the second finds it done."""
        with self._cluster.write(None) as session:
            session.row(f"SELECT pg_advisory_xact_lock({_PLAIN})")
            known = _lock(session)
            if known is None and not _somebody(session):
                lock = Lock.new(key, "on")
                known = lock, wrapped(key.derive(lock.how), b"", lock.proven)
                session.insert("lock", [(*lock.fields, known[1])])
        return known

    def _make(self, owner: str) -> OwnerCipher:
        with self._cluster.write(owner) as session:
            known, row = _lock(session), _row(session, owner)
            if known is None:
                return PLAIN
            if row is None:
                if _has_blobs(session, owner):
                    # A second key would leave all that is there unreadable for good.
                    raise CorruptRecordError(
                        f"the key of {owner!r} is lost; restore the database from a backup"
                    )
                key, key_id = secrets.token_bytes(32), 1 + secrets.randbelow(2**32 - 1)
                row = key_id, wrapped(self._master(*known), key, known[0].bound(owner, key_id))
                session.insert("data_keys", [(owner, *row)])
        return self._cipher(known, owner, *row)

    def _cipher(self, known: tuple[Lock, bytes], owner: str, key_id: int, sealed: bytes) -> AesGcmCipher:
        key = opened(self._master(*known), sealed, known[0].bound(owner, key_id))
        if key is None:
            raise CorruptRecordError(
                f"the key of {owner!r} cannot be unwrapped: its row was changed, or is another owner's; "
                "restore the database from a backup"
            )
        return AesGcmCipher(key, key_id)

    def _master(self, lock: Lock, proof: bytes) -> bytes:
        with _LOCK:
            known = _MASTERS.setdefault(self._cluster, {})
            found = None if self._key is None else known.get((self._key, lock))
            if found is None:
                self._key = self._key or MasterKey.from_environment()
                if self._key is None and lock.source == "keyring":
                    self._key = MasterKey.from_keyring(lock.name)
                found = known.get((self._key, lock)) if self._key is not None else None
            if found is None:
                found = opened_with(self._key, lock, proof, self._cluster.shown)
                if self._key is not None:
                    known[self._key, lock] = found
            return found


def key_holds(session: Session, owner: str, blobs: Collection[BlobRef]) -> bool:
    """Whether blobs were written with the key that the owner has; it stays so until this write ends."""
    used = {blob.key for blob in blobs} - {None}
    if not used:
        return True
    if used == {0}:
        # In a statement of its own: the next one sees what was committed while this one waited.
        session.row(f"SELECT pg_advisory_xact_lock_shared({_PLAIN})")
        return _lock(session) is None
    row = _row(session, owner)
    return row is not None and any(row[1]) and used == {row[0]}


def refuse_other_keys(session: Session, owner: str, blobs: Collection[BlobRef]) -> None:
    """Let no row point to a blob that cannot be read, or is gone with the key that it was written with.

    Raises:
        WrongKeyError: the owner left since, or the cluster is encrypted since.
    """
    if not key_holds(session, owner, blobs):
        raise WrongKeyError("the owner's key was changed during this write; nothing was written, try again")


def _lock(session: Session) -> tuple[Lock, bytes] | None:
    rows = select(session, "lock", "true", ())
    return lock_of(rows[0]) if rows else None


def _row(session: Session, owner: str) -> tuple[int, bytes] | None:
    rows = select(session, "data_keys", "owner = %s", (owner,))
    return (int(rows[0][1]), bytes(rows[0][2])) if rows else None


def _somebody(session: Session) -> bool:
    tables = ("owners", "photos", "segments", "snapshots")
    return any(session.row(f"SELECT 1 FROM {table} LIMIT 1") for table in tables)  # noqa: S608


def _has_blobs(session: Session, owner: str) -> bool:
    tables = ("photos", "segments", "snapshots")
    return any(
        session.row(f"SELECT 1 FROM {table} WHERE owner = %s LIMIT 1", (owner,))  # noqa: S608
        for table in tables
    )

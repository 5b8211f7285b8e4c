"""Where the blobs of a cluster are: a folder that all machines see, or a bucket; with copies near, or not."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit
from weakref import WeakValueDictionary

from jarvis_retrievers.errors import SettingError

from .blobs import FileBlobStore
from .cached_blobs import CachedBlobStore, FramedBlobStore
from .cipher import KeyRing
from .contracts import BlobStore
from .copies import Copies
from .disk import make_folder, translated, write_file
from .keys import digest

if TYPE_CHECKING:
    from .objects import Bucket, ObjectAddress

__all__ = ["MARK", "BlobPlace", "Blobs"]

Blobs = str | os.PathLike[str] | BlobStore
"""A folder, a URL (``file:///folder``, ``s3://bucket/prefix``, ``gs://``, ``az://``), or what holds blobs."""

MARK = "cluster"
"""A file or an object that says which cluster the blobs beside it are of."""

CACHE_BYTES = 10_000_000_000

# What is used by nobody any more goes by itself.
_BUCKETS: WeakValueDictionary[tuple[object, ...], Bucket] = WeakValueDictionary()
_COPIES: WeakValueDictionary[tuple[object, ...], Copies] = WeakValueDictionary()
_LOCK = threading.Lock()

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,3})?)(|[KMGT]B)\Z", re.IGNORECASE)
_KNOWN = ("cache", "cache_size", "endpoint")
_CATALOGUE = "catalogue.sqlite"


@dataclass(frozen=True, slots=True)
class BlobPlace:
    """A place for blobs that was looked at, and not connected.

    Attributes:
        root: a folder, or an address of objects.
        cache: a folder of this machine for copies; None for none.
        cache_bytes: of which at most so many.
    """

    root: Path | ObjectAddress
    cache: Path | None = None
    cache_bytes: int = CACHE_BYTES

    @classmethod
    def parse(cls, blobs: str | os.PathLike[str]) -> BlobPlace:
        """The place that a path or a URL names.

        A URL may have a query: ``cache=/folder`` keeps copies there, up to ``cache_size=20GB`` (10 GB);
        ``endpoint=https://host:port`` is of a server that speaks S3 and is not Amazon's.

        Raises:
            SettingError: it names none, or only half of one.
        """
        text = os.fspath(blobs)
        if "://" not in text:
            if re.match(r"(s3|gs|az|file):", text):
                scheme = text.partition(":")[0]
                raise SettingError(f"{text!r} is half a URL; write {scheme}://, and then where")
            return cls(Path(text).expanduser())
        text, _, query = text.partition("?")
        options = _options(query)
        cache = options.get("cache")
        near = None if cache is None else Path(cache).expanduser()
        if near is not None and not near.is_absolute():
            raise SettingError(f"cache= names a whole path, such as /nvme/jarvis, got {cache!r}")
        root = _folder(text, options) if text.startswith("file:") else _address(text, options)
        return cls(root, near, _bytes(options.get("cache_size", str(CACHE_BYTES))))

    def opened(
        self, cluster: str, *, read_only: bool, timeout: float, keys: KeyRing | None = None
    ) -> BlobStore:
        """The blobs of a cluster there.

        Args:
            cluster: its id.
            read_only: refuse writes.
            timeout: seconds to go on with what fails for a moment.
            keys: who encrypts.

        Raises:
            SettingError: there are the blobs of another cluster, or the place cannot be used. ExtraError: its
                driver is not installed. StoreError: it cannot be reached.
        """
        inner: FramedBlobStore
        if isinstance(self.root, Path):
            _claim_folder(self.root, cluster, read_only)
            inner = FileBlobStore(self.root, read_only=read_only, keys=keys)
        else:
            from .objects import ObjectBlobStore

            bucket = _shared(self.root, cluster, read_only, timeout)
            inner = ObjectBlobStore(bucket, cluster.encode(), read_only=read_only, keys=keys)
        return inner if self.cache is None else CachedBlobStore(inner, self._copies(self.cache))

    def _copies(self, folder: Path) -> Copies:
        # One for all that a process opens: it counts what it has written.
        place = (os.getpid(), folder, self.cache_bytes)
        with _LOCK:
            found = _COPIES.get(place)
            if found is None:
                found = _COPIES[place] = Copies(folder, self.cache_bytes)
            return found


def _shared(address: ObjectAddress, cluster: str, read_only: bool, timeout: float) -> Bucket:
    """One for all that a process opens there, as each has connections of its own."""
    from .objects import Bucket, Patience

    place = (os.getpid(), address, cluster, read_only, timeout)
    with _LOCK:
        found = _BUCKETS.get(place)
        if found is None:
            found = Bucket.open(address, Patience(timeout))
            _claim_bucket(found, cluster, read_only)
            _BUCKETS[place] = found
        return found


def _options(query: str) -> dict[str, str]:
    if not query:
        return {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        # Not what it says, nor what parse_qsl says of it: people put keys there.
        raise SettingError(
            "the query of a URL of blobs cannot be read; write ?cache=/folder, and & between options"
        ) from None
    options = dict(pairs)
    unknown = sorted(set(options) - set(_KNOWN))
    if unknown or len(options) != len(pairs) or not all(options.values()):
        names = ", ".join(ascii(name[:20]) for name, _ in pairs)
        raise SettingError(
            f"a URL of blobs knows {', '.join(_KNOWN)}, each once and with a value, got {names[:200]}"
        )
    if "cache_size" in options and "cache" not in options:
        raise SettingError("cache_size= goes with cache=/folder; give both, or none")
    return options


def _bytes(text: str) -> int:
    found = _SIZE.match(text)
    size = (
        0 if found is None else int(float(found[1]) * 1000 ** ("KMGT".find(found[2][:1].upper() or "-") + 1))
    )
    if size < 1:
        raise SettingError(f"cache_size= is a number of bytes, such as 20GB or 500MB, got {text!r}")
    return size


def _folder(text: str, options: dict[str, str]) -> Path:
    parts = urlsplit(text)
    if parts.netloc not in ("", "localhost") or not parts.path.strip("/"):
        raise SettingError(f"a file URL names a whole path, such as file:///srv/photos, got {text!r}")
    if "endpoint" in options:
        raise SettingError("endpoint= is for s3://; leave it out of a file URL")
    return Path(unquote(parts.path))


def _address(text: str, options: dict[str, str]) -> ObjectAddress:
    from .objects import ObjectAddress
    from .objects.address import DRIVERS

    scheme = text.partition(":")[0]
    if scheme not in DRIVERS:
        raise SettingError(
            f"blobs cannot be at {scheme}://; use a folder, file:///folder, s3://bucket/prefix, gs://, "
            "az://, or a BlobStore"
        )
    return ObjectAddress.parse(text, options)


def _claim_folder(root: Path, cluster: str, read_only: bool) -> None:
    """See that a folder belongs to this cluster: another's sweep would delete its blobs."""
    mark = root / MARK
    with translated("read", root):
        if root.exists() and not root.is_dir():
            raise SettingError(f"blobs must be in a folder, got the file {root}; choose another path")
        if (root / _CATALOGUE).exists():
            raise SettingError(
                f"{root} is a home with a catalogue of its own; give the cluster another folder"
            )
        if not mark.exists() and not read_only:
            make_folder(root)
            make_folder(root / "tmp")
            write_file(
                mark, root / "tmp" / f"{MARK}-{os.getpid()}-{threading.get_ident()}", (cluster.encode(),)
            )
        found = mark.read_text() if mark.exists() else cluster
    if found != cluster:
        raise SettingError(
            f"{root} holds the blobs of another cluster ({found}), this is {cluster}; each needs a folder "
            "of its own"
        )


def _claim_bucket(bucket: Bucket, cluster: str, read_only: bool) -> None:
    """The same of a prefix. Its mark does not hold the id, which is the key of owners' names there."""
    mine = digest("jarvis/object/cluster", cluster).hex().encode()
    found = bucket.get(MARK, len(mine) + 1)
    if found is None and not read_only:
        # Of two who come at once, one writes, and the other finds it.
        found = mine if bucket.put(MARK, mine) else bucket.get(MARK, len(mine) + 1)
    if found is not None and found != mine:
        raise SettingError(
            f"{bucket.shown} holds the blobs of another cluster ({found[:12].decode(errors='replace')!a}), "
            f"this is {mine[:12].decode()}; each needs a prefix of its own"
        )

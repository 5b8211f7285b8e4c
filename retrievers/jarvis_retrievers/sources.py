"""Images that somebody else names: base64 text, data URLs, addresses, files. Most are refused."""

from __future__ import annotations

import base64
import binascii
import contextlib
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from PIL import Image

from .errors import ImageError
from .files import read_beneath
from .images import MAX_BYTES, load_image

__all__ = ["ImagePolicy"]

_CHUNK: Final = 65_536
_ADVICE: Final = "give a JPEG, PNG or WEBP image"
# Through these an address of version 6 means one of version 4: RFC 4291 (2.5.5.1), 6052, 8215, 3056.
_CARRIERS: Final = tuple(
    (ipaddress.IPv6Network(text), shift)
    for text, shift in (("::/96", 0), ("64:ff9b::/96", 0), ("64:ff9b:1::/48", 0), ("2002::/16", 80))
)
# In IANA's registries of special addresses, and unknown to some versions of Python.
_SPECIAL: Final = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "3fff::/20", "5f00::/16")))
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class ImagePolicy:
    """Where images of messages may come from. Their bytes are always welcome; by default nothing else is.

    A model or a stranger may have written a message: whoever follows every address in it can be led into a
    private network, and whoever opens every path gives any file away.

    Attributes:
        root: a folder whose files may be read; None for none.
        https: whether images may be fetched, over https and from public addresses only.
        seconds: how long a fetch may take before each answer of the other side; all of it at most six times
            as long.
        ports: which ports may be reached; a service of another kind may listen on others.
        max_bytes: the largest image.
    """

    root: str | os.PathLike[str] | None = None
    https: bool = False
    seconds: float = 10.0
    max_bytes: int = MAX_BYTES
    ports: tuple[int, ...] = (443,)

    def load(self, reference: str) -> Image.Image:
        """An image from whatever names it: a ``data:`` URL, an address, or a path (also as ``file://``).

        Raises:
            ImageError: it is not allowed, or is no image.
        """
        scheme, colon, _ = reference.partition(":")
        if reference[:7].casefold() == "file://":
            return self.from_path(reference[7:])
        # A single letter before a colon is a drive.
        if colon and len(scheme) > 1 and scheme.isalpha():
            return self.from_url(reference)
        return self.from_path(reference)

    def from_base64(self, text: str) -> Image.Image:
        """An image from base64 text.

        Raises:
            ImageError: no base64, too large (told before it is decoded), or no image.
        """
        if len(text) * 3 // 4 > self.max_bytes + 2:
            raise ImageError(f"an image in base64 is larger than {self._limit}; give a smaller file")
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ImageError(
                f"an image is not valid base64 ({error}); encode the bytes of the file"
            ) from error
        return load_image(data, max_bytes=self.max_bytes)

    def from_url(self, url: str) -> Image.Image:
        """An image from a ``data:`` URL, or an address that the policy allows.

        Raises:
            ImageError: the address is not allowed, cannot be reached, or is of no image.
        """
        scheme = url[:8].partition(":")[0].casefold()
        if scheme == "data":
            return self._from_data(url)
        if scheme == "https" and self.https:
            return load_image(self._fetched(url), max_bytes=self.max_bytes)
        if scheme == "https":
            raise ImageError(
                "an image is an address, and none are fetched; allow it with ImagePolicy(https=True)"
            )
        raise ImageError(
            f"an image address must be data: or https:, got {url[:40]!r}; give the bytes of the image instead"
        )

    def from_path(self, path: str | os.PathLike[str]) -> Image.Image:
        """An image file under ``root``; links that lead out of it are refused.

        Raises:
            ImageError: there is no root, the file is not under it, or it is no image.
        """
        if self.root is None:
            raise ImageError(
                "an image is a path, and no files are read; allow a folder with ImagePolicy(root=...)"
            )
        root = Path(self.root).expanduser().resolve()
        try:
            file = (root / Path(path)).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ImageError(f"the image {str(path)[:60]!r} is no path ({error}); check it") from error
        if not file.is_relative_to(root):
            raise ImageError(f"the image {str(path)!r} is not under the allowed folder; move it there")
        name = f"photo {str(path)!r}"
        data = read_beneath(root, file.relative_to(root), name, self.max_bytes, ImageError, _ADVICE)
        if len(data) > self.max_bytes:
            raise ImageError(f"{name} is larger than {self._limit}; give a smaller file")
        return load_image(data, max_bytes=self.max_bytes)

    @property
    def _limit(self) -> str:
        return f"{self.max_bytes / 2**20:g} MB"

    def _from_data(self, url: str) -> Image.Image:
        head, comma, body = url.partition(",")
        if not comma:
            raise ImageError("an image is a data: URL without a comma; write data:image/png;base64,...")
        if head.casefold().endswith(";base64"):
            return self.from_base64(body)
        if len(body) > 3 * self.max_bytes:
            raise ImageError(f"an image in a data: URL is larger than {self._limit}; give a smaller file")
        return load_image(unquote_to_bytes(body), max_bytes=self.max_bytes)

    def _fetched(self, url: str) -> bytes:
        """The bytes behind an https address. Redirects are not followed: they lead anywhere."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", 443 if parts.port is None else parts.port
        except ValueError as error:
            raise ImageError(f"an image address cannot be read ({error}); check it") from error
        if not host or parts.username is not None or parts.password is not None:
            raise ImageError("an image address must have a host and no password; check it")
        if port not in self.ports:
            allowed = ", ".join(map(str, self.ports))
            raise ImageError(
                f"an image address must have one of the ports {allowed}, got {port}; see ImagePolicy"
            )
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        if not (target.isascii() and target.isprintable()) or " " in target:
            raise ImageError("an image address holds characters that must be percent-encoded; encode them")
        try:
            return self._read(host, port, target)
        except (OSError, HTTPException) as error:
            raise ImageError(
                f"the image at {host!r} cannot be fetched ({error}); give its bytes instead"
            ) from error

    def _read(self, host: str, port: int, target: str) -> bytes:
        address = _public(host, port)
        connection = HTTPSConnection(host, port, timeout=self.seconds)
        # Connected by the address that was checked: a name may mean another one the next time.
        plain = socket.create_connection((address, port), timeout=self.seconds)
        line = [plain]
        late = threading.Event()
        # Whoever sends a byte now and then is in time with each, and would hold the line for ever.
        watchdog = threading.Timer(6 * self.seconds, _hang_up, (line, late))
        watchdog.daemon = True
        watchdog.start()
        try:
            safe = ssl.create_default_context().wrap_socket(
                plain, server_hostname=host, do_handshake_on_connect=False
            )
            line[0] = connection.sock = safe
            safe.do_handshake()
            connection.request("GET", target, headers={"Accept": "image/*"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise ImageError(
                    f"the image at {host!r} was answered with {answer.status}; check the address"
                )
            data = bytearray()
            while chunk := answer.read(_CHUNK):
                data += chunk
                if len(data) > self.max_bytes:
                    raise ImageError(
                        f"the image at {host!r} is larger than {self._limit}; give a smaller one"
                    )
            if late.is_set():
                raise ImageError(
                    f"the image at {host!r} took more than {6 * self.seconds:g} s; give its bytes instead"
                )
            return bytes(data)
        finally:
            watchdog.cancel()
            connection.close()
            plain.close()


def _public(host: str, port: int) -> str:
    """The first address of a host, all of which are public."""
    found: Iterable[str] = [
        str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ]
    addresses = [ipaddress.ip_address(address.partition("%")[0]) for address in found]
    for address in addresses:
        if not _is_public(address):
            raise ImageError(f"the image at {host!r} is in a private network; give its bytes instead")
    if not addresses:
        raise ImageError(f"the image at {host!r} has no address; check it")
    return str(addresses[0])


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether anybody on the internet can reach it; an address that carries another is as public as that."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        for network, shift in _CARRIERS:
            if address in network:
                inner = ipaddress.IPv4Address(int(address) >> shift & 0xFFFF_FFFF)
                return int(network.network_address) != 0 and _is_public(inner)
        if address not in _GLOBAL_UNICAST:
            return False
    special = any(address in network for network in _SPECIAL if network.version == address.version)
    return address.is_global and not (special or address.is_multicast or address.is_reserved)


def _hang_up(line: list[socket.socket], late: threading.Event) -> None:
    """Let whoever reads meet the end, and know why; the socket stays theirs to close."""
    late.set()  # before the end is met: a reader may be quicker than this thread
    # It may be closed at this moment, which is what is wanted.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(line[0], socket.SHUT_RDWR)

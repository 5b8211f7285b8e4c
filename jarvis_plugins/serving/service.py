"""What a page is to be served from, and to whom."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from jarvis_retrievers.errors import SettingError

from .limits import Limits
from .users import Users

__all__ = ["Service", "is_loopback"]


@dataclass(frozen=True, slots=True)
class Service:
    """What a page is to be served from, and to whom.

    Attributes:
        home: the home; None for a temporary one with the drawn household.
        owner: whose page it is, where nobody signs in.
        model, clip, device: as for `PersonalMemory.open`.
        host, port: where it listens; port 0 is a free one.
        users: who may sign in; None for one owner without a login.
        measure: whether every answer is measured against a full prefill at once; else when asked to.
        limits: how much visitors may bring.
        site: the address that a proxy gives the page, as https://memory.example; None without a proxy.
        proxy: the address of a proxy that is believed when it says for whom it asks; None if nobody is.

    Raises:
        SettingError: another host than loopback without users, users without a home, a site that is no
            address of one, or without users, or a proxy that is no IP address.
    """

    home: Path | None = None
    owner: str = "me"
    model: str = "pocket"
    clip: str = "pocket"
    device: str | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    users: Users | None = None
    measure: bool = True
    limits: Limits = field(default_factory=Limits)
    site: str | None = None
    proxy: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingError(f"a port is 0 to 65535, got {self.port}; 0 takes a free one")
        if self.users is None and not is_loopback(self.host):
            raise SettingError(
                f"on {self.host!r} others could see everything without a password; make a file of users: "
                "jarvis serve --users FILE --add-user NAME, or leave --host out"
            )
        if self.users is not None and self.home is None:
            raise SettingError("users need a home that lasts; name it with --home")
        if self.site is not None and not _is_site(self.site):
            raise SettingError(
                f"a site is http:// or https:// and a host in lower case, nothing more, got {self.site!r}; "
                "write --site https://memory.example"
            )
        if self.site is not None and self.users is None:
            raise SettingError(
                f"at {self.site} others could see everything without a password; make a file of users: "
                "jarvis serve --users FILE --add-user NAME, or leave --site out"
            )
        if self.proxy is not None and not _is_address(self.proxy):
            raise SettingError(f"--proxy is an IP address, as 127.0.0.1, got {self.proxy!r}")

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.site is not None and self.site.startswith("https://")


def _is_site(url: str) -> bool:
    """Whether it is what a browser says in ``Origin`` (RFC 6454, section 6.2)."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return False
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    standard = (parts.scheme, parts.port) in (("http", 80), ("https", 443))
    whole = f"{parts.scheme}://{host}{port}"
    return parts.scheme in ("http", "https") and bool(host) and url == whole and not standard


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and nobody else can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

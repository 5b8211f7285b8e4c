"""What a page is to be served from, and to whom."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

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

    Raises:
        SettingError: another host than loopback without users, or users without a home.
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


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and nobody else can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

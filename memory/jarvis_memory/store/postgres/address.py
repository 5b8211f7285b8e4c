"""Where a cluster is: a URL that was looked at before anything is connected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from jarvis_retrievers.errors import SettingError

from .driver import driver

__all__ = ["SCHEMES", "Address"]

SCHEMES = ("postgresql", "postgres")

_FORM = "write postgresql://user:password@host:5432/database"


@dataclass(frozen=True, slots=True)
class Address:
    """A database of a PostgreSQL server, or of several of which one takes writes at a time.

    Attributes:
        options: what libpq understands, the password among it.
        shown: the same for messages, without the password.
    """

    options: tuple[tuple[str, str], ...] = field(repr=False)
    shown: str

    @property
    def several(self) -> bool:
        """Whether it names more than one server."""
        return "," in dict(self.options).get("host", "")

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address that a URL names; what it leaves out of user and password, libpq finds as usual.

        Raises:
            SettingError: it is no such URL, or names no host or no database. ExtraError: no psycopg.
        """
        # Before the driver is asked for: what is wrong with a URL can be said without one.
        try:
            parts = urlsplit(url)
            places = parts.netloc.rpartition("@")[2].split(",")
            ports = [urlsplit(f"//{place}").port for place in places]
        except ValueError as error:
            if "@" in url:
                # Half of a password was taken for a port, and the error tells it: not chained either.
                raise _ambiguous() from None
            raise SettingError(f"the URL of a cluster cannot be read ({error}); {_FORM}") from error
        if parts.scheme not in SCHEMES:
            raise SettingError(
                f"the URL of a cluster must start with postgresql://, got {parts.scheme!r}; {_FORM}"
            )
        if parts.netloc.count("@") > 1 or "@" in parts.path + parts.query + parts.fragment:
            # Whatever comes of that may hold a part of a password, if only in the name of the host.
            raise _ambiguous()
        try:
            found: dict[str, Any] = driver().conninfo.conninfo_to_dict(url)
        except driver().Error as error:
            reason = _first_line(error)
            if parts.password:
                reason = reason.replace(parts.password, "***")
            # Not chained: what libpq says may quote the password.
            raise SettingError(f"the URL of a cluster cannot be read ({reason}); {_FORM}") from None
        except UnicodeDecodeError:
            # Of a % in a password, which the error quotes.
            raise _ambiguous() from None
        host = str(found.get("host") or found.get("hostaddr") or "")
        if not host:
            raise SettingError(f"the URL of a cluster names no host; {_FORM}")
        if not found.get("dbname"):
            raise SettingError(f"the URL of a cluster names no database on {host}; {_FORM}")
        user = f"{found['user']}@" if found.get("user") else ""
        place = ",".join(places) if any(ports) else host
        options = tuple((key, str(value)) for key, value in sorted(found.items()))
        return cls(options, f"postgresql://{user}{place}/{found['dbname']}")


def _ambiguous() -> SettingError:
    return SettingError(
        "the URL of a cluster cannot be read; percent-encode the password and whatever else stands in it "
        f"(/ is %2F, @ is %40, % is %25), and {_FORM}"
    )


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]

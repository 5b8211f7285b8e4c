"""How every connection to a cluster is made and set."""

from __future__ import annotations

from dataclasses import dataclass, field

from .address import Address
from .schema import SCHEMA

__all__ = ["Line"]

# Where pgvector is, is for whoever has installed it to say.
_SEARCHED = (
    f"'{SCHEMA}, public' || COALESCE((SELECT ', ' || quote_ident(n.nspname) "  # noqa: S608  (no value in it)
    "FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'), '')"
)


@dataclass(frozen=True, slots=True)
class Line:
    """What connections have in common.

    Attributes:
        options: what libpq understands, the password among it.
        timeout: seconds to wait for a connection, and for another write of the same owner.
        settings: of the server, for each connection.
    """

    options: dict[str, str] = field(repr=False)
    timeout: float
    settings: tuple[tuple[str, str], ...]

    @classmethod
    def to(cls, address: Address, read_only: bool, timeout: float, statement_timeout: float) -> Line:
        """The line to an address; times in seconds. Of several servers a writer wants the one that writes."""
        settings = (
            ("synchronous_commit", "on"),
            ("statement_timeout", f"{int(statement_timeout * 1000)}ms"),
            ("lock_timeout", f"{int(timeout * 1000)}ms"),
            ("idle_in_transaction_session_timeout", f"{int(statement_timeout * 1000)}ms"),
        )
        known = {"connect_timeout": "10", "application_name": "jarvis"}
        if address.several and not read_only:
            known["target_session_attrs"] = "read-write"
        known |= dict(address.options)
        return cls(known, timeout, settings)

    def configuring(self) -> tuple[str, list[str]]:
        """The statement that every new connection begins with, and its values."""
        calls = ", ".join(["set_config(%s, %s, false)"] * len(self.settings))
        statement = f"SELECT {calls}, set_config('search_path', {_SEARCHED}, false)"
        return statement, [part for pair in self.settings for part in pair]

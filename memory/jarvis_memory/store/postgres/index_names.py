"""Names of the indexes that one owner has alone."""

from __future__ import annotations

from ..keys import digest
from .schema import SCHEMA
from .session import Session

__all__ = ["drop_indexes", "index_name"]


def index_name(owner: str, space: str, dim: int) -> str:
    """The name of an owner's index: it starts with what is the same for all of an owner's."""
    return f"near_{_tag(owner)}_{digest('jarvis/index', space, dim).hex()[:12]}"


def drop_indexes(session: Session, owner: str) -> None:
    """Drop all indexes that are of this owner alone; their conditions name the owner."""
    query = "SELECT indexname FROM pg_indexes WHERE schemaname = %s AND indexname LIKE %s"
    for (name,) in session.rows(query, (SCHEMA, f"near\\_{_tag(owner)}\\_%")):
        session.run(f'DROP INDEX IF EXISTS {SCHEMA}."{name}"')


def _tag(owner: str) -> str:
    return digest("jarvis/index/owner", owner).hex()[:24]

"""What PostgreSQL's errors mean for whoever called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jarvis_retrievers.errors import (
    CorruptRecordError,
    HomeReadOnlyError,
    InputError,
    JarvisError,
    NoRoomError,
    SettingError,
    StoreError,
)

from .driver import driver

__all__ = ["meant", "refused", "translated"]

_REFUSALS = (
    ("password authentication failed", "check user and password"),
    ("no password supplied", "put the password into the URL, into PGPASSWORD or into ~/.pgpass"),
    ("no pg_hba.conf entry", "let the server accept this user from this machine (pg_hba.conf)"),
    ("does not exist", "make it (CREATE ROLE, CREATE DATABASE), or name another"),
    ("permission denied for database", "GRANT CONNECT ON DATABASE to this user"),
    ("could not translate host name", "check the host"),
    ("failed to resolve host", "check the host"),
    ("SSL", "check sslmode and the certificates"),
    ("too many", "let the server take more connections, or open fewer"),
)


def refused(error: BaseException, shown: str) -> JarvisError:
    """The error to raise where a connection cannot be made; ``shown`` is an address without its password."""
    text = _line(error)
    advice = next((advice for sign, advice in _REFUSALS if sign in text), None)
    if advice is None:
        return StoreError(f"{shown} cannot be reached ({text}); check that the server runs there")
    kind = StoreError if advice.startswith("let the server take") else SettingError
    return kind(f"{shown} refuses the connection ({text}); {advice}")


def meant(error: Any, shown: str) -> JarvisError:
    """The error to raise in place of one of psycopg's, after a connection was made."""
    code, text, errors = getattr(error, "sqlstate", None) or "", _line(error), driver()
    if code == "57014":
        return StoreError(
            f"{shown} took too long ({text}), nothing was changed; try again when it is less busy"
        )
    if code in ("55P03", "40001", "40P01"):
        return StoreError(f"{shown} is in use by another process ({text}), nothing was changed; try again")
    if code.startswith("53"):
        kind = NoRoomError if code in ("53100", "53400") else StoreError
        return kind(f"{shown} has no room left ({text}), nothing was changed; free some and try again")
    if code in ("42501", "25006"):
        return HomeReadOnlyError(f"{shown} cannot be written ({text}); check the rights of this user")
    if code.startswith("XX"):
        return CorruptRecordError(f"{shown} is damaged ({text}); restore it from a backup")
    if code in ("42P01", "3F000", "42703", "42883"):
        return CorruptRecordError(f"{shown} lacks a part of its schema ({text}); restore it from a backup")
    if code.startswith("22") or (isinstance(error, errors.DataError) and not code):
        return InputError(f"PostgreSQL cannot hold a value ({text}); leave such characters or numbers out")
    if code.startswith("28"):
        return refused(error, shown)
    if not code or code.startswith(("08", "57P")):
        return StoreError(
            f"the connection to {shown} was lost ({text}); what was being written is there whole or not "
            "at all, "
            "look whether it is and try again"
        )
    return StoreError(f"{shown} could not do it ({code}: {text})")


@contextmanager
def translated(shown: str) -> Iterator[None]:
    """Raise the error that one of psycopg's means."""
    try:
        yield
    except driver().Error as error:
        raise meant(error, shown) from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:240] or type(error).__name__

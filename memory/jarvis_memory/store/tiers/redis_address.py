"""The URL of a Redis or Valkey server, looked at before anything is connected, and the client for it."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import SplitResult, urlsplit

from jarvis_retrievers.errors import ExtraError, SettingError

__all__ = ["client_of", "driver", "shown", "untrusted"]

_SHAPE = "rediss://user:password@host:6379/0"


def driver() -> Any:
    """The package ``redis``.

    Raises:
        ExtraError: it is not installed.
    """
    try:
        import redis
    except ImportError as error:
        raise ExtraError(
            'a tier in Redis needs the extra scale; run: pip install "jarvis-plugins[scale]"'
        ) from error
    return redis


def shown(url: str) -> str:
    """A URL without its password and options, for messages."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "the URL"
    if _ambiguous(parts):
        return "the URL"
    return f"{parts.scheme}://{parts.hostname or ''}{f':{port}' if port else ''}{parts.path}"


def _ambiguous(parts: SplitResult) -> bool:
    """Whether what stands behind the host may be the end of a password that is not percent-encoded."""
    return "@" in parts.path + parts.query + parts.fragment


def untrusted(error: BaseException) -> bool:
    """Whether it came of a certificate that nobody here vouches for."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def client_of(url: str, timeout: float) -> Any:
    """A client; nothing is connected yet.

    Args:
        url: ``redis://`` or, with TLS, ``rediss://``; user and password are those of the server's ACL.
        timeout: seconds for connecting, and for each answer.

    Raises:
        SettingError: no such URL. ExtraError: the extra is missing.
    """
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
        known = known and not _ambiguous(parts)
    except ValueError:
        known = False
    if not known:
        raise SettingError(
            f"a server of segments is named by {_SHAPE}, got {shown(url)!r}; percent-encode what is no part "
            "of that shape (@ is %40, / is %2F)"
        )
    database = parts.path.strip("/")
    if database and not database.isdecimal():
        raise SettingError(
            f"behind the host stands the number of a database, got {database[:40]!r}; give {_SHAPE}"
        )
    redis = driver()
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        # Bytes come back as bytes. No retries: a breaker decides when to try again.
        return redis.Redis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            decode_responses=False,
        )
    except (ValueError, TypeError) as error:
        raise SettingError(f"the URL of {shown(url)} has options that cannot be used ({error})") from error

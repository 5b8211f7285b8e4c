"""Where objects are: a URL that was looked at before anything is connected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from jarvis_retrievers.errors import SettingError

__all__ = ["DRIVERS", "ObjectAddress"]

DRIVERS: Mapping[str, str] = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
"""The package that brings each scheme to fsspec."""

_FORM = "write {}://bucket/prefix"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}\Z")
# What fsspec takes for a pattern, or a version, must not be in a name.
_NAME = re.compile(r"[A-Za-z0-9_=+.@-]+\Z")


@dataclass(frozen=True, slots=True)
class ObjectAddress:
    """A prefix in a bucket.

    Attributes:
        scheme: of fsspec.
        bucket: of Azure, the container.
        prefix: without slashes at its ends; it may be empty.
        endpoint: ``http(s)://host:port`` of a server that speaks S3; None for Amazon's, or the environment's.
    """

    scheme: str
    bucket: str
    prefix: str = ""
    endpoint: str | None = None

    @classmethod
    def parse(cls, url: str, options: Mapping[str, str] | None = None) -> ObjectAddress:
        """The address that a URL without its query names, and what its query says.

        Raises:
            SettingError: it is no such URL, or only half of one.
        """
        scheme = url.partition(":")[0]
        form = _FORM.format(scheme if scheme in DRIVERS else "s3")
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise SettingError(f"the URL of a bucket cannot be read ({error}); {form}") from error
        if parts.scheme not in DRIVERS:
            raise SettingError(f"there are no objects at {parts.scheme!r}; {form}, or gs://, az://")
        if "@" in parts.netloc:
            raise SettingError(
                f"a URL of a bucket holds no user and no password; leave them to the environment, and {form}"
            )
        if not parts.netloc:
            raise SettingError(f"the URL {url!r} names no bucket; {form}")
        if not _BUCKET.match(parts.netloc):
            raise SettingError(f"{parts.netloc[:80]!r} cannot be the name of a bucket; {form}")
        if parts.fragment:
            raise SettingError(f"the URL of a bucket has no '#', got {url!r}; {form}")
        names = unquote(parts.path).strip("/").split("/")
        if names != [""] and not all(_NAME.match(name) and name.strip(".") for name in names):
            raise SettingError(
                f"the prefix {unquote(parts.path)[:80]!r} holds more than letters, digits and _=+.@- between "
                "slashes; choose another"
            )
        if {"blobs", "clock"} & set(names):
            raise SettingError(
                f"the prefix {unquote(parts.path)!r} looks like a part of another cluster's; choose another"
            )
        return cls(parts.scheme, parts.netloc, "/".join(names), _endpoint(parts.scheme, options or {}))

    @property
    def root(self) -> str:
        """As fsspec names it."""
        return f"{self.bucket}/{self.prefix}" if self.prefix else self.bucket

    @property
    def shown(self) -> str:
        """For messages."""
        return f"{self.scheme}://{self.root}"


def _endpoint(scheme: str, options: Mapping[str, str]) -> str | None:
    text = options.get("endpoint")
    if text is None:
        return None
    # It may hold a password: messages show the scheme and the host, if it has any.
    shown = "no such URL"
    try:
        parts = urlsplit(text)
        if parts.hostname:
            shown = f"{parts.scheme}://{parts.hostname}"
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if scheme != "s3" or not sound or "@" in parts.netloc or parts.path.strip("/"):
        raise SettingError(
            "endpoint= is for s3://, and names a server such as https://minio.internal:9000, without user "
            f"and path, got {shown}"
        )
    return text.rstrip("/")

"""fsspec and what it needs for a scheme, imported when they are first needed."""

from __future__ import annotations

import importlib
from typing import Any

from jarvis_retrievers.errors import ExtraError

from .address import DRIVERS, ObjectAddress

__all__ = ["file_system"]


def file_system(address: ObjectAddress, seconds: float) -> Any:
    """A file system of fsspec, of its own, that keeps no listings and tries nothing again by itself.

    Args:
        address: where.
        seconds: how long an S3 server may be silent.

    Raises:
        ExtraError: fsspec or its driver is not installed. Others: those of the driver.
    """
    package = DRIVERS[address.scheme]
    try:
        fsspec = importlib.import_module("fsspec")
        importlib.import_module(package)
    except ImportError as error:
        extra = '"jarvis-plugins[scale]"' if package == "s3fs" else package
        raise ExtraError(
            f"{address.scheme}:// needs {package}, which cannot be imported ({error}); run: pip install "
            f"{extra}"
        ) from error
    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if address.scheme == "s3":
        # Whoever calls tries again, with a deadline: two who do would wait for each other's waits.
        options["config_kwargs"] = {
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "connect_timeout": min(5.0, seconds),
            "read_timeout": seconds,
        }
        if address.endpoint is not None:
            options["endpoint_url"] = address.endpoint
    found = fsspec.filesystem(address.scheme, **options)
    if address.scheme == "s3":
        found.retries = 1
    return found

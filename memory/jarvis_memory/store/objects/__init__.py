"""Blobs in object storage, through fsspec; needs the extra ``scale``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .address import ObjectAddress as ObjectAddress
    from .blobs import ObjectBlobStore as ObjectBlobStore
    from .bucket import Bucket as Bucket
    from .retrying import Patience as Patience

_EXPORTS = {
    "Bucket": "bucket",
    "ObjectAddress": "address",
    "ObjectBlobStore": "blobs",
    "Patience": "retrying",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> object:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

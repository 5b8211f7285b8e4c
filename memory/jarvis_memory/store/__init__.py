"""The record of concepts on disk, and segments beside it. See docs/format.md for what lies where."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .blobs import FileBlobStore as FileBlobStore
    from .blobs import MemoryBlobStore as MemoryBlobStore
    from .catalogue import SQLiteCatalogue as SQLiteCatalogue
    from .contracts import BlobRef as BlobRef
    from .contracts import BlobStore as BlobStore
    from .contracts import Catalogue as Catalogue
    from .contracts import ConceptRows as ConceptRows
    from .contracts import SegmentCache as SegmentCache
    from .contracts import SegmentRow as SegmentRow
    from .contracts import Usage as Usage
    from .contracts import VectorRows as VectorRows
    from .draft import ConceptDraft as ConceptDraft
    from .draft import DraftPatch as DraftPatch
    from .draft import DraftPhoto as DraftPhoto
    from .filling import import_owner as import_owner
    from .holdings import Amount as Amount
    from .holdings import Holdings as Holdings
    from .home import check_owner as check_owner
    from .importing import OwnerArchive as OwnerArchive
    from .manifest import Manifest as Manifest
    from .memory_catalogue import MemoryCatalogue as MemoryCatalogue
    from .owner import OwnerStore as OwnerStore
    from .quota import Quota as Quota
    from .receipt import AtHand as AtHand
    from .receipt import Receipt as Receipt
    from .segments import FileSegmentCache as FileSegmentCache
    from .segments import MemorySegmentCache as MemorySegmentCache

_EXPORTS = {
    "Amount": "holdings",
    "AtHand": "receipt",
    "BlobRef": "contracts",
    "BlobStore": "contracts",
    "Catalogue": "contracts",
    "ConceptDraft": "draft",
    "ConceptRows": "contracts",
    "DraftPatch": "draft",
    "DraftPhoto": "draft",
    "FileBlobStore": "blobs",
    "FileSegmentCache": "segments",
    "Holdings": "holdings",
    "Manifest": "manifest",
    "MemoryBlobStore": "blobs",
    "MemoryCatalogue": "memory_catalogue",
    "MemorySegmentCache": "segments",
    "OwnerArchive": "importing",
    "OwnerStore": "owner",
    "Quota": "quota",
    "Receipt": "receipt",
    "SQLiteCatalogue": "catalogue",
    "SegmentCache": "contracts",
    "SegmentRow": "contracts",
    "Usage": "contracts",
    "VectorRows": "contracts",
    "check_owner": "home",
    "import_owner": "filling",
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

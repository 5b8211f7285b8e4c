"""The record of concepts on disk, and segments beside it. See docs/format.md for what lies where."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .blobs import FileBlobStore as FileBlobStore
    from .cached_blobs import CachedBlobStore as CachedBlobStore
    from .cached_blobs import FramedBlobStore as FramedBlobStore
    from .catalogue import SQLiteCatalogue as SQLiteCatalogue
    from .contracts import BlobRef as BlobRef
    from .contracts import BlobStore as BlobStore
    from .contracts import Catalogue as Catalogue
    from .contracts import ConceptRows as ConceptRows
    from .contracts import SegmentRow as SegmentRow
    from .contracts import Usage as Usage
    from .contracts import VectorRows as VectorRows
    from .copies import Copies as Copies
    from .draft import ConceptDraft as ConceptDraft
    from .draft import DraftPatch as DraftPatch
    from .draft import DraftPhoto as DraftPhoto
    from .filling import import_owner as import_owner
    from .holdings import Amount as Amount
    from .holdings import Holdings as Holdings
    from .home import check_owner as check_owner
    from .importing import OwnerArchive as OwnerArchive
    from .manifest import Manifest as Manifest
    from .master_key import MasterKey as MasterKey
    from .memory_blobs import MemoryBlobStore as MemoryBlobStore
    from .memory_catalogue import MemoryCatalogue as MemoryCatalogue
    from .owner import OwnerStore as OwnerStore
    from .quota import Quota as Quota
    from .receipt import AtHand as AtHand
    from .receipt import Receipt as Receipt
    from .securing import Secured as Secured
    from .securing import change_master as change_master
    from .securing import change_owner as change_owner
    from .securing import secure as secure
    from .securing import secured as secured
    from .securing import unsecure as unsecure
    from .segment_cache import SegmentCache as SegmentCache
    from .segments import FileSegmentCache as FileSegmentCache
    from .segments import MemorySegmentCache as MemorySegmentCache
    from .tiers import TieredSegmentCache as TieredSegmentCache
    from .tiers import Tiers as Tiers

_EXPORTS = {
    "Amount": "holdings",
    "AtHand": "receipt",
    "BlobRef": "contracts",
    "BlobStore": "contracts",
    "CachedBlobStore": "cached_blobs",
    "Catalogue": "contracts",
    "ConceptDraft": "draft",
    "ConceptRows": "contracts",
    "Copies": "copies",
    "DraftPatch": "draft",
    "DraftPhoto": "draft",
    "FileBlobStore": "blobs",
    "FileSegmentCache": "segments",
    "FramedBlobStore": "cached_blobs",
    "Holdings": "holdings",
    "Manifest": "manifest",
    "MasterKey": "master_key",
    "MemoryBlobStore": "memory_blobs",
    "MemoryCatalogue": "memory_catalogue",
    "MemorySegmentCache": "segments",
    "OwnerArchive": "importing",
    "OwnerStore": "owner",
    "Quota": "quota",
    "Receipt": "receipt",
    "SQLiteCatalogue": "catalogue",
    "Secured": "securing",
    "SegmentCache": "segment_cache",
    "SegmentRow": "contracts",
    "TieredSegmentCache": "tiers",
    "Tiers": "tiers",
    "Usage": "contracts",
    "VectorRows": "contracts",
    "change_master": "securing",
    "change_owner": "securing",
    "check_owner": "home",
    "import_owner": "filling",
    "secure": "securing",
    "secured": "securing",
    "unsecure": "securing",
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

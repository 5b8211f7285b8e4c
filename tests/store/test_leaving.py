"""An owner who is forgotten while a concept is written: it is there whole, or nothing of it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jarvis_memory.store import BlobRef, OwnerStore
from jarvis_retrievers.errors import StoreError
from tests.store import test_owner
from tests.store.drafts import draft
from tests.store.test_owner import Opener

opened = test_owner.opened


def refused_if(
    deed: Callable[[], object], store: OwnerStore, monkeypatch: pytest.MonkeyPatch, photos: int
) -> list[BlobRef]:
    """Something is done when so many photos of a concept are put, and its write is refused; what was put."""
    put, refs = store._blobs.put, list[BlobRef]()

    def put_and_do(*given: Any, **more: Any) -> BlobRef:
        ref = put(*given, **more)
        refs.append(ref)
        if len(refs) == photos:
            deed()
        return ref

    with monkeypatch.context() as patch:
        patch.setattr(store._blobs, "put", put_and_do)
        with pytest.raises(StoreError, match="owner was forgotten"):
            store.add_concept(draft())
    return refs


@pytest.mark.parametrize("first", [True, False])
def test_an_owner_who_is_forgotten_during_a_write_is_not_half_there(
    opened: Opener, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """The photos are put, then the owner goes, then the rows would come."""
    store, other = opened("ana"), opened("ana")
    if not first:
        store.add_concept(draft("Mug"))
    refs = refused_if(other.delete_owner, store, monkeypatch, len(draft().photos))
    assert opened("ana").list() == []
    assert not any(store._blobs.exists("ana", ref) for ref in refs)
    # Whoever comes back is there whole.
    assert [store.photo(one.id) for one in store.add_concept(draft()).photos] == [
        one.data for one in draft().checked_photos
    ]


def test_an_owner_whose_forgetting_is_cut_short_during_a_write(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The photos are gone, and whoever forgets died before the rows went."""
    store, other = opened("ana"), opened("ana")
    store.add_concept(draft("Mug"))
    refused_if(lambda: other._blobs.delete_owner("ana"), store, monkeypatch, len(draft().photos))
    assert [one.name for one in opened("ana").list()] == ["Mug"]


def test_an_owner_who_is_forgotten_and_comes_back_during_a_write(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key that is there in the end is another one."""
    store, other = opened("ana"), opened("ana")
    store.add_concept(draft("Mug"))

    def gone_and_back() -> None:
        other.delete_owner()
        other.add_concept(draft("Cup"))

    refused_if(gone_and_back, store, monkeypatch, 1)
    assert [one.name for one in opened("ana").list()] == ["Cup"]
    assert list(store.verify()) == []

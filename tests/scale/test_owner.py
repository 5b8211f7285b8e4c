"""The tests of an owner's store and its walls, as they are, on a cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jarvis_memory.store import OwnerStore
from tests.store import test_state
from tests.store.test_leaving import (  # noqa: F401  (as those of test_owner)
    test_an_owner_who_is_forgotten_and_comes_back_during_a_write,
    test_an_owner_who_is_forgotten_during_a_write_is_not_half_there,
    test_an_owner_whose_forgetting_is_cut_short_during_a_write,
)
from tests.store.test_owner import (  # noqa: F401  (pytest runs them here, with the fixture below)
    test_a_name_wins_over_an_alias,
    test_duplicates_change_nothing,
    test_forget,
    test_remember_and_read,
    test_replace,
    test_segments,
    test_two_owners_with_the_same_names,
    test_unknown_names_get_close_ones,
)

_URL: list[str] = []


@pytest.fixture
def opened(database: str, tmp_path: Path) -> Iterator[Callable[[str], OwnerStore]]:
    stores: list[OwnerStore] = []

    def open_store(owner: str) -> OwnerStore:
        stores.append(OwnerStore.open(database, owner, blobs=tmp_path / "blobs"))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


class Home(test_state.Home):
    """Random walks of two owners, in which every step is compared with a dict."""

    def opened(self, owner: str) -> OwnerStore:
        return OwnerStore.open(_URL[-1], owner, blobs=self.home)

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            for store in self.stores.values():
                store.delete_owner()
        super().teardown()


@pytest.fixture
def walked(database: str) -> Iterator[None]:
    _URL.append(database)
    yield
    _URL.clear()


@pytest.mark.usefixtures("walked")
class TestHome(Home.TestCase):  # type: ignore[misc, valid-type]
    settings = test_state.TestHome.settings


def test_another_machine_sees_what_was_written(database: str) -> None:
    from jarvis_memory.store.places import open_place
    from tests.store.drafts import draft

    with tempfile.TemporaryDirectory() as folder:
        one = OwnerStore.open(database, "ana", blobs=folder)
        # With a timeout of its own it has connections of its own, as another process would.
        two = OwnerStore("ana", *open_place(database, folder, busy_timeout=20.0))
        added = one.add_concept(draft())
        assert two.list() == [added]
        two.forget("Bo")
        assert one.list() == []
        one.close()
        two.close()

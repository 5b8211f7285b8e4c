"""Which home a name means; what needs a server is in tests/scale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jarvis_memory.store import MemoryBlobStore, MemoryCatalogue, OwnerStore
from jarvis_memory.store.items import ItemDraft
from jarvis_memory.store.places import is_url, items_of, open_place
from jarvis_retrievers.errors import InputError, SettingError
from tests.store.drafts import draft
from tests.store.locked import KEY


def test_a_folder_is_the_default(tmp_path: Path) -> None:
    catalogue, blobs = open_place(tmp_path / "home")
    OwnerStore("ana", catalogue, blobs).add_concept(draft())
    items_of(catalogue, "ana").write([(("a",), "b", ItemDraft({"c": 1}))])
    catalogue.close()
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        assert store.get("Bo").name == "Bo"
        found = items_of(store._catalogue, "ana").get(("a",), "b")
        assert found is not None
        assert found.draft.value == {"c": 1}
    with pytest.raises(InputError, match="MemoryCatalogue keeps no items"):
        items_of(MemoryCatalogue(), "ana")


@pytest.mark.parametrize(
    ("home", "wanted"),
    [("postgresql://a/b", True), ("mysql://a", True), ("a/b", False), ("~/x", False), (Path("a"), False)],
)
def test_what_is_a_url(home: str | Path, wanted: bool) -> None:
    assert is_url(home) == wanted


def test_a_key_for_blobs_that_cannot_use_it_is_refused_before_anything_is_reached() -> None:
    with pytest.raises(SettingError, match="MemoryBlobStore sees to its own encryption"):
        open_place("postgresql://a@nowhere.invalid/c", MemoryBlobStore(), key=KEY)


@pytest.mark.parametrize(
    ("home", "blobs", "match"),
    [
        ("mysql://a@b/c", "x", "must start with postgresql://, got 'mysql'"),
        ("postgresql://a@b:port/c", "x", "cannot be read"),
        ("postgresql://a@b/c", None, "say where they are"),
        ("postgresql://a@b/c", "ftp://bucket", "cannot be at ftp://"),
        ("postgresql://a@b/c", "file://host/x", "names a whole path"),
        ("home", "x", "keeps its photos itself"),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str, blobs: str | None, match: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match=match) as caught:
        open_place(home, blobs)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_blobs_of_a_cluster_are_no_home(tmp_path: Path) -> None:
    (tmp_path / "cluster").write_text("an id")
    with pytest.raises(SettingError, match="would sweep away"):
        OwnerStore.open(tmp_path, "ana")
    assert [path.name for path in tmp_path.iterdir()] == ["cluster"]


def test_the_extra_is_named() -> None:
    code = (
        "import sys\n"
        "sys.modules['psycopg'] = None\n"
        "from jarvis_memory.store.places import open_place\n"
        "from jarvis_retrievers.errors import ExtraError\n"
        "try:\n"
        "    open_place('postgresql://a@localhost/b', 'x')\n"
        "except ExtraError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "jarvis-plugins[scale]"' in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_any_blob_store_goes_with_a_cluster_only(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="keeps its photos itself"):
        open_place(tmp_path / "home", MemoryBlobStore())
    assert not (tmp_path / "home").exists()

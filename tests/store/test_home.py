from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jarvis_memory.store import OwnerStore
from jarvis_retrievers.errors import CorruptRecordError, HomeFormatError, HomeReadOnlyError, StoreError
from tests.store.drafts import draft

ROOT = Path(__file__).parents[2]


def snapshot(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def filled(home: Path) -> Path:
    with OwnerStore.open(home, "ana") as store:
        concept = store.add_concept(draft())
        store.put_segment(concept.id, "f", b"segment")
    return home


def test_a_newer_home_is_refused_and_left_alone(tmp_path: Path) -> None:
    home = filled(tmp_path / "home")
    connection = sqlite3.connect(home / "catalogue.sqlite")
    connection.execute("PRAGMA user_version = 6")
    connection.close()
    shutil.rmtree(home / "tmp")
    before = snapshot(home)
    for read_only in (False, True):
        with pytest.raises(HomeFormatError, match=r"format 6.*up to format 5.*nothing was changed"):
            OwnerStore.open(home, "ana", read_only=read_only)
    assert snapshot(home) == before
    assert not (home / "tmp").exists()


def test_a_newer_format_that_is_still_in_the_wal_is_refused(tmp_path: Path) -> None:
    home = filled(tmp_path / "home")
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    connection.execute("PRAGMA user_version = 6")
    with pytest.raises(HomeFormatError, match="format 6"):
        OwnerStore.open(home, "ana")
    connection.close()


@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\0" + b"\0" * 10, b"\0" * 4096])
def test_what_is_no_catalogue_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "catalogue.sqlite").write_bytes(content)
    with pytest.raises(CorruptRecordError, match="not a catalogue"):
        OwnerStore.open(tmp_path, "ana")
    assert snapshot(tmp_path) == {"catalogue.sqlite": content}


@pytest.mark.parametrize("read_only", [False, True])
def test_a_folder_in_place_of_the_catalogue_is_refused(tmp_path: Path, read_only: bool) -> None:
    (tmp_path / "catalogue.sqlite" / "more").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be read or written"):
        OwnerStore.open(tmp_path, "ana", read_only=read_only)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "catalogue.sqlite", isolation_level=None)
    connection.execute("CREATE TABLE t (a)")
    with pytest.raises(CorruptRecordError, match="no format version"):
        OwnerStore.open(tmp_path, "ana")
    connection.execute("PRAGMA application_id = 7")
    connection.close()
    with pytest.raises(CorruptRecordError, match="another program"):
        OwnerStore.open(tmp_path, "ana")


def test_a_home_whose_making_was_cut_short_is_finished(tmp_path: Path) -> None:
    (tmp_path / "catalogue.sqlite").touch()
    with OwnerStore.open(tmp_path, "ana") as store:
        assert store.add_concept(draft()).name == "Bo"
    other = tmp_path / "other"
    other.mkdir()
    connection = sqlite3.connect(other / "catalogue.sqlite")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with pytest.raises(HomeReadOnlyError, match="never finished"):
        OwnerStore.open(other, "ana", read_only=True)
    with OwnerStore.open(other, "ana") as store:
        assert store.add_concept(draft()).name == "Bo"


def test_broken_pages_are_told(tmp_path: Path) -> None:
    home = filled(tmp_path / "home")
    file = home / "catalogue.sqlite"
    data = bytearray(file.read_bytes())
    data[100:] = b"\xff" * (len(data) - 100)
    file.write_bytes(data)
    with pytest.raises(CorruptRecordError, match=r"catalogue\.sqlite is damaged"):
        OwnerStore.open(home, "ana")


def test_read_only(tmp_path: Path) -> None:
    home = filled(tmp_path / "home")
    before = snapshot(home)
    with OwnerStore.open(home, "ana", read_only=True) as store:
        assert store.read_only
        concept = store.get("Bo")
        assert store.photo(concept.photos[0].id) == draft().checked_photos[0].data
        assert store.get_segment(concept.id, "f") == b"segment"
        assert len(store.vectors().ids) == 4
        for write in (
            lambda: store.add_concept(draft("Mia")),
            lambda: store.replace_concept(concept.id, draft()),
            lambda: store.put_segment(concept.id, "g", b""),
            lambda: store.drop_segments(concept.id),
            lambda: store.forget("Bo"),
            lambda: store.delete_owner(),
            lambda: store.sweep(0),
        ):
            with pytest.raises(HomeReadOnlyError, match="cannot be written"):
                write()
        assert store.list() == [concept]
    assert snapshot(home) == before


def test_read_only_beside_a_writer(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with OwnerStore.open(home, "ana") as writer:
        writer.add_concept(draft())
        with OwnerStore.open(home, "ana", read_only=True) as reader:
            assert [c.name for c in reader.list()] == ["Bo"]
            writer.add_concept(draft("Mia", 1))
            assert [c.name for c in reader.list()] == ["Bo", "Mia"]


def test_read_only_needs_a_home(tmp_path: Path) -> None:
    with pytest.raises(HomeReadOnlyError, match="no home"):
        OwnerStore.open(tmp_path / "none", "ana", read_only=True)
    assert not (tmp_path / "none").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(HomeReadOnlyError, match="no catalogue"):
        OwnerStore.open(tmp_path / "empty", "ana", read_only=True)
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that other users may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="needs POSIX users")
def test_a_home_without_permission_to_write(shared: Path) -> None:
    """Permissions bind nobody who is root, so the question is asked as another user."""
    home = filled(shared / "home")
    for path in [home, *home.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = snapshot(home)
    code = (
        "import os, sys\n"
        "from jarvis_memory.store import ConceptDraft, OwnerStore\n"
        "import jarvis_memory.store.draft, jarvis_memory.store.owner\n"
        "from jarvis_retrievers.errors import HomeReadOnlyError\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "store = OwnerStore.open(sys.argv[1], 'ana')\n"
        "assert store.read_only\n"
        "print(store.get('Bo').name, len(store.photo(store.get('Bo').photos[0].id)))\n"
        "try: store.add_concept(ConceptDraft('Mia'))\n"
        "except HomeReadOnlyError as error: print(error)\n"
        "for other in (sys.argv[1] + '/tmp/deeper', sys.argv[2] + '/closed/home'):\n"
        "    try: OwnerStore.open(other, 'ana')\n"
        "    except HomeReadOnlyError as error: print(error)\n"
    )
    filled(shared / "closed" / "home")
    (shared / "closed").chmod(0o700)
    run = [sys.executable, "-c", code, str(home), str(shared)]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Bo 600"
    assert "cannot be written" in lines[1]
    assert all("Permission denied" in line for line in lines[2:4])
    assert snapshot(home) == before


def test_writes_that_were_not_folded_in_need_write_access(tmp_path: Path) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy"
    with OwnerStore.open(home, "ana") as store:
        store.add_concept(draft())
        shutil.copytree(home, copy, ignore=shutil.ignore_patterns("*-shm"))
    with pytest.raises(HomeReadOnlyError, match="not folded in"):
        OwnerStore.open(copy, "ana", read_only=True)
    with OwnerStore.open(copy, "ana") as store:
        assert [c.name for c in store.list()] == ["Bo"]


def test_many_processes_write_at_once(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from jarvis_memory.store import OwnerStore\n"
        "from tests.store.drafts import draft\n"
        "with OwnerStore.open(sys.argv[1], 'ana') as store:\n"
        "    for step in range(5):\n"
        "        store.add_concept(draft(f'{sys.argv[2]}-{step}', step, photos=1, patches=1))\n"
    )
    home = str(tmp_path / "home")
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code, home, str(n)], stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        for n in range(3)
    ]
    for worker in workers:
        assert worker.communicate()[1] == ""
        assert worker.returncode == 0
    with OwnerStore.open(home, "ana") as store:
        concepts = store.list()
        assert {c.name for c in concepts} == {f"{n}-{step}" for n in range(3) for step in range(5)}
        assert len({c.created for c in concepts}) == 15
        assert len(set(store.vectors().ids)) == 30
        assert store.sweep(0) == 0


def test_importing_the_store_loads_nothing_heavy() -> None:
    code = (
        "import sys, jarvis_memory.store, jarvis_memory.store.owner\n"
        "print([m for m in ('torch', 'faiss', 'transformers', 'open_clip', 'PIL') if m in sys.modules])\n"
    )
    light = "import sys, jarvis_memory.store\nprint('numpy' in sys.modules, 'pydantic' in sys.modules)\n"
    run = [sys.executable, "-c"]
    assert subprocess.run([*run, code], capture_output=True, text=True, check=True).stdout == "[]\n"
    assert subprocess.run([*run, light], capture_output=True, text=True, check=True).stdout == "False False\n"


def test_a_spoiled_setting_is_noticed(tmp_path: Path) -> None:
    home = filled(tmp_path / "home")
    with OwnerStore.open(home, "ana") as store:
        store.put_setting("kv", "int8")
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    connection.execute("UPDATE settings SET value = 'fp8'")
    connection.close()
    with OwnerStore.open(home, "ana") as store:
        with pytest.raises(CorruptRecordError, match="'kv'"):
            store.setting("kv")
        store.put_setting("kv", "fp8")
        assert store.setting("kv") == "fp8"

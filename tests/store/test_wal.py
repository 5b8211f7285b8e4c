"""A home on a network file system is refused; forgetting waits for others that forget."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jarvis_memory.store import OwnerStore
from jarvis_memory.store.wal import file_system_of, refuse_network
from jarvis_retrievers.errors import SettingError
from tests.store.drafts import draft

MOUNTS = r"""22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:25 / /dev/shm rw - tmpfs tmpfs rw
41 22 0:40 / /net/share rw,relatime shared:5 - nfs4 server:/share rw,vers=4.2
42 41 0:41 / /net/share/local rw - xfs /dev/vdb rw
43 22 0:42 / /net/with\040blank rw - cifs //server/share rw
44 22 0:43 / /people/me/drive rw - fuse.sshfs me@server: rw
45 22 8:1 / /media/stick rw - fuseblk /dev/sda1 rw
46 22 0:44 / /net/twice rw - nfs server:/a rw
47 46 0:45 / /net/twice rw - ext4 /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("folder", "kind", "refused"),
    [
        ("/people/me/.jarvis", "ext4", False),
        ("/dev/shm/home", "tmpfs", False),
        ("/net/share/home", "nfs4", True),
        ("/net/share/local/home", "xfs", False),
        ("/net/shared/home", "ext4", False),
        ("/net/with blank/home", "cifs", True),
        ("/people/me/drive", "fuse.sshfs", True),
        ("/media/stick/home", "fuseblk", False),
        ("/net/twice/home", "ext4", False),
    ],
)
def test_network_file_systems(tmp_path: Path, folder: str, kind: str, refused: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert file_system_of(Path(folder), mounts) == kind
    if refused:
        with pytest.raises(SettingError, match="network file system"):
            refuse_network(Path(folder), mounts)
    else:
        refuse_network(Path(folder), mounts)
    refuse_network(Path(folder), tmp_path / "none")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_many_forget_at_once(tmp_path: Path) -> None:
    """Each empties the log; one that finds another at it waits."""
    with OwnerStore.open(tmp_path, "ana") as store:
        for number in range(24):
            store.add_concept(draft(f"c{number}", number, photos=1, patches=1))
    children = []
    for first in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                with OwnerStore.open(tmp_path, "ana") as store:
                    for number in range(first, 24, 4):
                        store.forget(f"c{number}")
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
    with OwnerStore.open(tmp_path, "ana") as store:
        assert list(store.list()) == []

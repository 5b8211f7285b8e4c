"""Where files come in: what reads each kind, and what is made to harm it."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import structlog  # noqa: F401  (loaded with the first event that is told, and a file must load nothing)
from PIL import Image

from jarvis_memory.kv import segment_from_bytes
from jarvis_memory.store import OwnerStore, import_owner
from jarvis_memory.store.backup import restore
from jarvis_plugins.common.row import Row
from jarvis_plugins.common.snapshot import Snapshot, read_snapshot, write_snapshot
from jarvis_retrievers.cluster_snapshot import ClusterSnapshot
from jarvis_retrievers.errors import JarvisError
from jarvis_retrievers.images import load_image

from .base import OWNER, Base
from .drawn import drawn
from .forged_archives import forge_archive, valid_archive
from .forged_homes import as_backup, forge_backup, forge_catalogue
from .forged_images import forged_image, valid_image
from .forged_tensors import DIM, PRINT, forged_clusters, forged_segment, valid_clusters, valid_segment
from .mutation import mutated
from .operation import FINGERPRINT, PLACE, items_of

__all__ = ["Door", "doors"]


@dataclass(frozen=True, slots=True)
class Door:
    """Something that reads files.

    Attributes:
        valid: puts a sound file there.
        forge: puts a forged one there; returns how it lies.
        read: reads it as a user's program would.
    """

    valid: Callable[[Path], object]
    forge: Callable[[Path, random.Random], str]
    read: Callable[[Path], None]


def doors(folder: Path) -> dict[str, Door]:
    """All of them; ``folder`` is where what they are made from lies."""
    base = Base.make(folder / "base")
    Image.init()  # every plug-in, as a file that none of ours can read makes Pillow do
    return {
        "segment": _bytes(valid_segment, forged_segment, lambda data: segment_from_bytes(data, PRINT)),
        "clusters": _bytes(
            valid_clusters, forged_clusters, lambda data: ClusterSnapshot.from_bytes(data, DIM)
        ),
        "image": _bytes(lambda: valid_image("JPEG"), forged_image, load_image),
        "documents": Door(_documents, _forged_documents, lambda place: _ignore(read_snapshot(place / "d"))),
        "catalogue": Door(
            lambda place: base.copy(place / "home"),
            lambda place, rng: forge_catalogue(base.copy(place / "home"), rng),
            lambda place: _live(place / "home"),
        ),
        "backup": Door(
            lambda place: as_backup(base.copy(place / "home")),
            lambda place, rng: forge_backup(as_backup(base.copy(place / "home")), rng),
            _restored,
        ),
        "archive": Door(
            lambda place: valid_archive(place / "archive"),
            lambda place, rng: forge_archive(place / "archive", rng),
            _imported,
        ),
    }


def _bytes(
    valid: Callable[[], bytes],
    forge: Callable[[random.Random], tuple[str, bytes]],
    read: Callable[[bytes], object],
) -> Door:
    def put(place: Path, rng: random.Random) -> str:
        name, data = forge(rng)
        (place / "file").write_bytes(data)
        return name

    return Door(
        lambda place: (place / "file").write_bytes(valid()),
        put,
        lambda place: _ignore(read((place / "file").read_bytes())),
    )


def _ignore(value: object) -> None:
    """What was read is let go of."""


def _documents(place: Path) -> None:
    rows = [Row.of(f"id {n}", f"text {n}", {"n": n}, None) for n in range(5)]
    write_snapshot(place / "d", Snapshot(rows, np.eye(5, DIM, dtype=np.float32)))


def _forged_documents(place: Path, rng: random.Random) -> str:
    _documents(place)
    files = sorted(p for p in (place / "d").rglob("*") if p.is_file())
    path = rng.choice(files)
    if rng.random() < 0.5:
        path.write_bytes(mutated(path.read_bytes(), rng))
        return f"bytes of {path.name}"
    # With digests that are right.
    from jarvis_plugins.common import snapshot as module

    path = rng.choice([p for p in files if p.name != "manifest.json"])
    if path.suffix == ".jsonl":
        lines = (
            "[" * 100_000,
            '{"id":' * 50_000,
            "7",
            "{}",
            '{"id":1,"text":2,"metadata":3}',
            "null",
            "\x00",
        )
        path.write_text("\n".join([rng.choice(lines)] * rng.choice((1, 5))))
    else:
        path.write_bytes(forged_clusters(rng)[1])
    manifest = json.loads((place / "d" / "manifest.json").read_text())
    del manifest["digest"]
    manifest["files"][path.name] = module._seal(path.read_bytes())
    if rng.random() < 0.3:
        manifest[rng.choice([*manifest])] = rng.choice((-1, None, [], {}, "x", 1e308, 2**70, "../" * 20))
    manifest["digest"] = module._digest(manifest)
    (place / "d" / "manifest.json").write_text(json.dumps(manifest))
    return f"lies in {path.name}"


def _live(home: Path) -> None:
    """Open a home, read all of it, and work in it; the first refusal is raised when all was tried."""
    refused: list[JarvisError] = []

    def attempt(what: Callable[[], object]) -> None:
        try:
            what()
        except JarvisError as error:
            refused.append(error)

    with OwnerStore.open(home, OWNER) as store:
        concepts = []
        attempt(lambda: concepts.extend(store.list()))
        for one in concepts:
            for photo in one.photos:
                attempt(partial(store.photo, photo.id))
            attempt(partial(store.get_segment, one.id, FINGERPRINT))
            attempt(partial(store.vectors, [one.id]))
        attempt(lambda: store.vectors())
        attempt(lambda: store.texts(None))
        attempt(lambda: store.get("Bo"))
        attempt(lambda: items_of(store).under(PLACE))
        attempt(lambda: items_of(store).namespaces())
        attempt(lambda: store.setting("kept"))
        attempt(lambda: store.snapshot("index"))
        attempt(lambda: store.usage())
        attempt(lambda: list(store.verify(deep=True)))
        attempt(lambda: store.add_concept(drawn("New", (41,))))
        attempt(lambda: store.put_setting("new", "1"))
        attempt(lambda: store.put_snapshot("new", b"1"))
        attempt(lambda: store.forget("Mia"))
        attempt(lambda: store.sweep(0))
        attempt(lambda: list(store.verify(repair=True)))
        attempt(lambda: store.delete_owner())
    if refused:
        raise refused[0]


def _restored(place: Path) -> None:
    new = place / "new"
    shutil.rmtree(new, ignore_errors=True)
    restore(place / "home", new)
    _live(new)


def _imported(place: Path) -> None:
    """What an archive says is given to somebody else, in a home of its own."""
    new = place / "new"
    shutil.rmtree(new, ignore_errors=True)
    import_owner(new, place / "archive", owner=OWNER)
    _live(new)

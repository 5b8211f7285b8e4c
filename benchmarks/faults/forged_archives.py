"""Archives of an owner that lie."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from jarvis_memory.store import ConceptDraft, DraftPatch, OwnerStore
from jarvis_memory.store.items import ItemDraft
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.images import pixel_digest

from .drawn import drawn
from .mutation import mutated
from .operation import items_of

__all__ = ["forge_archive", "valid_archive"]

_SIDE = 24


def valid_archive(path: Path) -> None:
    """Two concepts with a picture each, and an item."""
    with OwnerStore.open(path.with_name("from"), "ana") as store:
        for number, name in enumerate(("Bo", "Mia")):
            pixels = np.random.default_rng(number).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
            image, file = Image.fromarray(pixels), io.BytesIO()
            image.save(file, "PNG")
            patch = DraftPatch(
                0, Box(2, 3, 20, 21), 0.5, 0.5, 0.5, np.ones(drawn(name, (1,)).dim or 1, np.float32)
            )
            photo = (file.getvalue(), pixel_digest(image), _SIDE, _SIDE)
            store.add_concept(ConceptDraft(name, notes=["A note."], photos=[photo], patches=[patch]))
        items_of(store).write([(("a",), "b", ItemDraft({"c": 1}))])
        store.export(path)


def forge_archive(path: Path, rng: random.Random) -> str:
    """Change an archive: its bytes, or what it says, with digests that are right; returns how it lies."""
    valid_archive(path)
    if rng.random() < 0.4:
        path.write_bytes(mutated(path.read_bytes(), rng))
        return "archive: bytes"
    with tarfile.open(path) as tar:
        entries = {member.name: _read(tar, member) for member in tar}
    said = json.loads(entries.pop("manifest.json"))
    name = rng.choice([*entries])
    how = rng.choice(("value", "bytes", "name", "gone", "deep", "manifest", "bomb"))
    if how == "value" and name.endswith(".json"):
        fields = json.loads(entries[name])
        inner = fields["concept"] if "concept" in fields and rng.random() < 0.7 else fields
        inner[rng.choice([*inner])] = rng.choice(
            (-1, None, [], {}, "x" * 9, 1e308, 2**70, "../../x", [[]] * 9, "\x00", {"c": "photo:" + "0" * 32})
        )
        entries[name] = json.dumps(fields).encode()
    elif how in ("value", "bytes"):
        entries[name] = mutated(entries[name], rng)
    elif how == "name":
        entries[rng.choice(("../../evil", "/etc/passwd", "C:\\x", "a" * 99, "photos/000000-0009.png"))] = b"x"
    elif how == "gone":
        del entries[name]
    elif how == "deep":
        entries[name] = rng.choice((b"[", b'{"a":')) * 100_000
    elif how == "manifest":
        said[rng.choice([*said])] = rng.choice((-1, None, [], {}, "x", 2**70, {"concepts": 10**12}))
    else:
        file = io.BytesIO()
        Image.new("L", (5001, 5000)).save(file, "PNG")
        entries["photos/000000-0000.png"] = file.getvalue()
    _write(path, entries, said)
    return f"archive: {how} of {name}"


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return b"" if file is None else file.read()


def _write(path: Path, entries: dict[str, bytes], said: dict[str, object]) -> None:
    said.pop("sha256", None)
    if isinstance(said.get("entries"), list) and said["entries"]:
        said["entries"] = [[n, len(d), hashlib.sha256(d).hexdigest()] for n, d in entries.items()]
    said["sha256"] = hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()
    text = json.dumps(said, separators=(",", ":")).encode()
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in [*entries.items(), ("manifest.json", text)]:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o600
            tar.addfile(info, io.BytesIO(data))
    # Python pads a tar file to 10 KiB, a writer of archives does not.
    data = path.read_bytes().rstrip(b"\0")
    path.write_bytes(data + bytes(-len(data) % 512) + bytes(1024))

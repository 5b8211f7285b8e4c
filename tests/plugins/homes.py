"""Homes to run commands on: filled without a model, and how to run a command."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import CliRunner, Result

from jarvis_memory.store import ConceptDraft, DraftPatch, DraftPhoto
from jarvis_memory.store.owner import OwnerStore
from jarvis_plugins.cli.app import app
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.images import encode_png, pixel_digest

SIZES = ((192, 96), (64, 128))
BOXES = ((0, Box(0, 0, 96, 96)), (1, Box(8, 32, 40, 64)), (0, Box(100, 10, 180, 90)))


def jarvis(*arguments: str) -> Result:
    """One command, in this process."""
    return CliRunner().invoke(app, list(arguments), prog_name="jarvis")


def photos() -> list[Image.Image]:
    return [
        Image.new("RGB", size, colour) for size, colour in zip(SIZES, ("#cfe8cf", "#e8cfcf"), strict=True)
    ]


def fill(home: Path, name: str = "Bo", owner: str = "me", notes: tuple[str, ...] = ("My shiba.",)) -> Path:
    """A home with one concept: two photos, three patches."""
    images = photos()
    patches = [
        DraftPatch(photo, box, 0.9 - n / 10, 0.5, 0.45 - n / 20, np.eye(4, dtype=np.float32)[n])
        for n, (photo, box) in enumerate(BOXES)
    ]
    draft = ConceptDraft(
        name=name,
        aliases=("Bobo",) if name == "Bo" else (),
        notes=notes,
        photos=[DraftPhoto(encode_png(i), pixel_digest(i), i.width, i.height) for i in images],
        patches=patches,
        encoder="test",
    )
    with OwnerStore.open(home, owner) as store:
        store.add_concept(draft)
    return home


def snapshot(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and has next to no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def refused(result: Result, *words: str) -> None:
    """One line on stderr, nothing on stdout, exit code 2."""
    assert result.exit_code == 2, (result.exit_code, result.stdout, result.stderr, result.exception)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]

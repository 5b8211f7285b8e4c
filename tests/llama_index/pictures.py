"""Pictures and embeddings that need no model."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from jarvis_plugins.llama_index import OpenCLIPEmbedding
from jarvis_retrievers.reference import ColourEncoder


def plain(colour: str, side: int = 32) -> Image.Image:
    return Image.new("RGB", (side, side), colour)


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    plain(colour).save(buffer, format="PNG")
    return buffer.getvalue()


def file(folder: Path, colour: str) -> Path:
    path = folder / f"{colour}.png"
    path.write_bytes(png(colour))
    return path


def colours() -> OpenCLIPEmbedding:
    return OpenCLIPEmbedding(ColourEncoder())

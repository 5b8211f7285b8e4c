"""Pictures in messages: LlamaIndex's image blocks to images, and back."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.base.llms.types import ImageBlock, TextBlock
from PIL import Image

from jarvis_retrievers.errors import ImageError
from jarvis_retrievers.images import encode_png, load_image
from jarvis_retrievers.sources import ImagePolicy

__all__ = ["content_blocks", "picture_block", "picture_of"]


def picture_block(image: Image.Image) -> ImageBlock:
    """An image as a block of bytes, PNG, without metadata."""
    return ImageBlock(image=encode_png(image), image_mimetype="image/png")


def content_blocks(parts: Sequence[str | Image.Image]) -> list[TextBlock | ImageBlock]:
    """Texts and images as blocks."""
    return [TextBlock(text=part) if isinstance(part, str) else picture_block(part) for part in parts]


def picture_of(block: ImageBlock, policy: ImagePolicy) -> Image.Image:
    """The image of a block.

    Args:
        block: of bytes, an open file, a path or an address.
        policy: where images may come from besides the block itself.

    Raises:
        ImageError: it is not allowed, or cannot be read.
    """
    if isinstance(block.image, bytes):  # LlamaIndex keeps bytes as base64
        return policy.from_base64(block.image.decode("ascii", "replace"))
    if block.image is not None:
        block.image.seek(0)
        return load_image(block.image.read(policy.max_bytes + 1), max_bytes=policy.max_bytes)
    if block.path is not None:
        return policy.from_path(block.path)
    if block.url is not None:
        return policy.load(str(block.url))
    raise ImageError("an image block is empty; give it image, path or url")

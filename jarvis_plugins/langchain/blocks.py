"""Pictures in messages: LangChain's content blocks to images, and back."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage
from PIL import Image

from jarvis_retrievers.errors import ImageError
from jarvis_retrievers.images import encode_png
from jarvis_retrievers.sources import ImagePolicy

__all__ = ["content_of", "last_said", "picture_block", "picture_of", "pictures_of", "text_of"]


def pictures_of(message: BaseMessage, policy: ImagePolicy | None = None) -> list[Image.Image]:
    """The images of a message: v1 blocks (base64, url) and OpenAI's ``image_url``.

    Args:
        message: any message.
        policy: where images may come from besides the message itself; by default nowhere.

    Raises:
        ImageError: an image that is not allowed, or cannot be read.
    """
    rules = policy or ImagePolicy()
    # `content_blocks` has every dialect in one form; `content` has not.
    blocks: Sequence[Mapping[str, Any]] = message.content_blocks
    return [picture_of(block, rules) for block in blocks if block.get("type") == "image"]


def picture_block(image: Image.Image) -> dict[str, Any]:
    """An image as a v1 content block, PNG in base64, without metadata."""
    data = base64.b64encode(encode_png(image)).decode("ascii")
    return {"type": "image", "base64": data, "mime_type": "image/png"}


def content_of(parts: Sequence[str | Image.Image], between: str = "\n\n") -> str | list[Any]:
    """Texts and images as the content of a message: plain text where there is no image."""
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) == len(parts):
        return between.join(texts)
    return [{"type": "text", "text": p} if isinstance(p, str) else picture_block(p) for p in parts]


def text_of(message: BaseMessage) -> str:
    """The text of a message, its blocks joined by line breaks."""
    blocks: Sequence[Mapping[str, Any]] = message.content_blocks
    return "\n".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text")


def last_said(messages: Sequence[BaseMessage]) -> HumanMessage | None:
    """What the user said last."""
    return next((m for m in reversed(messages) if isinstance(m, HumanMessage)), None)


def picture_of(block: Mapping[str, Any], policy: ImagePolicy) -> Image.Image:
    """The image of an image block.

    Raises:
        ImageError: it is not allowed, or cannot be read.
    """
    if block.get("base64"):
        return policy.from_base64(str(block["base64"]))
    url = block.get("url")
    if url:
        return policy.load(str(url))
    raise ImageError(
        f"an image block must have base64 or url, got {sorted(block)}; a file_id belongs to another service"
    )

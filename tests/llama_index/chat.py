"""What tests of `JarvisLLM` have in common: a tool, scripts, pictures, and a handler that keeps events."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.tools import FunctionTool
from llama_index_instrumentation import get_dispatcher
from PIL import Image
from pydantic import Field

from jarvis_memory.chat import Message, ToolCall
from jarvis_memory.testing import ScriptedVLM
from jarvis_plugins.llama_index import JarvisLLM, picture_block
from jarvis_pocket import scene, world

RED = Image.new("RGB", (8, 8), "red")


def _clock(zone: str) -> str:
    """What time it is."""
    return f"noon in {zone}"


clock = FunctionTool.from_defaults(_clock, name="clock")


def scripted(*said: str | Message) -> tuple[JarvisLLM, ScriptedVLM]:
    node = ScriptedVLM(said or ["ok"])
    return JarvisLLM(model=node), node


def calls(*zones: str, words: str = "") -> Message:
    content = (words,) if words else ()
    return Message("assistant", content, tuple(ToolCall("", "clock", {"zone": zone}) for zone in zones))


def asked(*parts: str | Image.Image, **more: Any) -> ChatMessage:
    """A message of the user."""
    blocks: list[TextBlock | ImageBlock] = [
        TextBlock(text=part) if isinstance(part, str) else picture_block(part) for part in parts
    ]
    return ChatMessage(role="user", content=blocks, additional_kwargs=more)


def strangers() -> list[Image.Image]:
    """Two photos of somebody who is not of the household."""
    look = world.draw_look(random.Random("another"), "heldout")
    return [scene.draw_photo(random.Random(seed), look).image for seed in ("a", "b")]


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


class Kept(BaseEventHandler):
    """Keeps every event."""

    seen: list[Any] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "Kept"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.seen.append(event)

    def of(self, kind: type[BaseEvent]) -> list[Any]:
        return [event for event in self.seen if isinstance(event, kind)]


@contextmanager
def events() -> Iterator[Kept]:
    """What is dispatched within."""
    kept, root = Kept(), get_dispatcher()
    root.add_event_handler(kept)
    try:
        yield kept
    finally:
        root.event_handlers.remove(kept)

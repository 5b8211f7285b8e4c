"""What tests of `ChatJarvis` have in common: a tool, scripts, and pictures."""

from __future__ import annotations

import base64
import io

from langchain_core.tools import tool
from PIL import Image

from jarvis_memory.chat import Message, ToolCall
from jarvis_memory.testing import ScriptedVLM
from jarvis_plugins.langchain import (
    ChatJarvis,
)

RED = Image.new("RGB", (8, 8), "red")


@tool
def clock(zone: str) -> str:
    """What time it is.

    Args:
        zone: where.
    """
    return f"noon in {zone}"


def scripted(*said: str | Message) -> tuple[ChatJarvis, ScriptedVLM]:
    node = ScriptedVLM(said or ["ok"])
    return ChatJarvis(model=node), node


def calls(*zones: str, words: str = "") -> Message:
    content = (words,) if words else ()
    return Message("assistant", content, tuple(ToolCall("", "clock", {"zone": zone}) for zone in zones))


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def url(image: Image.Image) -> str:
    return "data:image/png;base64," + base64.b64encode(png(image)).decode()

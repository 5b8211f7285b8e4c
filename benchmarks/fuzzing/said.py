"""What models say: descriptions, and calls of tools."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from .target import Target, as_text, must

__all__ = ["TARGETS"]


def _descriptions() -> list[bytes]:
    one = {
        "category": "dog",
        "caption": "A small dog.",
        "attributes": ["ear: black"],
        "facts": ["Bo sleeps."],
    }
    return [json.dumps(one).encode(), b"{}", b"```json\n{}\n```"]


def _description(data: bytes) -> None:
    from pydantic import ValidationError

    from jarvis_agents.collaboration.jsons import read_object
    from jarvis_memory.profiling.description import Description

    read_object(as_text(data))
    try:
        made = Description.model_validate_json(data)
    except ValidationError:
        return
    must(Description.model_validate_json(made.model_dump_json()) == made, "a description did not come back")


@cache
def _scripted() -> Any:
    from jarvis_memory.testing import ScriptedVLM

    return ScriptedVLM(["yes"])


def _calls() -> list[bytes]:
    return [
        b'{"name": "clock", "arguments": {"zone": "x"}}',
        b'{"name": "clock"}</tool_call>',
        b"[[1, 2e9], NaN]",
    ]


def _call(data: bytes) -> None:
    from jarvis_memory.chat.message import ToolCall
    from jarvis_memory.chat.reading import Reader

    model = _scripted()
    text = as_text(data)
    read = model.syntax.read(text, ["clock"])
    if isinstance(read, ToolCall):
        must(read.name == "clock", "a tool that is not there")
        must(json.loads(json.dumps(dict(read.arguments))) == read.arguments, "arguments that are no JSON")
    reader = Reader(model._encoder.decode, {model._end}, ["stop"], model.syntax, ["clock"])
    told = "".join(reader.feed(byte) for byte in data[:200])
    rest, whole, calls, bad = reader.end()
    must((told + rest).rstrip() == whole.rstrip(), "pieces and text differ")
    must(all(call.name == "clock" for call in calls) and bad is not None, "a tool that is not there")


TARGETS = {
    "call": Target("calls of tools in what a model says", _calls, _call),
    "description": Target("descriptions of photos by a model", _descriptions, _description),
}

"""A script that answers whatever it is asked in the form that it is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from jarvis_memory.chat import ChatRequest, Message, ToolCall


def answering(request: ChatRequest) -> str | Message:
    """JSON where there is a schema; a call where one is demanded, or a tool is asked about; else words."""
    asked = next(message for message in reversed(request.messages) if message.role == "user").text
    if request.schema is not None:
        return json.dumps(_value(json.loads(request.schema), asked), ensure_ascii=False)
    wanted = request.demanded or (request.offered if request.messages[-1].role == "user" else ())
    if wanted:
        tool = wanted[0]
        return Message("assistant", (), (ToolCall("", tool.name, _value(tool.parameters, asked)),))
    return f"You said: {asked}" if asked else "You said nothing."


def _value(schema: Mapping[str, Any], asked: str) -> Any:
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], asked)
    if schema.get("type") == "object":
        return {key: _value(one, asked) for key, one in schema.get("properties", {}).items()}
    if schema.get("type") == "integer":
        return int((re.findall(r"\d+", asked) or ["0"])[0])
    quoted = re.findall(r"'([^']+)'", asked)
    return quoted[0] if quoted else asked

"""How a model writes the calls of tools, read off its own chat template.

The template is rendered once with a call of a known name. Where that stands as a JSON object, what is before
and behind it is the model's syntax: ``<tool_call>`` and ``</tool_call>`` for Hermes and Qwen, nothing at all
for Llama. Where the words before it are a control token, only that token begins a call: text that looks like
one, which a user may have had the model repeat, does not.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from jarvis_memory.vlm.text import TextEncoder
from jarvis_retrievers.errors import UnsupportedModelError

from .message import Tool, ToolCall
from .reply import BadCall
from .template import ChatTemplate

__all__ = ["CallSyntax", "call_schema", "read_syntax"]

_NAME, _ARGUMENTS = "jarvis_probe", {"probe": "probed"}
_SAID = "JarvisProbeSaid"


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


@dataclass(frozen=True, slots=True)
class CallSyntax:
    """How a model writes calls.

    Attributes:
        opener: the words before one, "" for none; ``opener_id`` if they are one control token.
        closer: the words behind it; ``closer_id`` likewise.
        before, behind: the spaces between them and the JSON object.
        name, arguments: the keys in that object.
    """

    opener: str
    closer: str
    before: str
    behind: str
    name: str
    arguments: str
    opener_id: int | None = None
    closer_id: int | None = None

    def read(self, text: str, known: Collection[str]) -> ToolCall | BadCall:
        """A call from what stands between opener and closer.

        Args:
            text: what the model wrote.
            known: names of the tools that there are.
        """
        key = f"call_{uuid.uuid4().hex[:24]}"
        try:
            value, end = _DECODER.raw_decode(text.strip())
        # Too deep for the decoder, or a number too long for it, is no JSONDecodeError.
        except (ValueError, RecursionError) as error:
            return BadCall(key, text.strip(), f"no JSON: {error}")
        rest = text.strip()[end:].strip()
        if not self.closer.startswith(rest):  # it may have been cut within the closer
            return BadCall(key, text.strip(), f"{rest[:40]!r} stands behind the JSON")
        if not isinstance(value, dict) or not isinstance(value.get(self.name), str):
            return BadCall(
                key, text.strip(), f"a call is an object with {self.name!r} and {self.arguments!r}"
            )
        if value[self.name] not in known:
            return BadCall(key, text.strip(), f"there is no tool {value[self.name]!r}")
        given = value.get(self.arguments, {})
        if not isinstance(given, dict):
            return BadCall(key, text.strip(), f"{self.arguments!r} must be an object")
        return ToolCall(key, value[self.name], given)

    def apart(self, call: ToolCall) -> tuple[str, str, str]:
        """A call as the model would write it: what opens it, the JSON, and what closes it."""
        said = {self.name: call.name, self.arguments: dict(call.arguments)}
        inner = json.dumps(said, ensure_ascii=False)
        return self.opener + self.before, inner, self.behind + self.closer


def read_syntax(template: ChatTemplate, encoder: TextEncoder) -> CallSyntax | None:
    """The syntax of a model's calls; None if its template knows no tools, or calls are no JSON in it."""
    user = {"role": "user", "content": [{"type": "text", "text": _SAID}]}
    call = {"type": "function", "id": "call_0", "function": {"name": _NAME, "arguments": _ARGUMENTS}}
    said = {"role": "assistant", "content": [{"type": "text", "text": _SAID}]}
    tools = [
        {
            "type": "function",
            "function": {
                "name": _NAME,
                "description": "",
                "parameters": {"type": "object", "properties": {}},
            },
        }
    ]
    try:
        asked = template.rendered([user], tools, open_=True)
        if _NAME not in asked:
            return None
        plain = template.rendered([user, said], tools, open_=False)
        whole = template.rendered([user, {**said, "content": [], "tool_calls": [call]}], tools, open_=False)
    except UnsupportedModelError:
        return None
    end_of_turn = plain[plain.rindex(_SAID) + len(_SAID) :]
    found = _object(whole, whole.rindex(_SAID))
    if found is None:
        return None
    start, end, value = found
    name = next((key for key, one in value.items() if one == _NAME), None)
    arguments = next((key for key, one in value.items() if one == _ARGUMENTS), None)
    if name is None or arguments is None:
        return None
    ahead = whole[:start]
    bare = ahead.rstrip() == asked.rstrip()
    opener = "" if bare else re.split(r"\s", ahead.rstrip())[-1]
    after = whole[end:]
    closing = after[: after.index(end_of_turn)] if end_of_turn and end_of_turn in after else after
    closer = closing.strip()
    return CallSyntax(
        opener=opener,
        closer=closer,
        before="" if bare else ahead[len(ahead.rstrip()) :],
        behind=closing[: len(closing) - len(closing.lstrip())] if closer else "",
        name=name,
        arguments=arguments,
        opener_id=_single(encoder, opener),
        closer_id=_single(encoder, closer),
    )


def call_schema(syntax: CallSyntax, tools: Sequence[Tool]) -> str:
    """A JSON schema of the calls of one of some tools, as JSON."""
    definitions: dict[str, Any] = {}
    kinds = []
    for number, tool in enumerate(tools):
        parameters = _moved(dict(tool.parameters), f"t{number}_", definitions)
        kinds.append(
            {
                "type": "object",
                "properties": {syntax.name: {"const": tool.name}, syntax.arguments: parameters},
                "required": [syntax.name, syntax.arguments],
                "additionalProperties": False,
            }
        )
    schema: dict[str, Any] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if definitions:
        schema = {**schema, "$defs": definitions}
    return json.dumps(schema)


def _object(text: str, start: int) -> tuple[int, int, dict[str, Any]] | None:
    """The JSON object that holds the probe's name: where it begins and ends, and itself."""
    place = text.find(_NAME, start)
    while place >= 0:
        for brace in [found.start() for found in re.finditer(r"\{", text[:place])][::-1]:
            try:
                value, end = json.JSONDecoder().raw_decode(text, brace)
            except json.JSONDecodeError:
                continue
            if isinstance(value, dict) and end > place and _NAME in value.values():
                return brace, end, value
        place = text.find(_NAME, place + 1)
    return None


def _single(encoder: TextEncoder, text: str) -> int | None:
    ids = encoder.encode_template(text) if text else []
    return ids[0] if len(ids) == 1 and ids[0] in encoder.control_ids else None


def _moved(schema: Any, prefix: str, definitions: dict[str, Any]) -> Any:
    """A schema with its definitions moved to where it will be a part of another one."""
    if isinstance(schema, list):
        return [_moved(one, prefix, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    for key in ("$defs", "definitions"):
        for name, one in (schema.get(key) or {}).items() if isinstance(schema.get(key), dict) else ():
            definitions[prefix + name] = _moved(one, prefix, definitions)
    moved = {
        key: _moved(one, prefix, definitions)
        for key, one in schema.items()
        if key not in ("$defs", "definitions")
    }
    reference = moved.get("$ref")
    if isinstance(reference, str):
        moved["$ref"] = re.sub(r"^#/(\$defs|definitions)/", f"#/$defs/{prefix}", reference)
    return moved

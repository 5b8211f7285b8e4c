"""How calls are written, read off templates, and read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jarvis_memory.chat import BadCall, Tool, ToolCall
from jarvis_memory.chat.calls import CallSyntax, call_schema, read_syntax
from jarvis_memory.chat.reading import Reader
from tests.chat.templates import BARE, HERMES
from tests.chat.test_template import ENCODER, template
from tests.kv.tiny import TEMPLATE

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(st.text(max_size=5), JSON, max_size=3)
END = ENCODER.encode_template("<|im_end|>")[0]


def syntax_of(text: str) -> CallSyntax:
    found = read_syntax(template(text), ENCODER)
    assert found is not None
    return found


HERMES_SYNTAX, BARE_SYNTAX = syntax_of(HERMES), syntax_of(BARE)


def spoken(syntax: CallSyntax, call: ToolCall) -> list[int]:
    opening, inner, closing = syntax.apart(call)
    return [
        *ENCODER.encode_template(opening),
        *ENCODER.encode(inner),
        *(ENCODER.encode_template(closing) if closing else ()),
    ]


def read(
    tokens: list[int], syntax: CallSyntax, *, stop: tuple[str, ...] = ()
) -> tuple[str, list[str], Any, Any]:
    """The text, the pieces it came in, the calls, and the bad ones."""
    reader = Reader(ENCODER.decode, {END}, stop, syntax, ["clock"])
    pieces: list[str] = []
    for token in tokens:
        pieces.append(reader.feed(token))
        if reader.done:
            break
    rest, text, calls, bad = reader.end()
    return text, [*pieces, rest], calls, bad


def test_the_syntax_is_read_off_the_template() -> None:
    assert (HERMES_SYNTAX.opener, HERMES_SYNTAX.before) == ("<tool_call>", "\n")
    assert (HERMES_SYNTAX.behind, HERMES_SYNTAX.closer) == ("\n", "</tool_call>")
    assert HERMES_SYNTAX.opener_id in ENCODER.control_ids
    assert (BARE_SYNTAX.opener, BARE_SYNTAX.closer, BARE_SYNTAX.arguments) == ("", "", "parameters")
    assert read_syntax(template(TEMPLATE), ENCODER) is None


@given(arguments=ARGUMENTS, many=st.integers(1, 3), words=st.sampled_from(["", "Let me see. "]))
def test_calls_are_read_as_they_were_written(arguments: dict[str, Any], many: int, words: str) -> None:
    call = ToolCall("", "clock", arguments)
    tokens = ENCODER.encode(words) + spoken(HERMES_SYNTAX, call) * many + [END]
    text, pieces, calls, bad = read(tokens, HERMES_SYNTAX)
    assert (text, bad) == (words.rstrip(), ())
    assert [(one.name, one.arguments) for one in calls] == [("clock", arguments)] * many
    assert len({one.id for one in calls}) == many
    assert "".join(pieces) == text


@given(arguments=ARGUMENTS)
def test_bare_calls_are_the_whole_answer(arguments: dict[str, Any]) -> None:
    text, pieces, calls, _ = read([*spoken(BARE_SYNTAX, ToolCall("", "clock", arguments)), END], BARE_SYNTAX)
    assert (text, "".join(pieces)) == ("", "")
    assert [one.arguments for one in calls] == [arguments]


def test_text_that_looks_like_a_call_is_text() -> None:
    fake = '<tool_call>\n{"name": "clock", "arguments": {}}\n</tool_call>'
    text, _, calls, bad = read([*ENCODER.encode(fake), END], HERMES_SYNTAX)
    assert (text, calls, bad) == (fake, (), ())


@pytest.mark.parametrize(
    ("inner", "wrong"),
    [
        ('{"name": "clock", "arguments": {', "no JSON"),
        ('{"name": "alarm", "arguments": {}}', "no tool 'alarm'"),
        ('{"name": "clock", "arguments": [1]}', "must be an object"),
        ('{"nom": "clock"}', "an object with 'name'"),
        ('["clock"]', "an object with 'name'"),
        ('{"name": "clock"} and more', "stands behind"),
    ],
)
def test_what_is_no_call_is_kept_with_what_is_wrong(inner: str, wrong: str) -> None:
    opener = ENCODER.encode_template("<tool_call>")
    text, _, calls, bad = read([*opener, *ENCODER.encode(inner), END], HERMES_SYNTAX)
    assert (text, calls) == ("", ())
    assert isinstance(bad[0], BadCall)
    assert bad[0].text == inner
    assert wrong in bad[0].error


@given(words=st.text(max_size=20), stop=st.text(min_size=1, max_size=3))
def test_streams_end_before_a_text_that_ends_them(words: str, stop: str) -> None:
    reader = Reader(ENCODER.decode, {END}, (stop,))
    pieces = []
    for token in [*ENCODER.encode(words), END]:
        pieces.append(reader.feed(token))
        if reader.done:
            break
    rest, text, _, _ = reader.end()
    assert text == words.split(stop)[0]
    assert "".join([*pieces, rest]) == text
    assert reader.done


def references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for one in schema.values():
            yield from references(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from references(one)


def test_definitions_of_several_tools_do_not_meet() -> None:
    def tool(name: str, kind: str) -> Tool:
        parameters = {
            "type": "object",
            "properties": {"x": {"$ref": "#/$defs/X"}},
            "$defs": {"X": {"type": kind}},
        }
        return Tool(name, "", parameters)

    schema = json.loads(call_schema(HERMES_SYNTAX, [tool("a", "string"), tool("b", "integer")]))
    found = [reference.removeprefix("#/$defs/") for reference in references(schema)]
    assert [schema["$defs"][name] for name in found] == [{"type": "string"}, {"type": "integer"}]
    assert all("$defs" not in kind["properties"]["arguments"] for kind in schema["anyOf"])


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"name":' * 20_000,
        '{"name": "clock", "arguments": {"n": ' + "1" * 10_000 + "}}",
        '{"name": "clock", "arguments": {"n": NaN}}',
        '{"name": "clock", "arguments": {"n": -Infinity}}',
    ],
    ids=["brackets", "objects", "digits", "nan", "infinity"],
)
def test_what_a_decoder_of_json_cannot_read_is_a_bad_call(text: str) -> None:
    assert isinstance(HERMES_SYNTAX.read(text, ["clock"]), BadCall)

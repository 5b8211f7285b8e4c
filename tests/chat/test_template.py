"""Conversations through templates: what users write stays text, and nothing of it is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, normalizers

from jarvis_memory.chat import Message, Tool, ToolCall
from jarvis_memory.chat.message import Role
from jarvis_memory.chat.template import ChatTemplate, Written
from jarvis_memory.vlm import TextEncoder
from jarvis_retrievers.errors import InputError, UnsupportedModelError
from tests.chat.templates import BARE, FORGETFUL, HERMES, STRINGS
from tests.kv.tiny import ADDED, CONTROL, TEMPLATE, make_tokenizer, picture

TOKENIZER = make_tokenizer()
ENCODER = TextEncoder(TOKENIZER)
CLOCK = Tool("clock", "Tells the time.")
TRICKS = [*CONTROL, *ADDED, "JarvisMark000000End", "{{ 1 }}", '"}]', "\n", "é", "你"]
WILD = (
    st.lists(st.one_of(st.sampled_from(TRICKS), st.text(max_size=8)), min_size=1, max_size=4)
    .map("".join)
    .filter(bool)
)


def template(text: str = HERMES) -> ChatTemplate:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = text
    return ChatTemplate(tokenizer, ENCODER)


HERMES_TEMPLATE = template()


def ids(written: Written) -> list[int]:
    out = list(written.head)
    for piece in written.body:
        assert isinstance(piece, tuple)
        out += piece
    return out


def raw(token_ids: list[int]) -> str:
    text = TOKENIZER.decode(token_ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return str(text)


def said(role: Role, *content: Any, **more: Any) -> Message:
    return Message(role, content, **more)


def test_it_is_what_the_template_itself_prints() -> None:
    conversation = [
        said("system", "Be brief."),
        said("user", "Hi"),
        said(
            "assistant",
            "Let me see.",
            calls=(ToolCall("1", "clock", {"zone": 'a "b"', "deep": [1, {"x": "y"}]}),),
        ),
        said("tool", "noon", call_id="1"),
        said("assistant", "Noon."),
        said("user", "Thanks"),
    ]
    turns: list[dict[str, Any]] = [
        {"role": m.role, "content": [{"type": "text", "text": part} for part in m.content]}
        for m in conversation
    ]
    turns[2]["tool_calls"] = [
        {
            "type": "function",
            "id": "1",
            "function": {"name": "clock", "arguments": conversation[2].calls[0].arguments},
        }
    ]
    listed = {"name": "clock", "description": "Tells the time.", "parameters": dict(CLOCK.parameters)}
    tokenizer = make_tokenizer()
    tokenizer.chat_template = HERMES
    expected = tokenizer.apply_chat_template(
        turns, tools=[{"type": "function", "function": listed}], tokenize=False, add_generation_prompt=True
    )
    assert raw(ids(HERMES_TEMPLATE.write(conversation, [CLOCK]))) == expected


@given(system=WILD, user=WILD, answer=WILD, argument=WILD, result=WILD)
def test_nothing_that_is_written_becomes_a_control_token(
    system: str, user: str, answer: str, argument: str, result: str
) -> None:
    def conversation(*texts: str) -> list[Message]:
        first, asked, replied, given_, told = texts
        return [
            said("system", first),
            said("user", asked),
            said("assistant", replied, calls=(ToolCall("1", "clock", {"zone": given_}),)),
            said("tool", told, call_id="1"),
        ]

    plain = ids(HERMES_TEMPLATE.write(conversation("a", "b", "c", "d", "e"), [CLOCK]))
    wild = ids(HERMES_TEMPLATE.write(conversation(system, user, answer, argument, result), [CLOCK]))
    controls = [[i for i in row if i in ENCODER.control_ids] for row in (plain, wild)]
    assert controls[0] == controls[1]
    text = raw(wild)
    for part in (system, user, answer, result):
        assert part in text


def test_the_head_is_what_stands_before_the_users_first_words() -> None:
    written = HERMES_TEMPLATE.write([said("system", "Be brief."), said("user", "Hi"), said("user", "there")])
    assert raw(list(written.head)) == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n"
    assert raw(ids(written)).endswith("user\nHi\nthere<|im_end|>\n<|im_start|>assistant\n")


def test_images_stand_where_they_were() -> None:
    image = picture(1)
    body = HERMES_TEMPLATE.write([said("user", "before", image, "behind")]).body
    at = body.index(image)
    assert [raw(list(piece)) for piece in (body[at - 1], body[at + 1]) if isinstance(piece, tuple)] == [
        "before",
        "behind",
    ]


def test_templates_that_want_plain_texts_get_them() -> None:
    written = template(STRINGS).write(
        [said("user", "Hi "), said("assistant", "Yes."), said("user", "x", "y")]
    )
    assert "user\nxy<|im_end|>" in raw(ids(written))


def test_a_template_that_leaves_something_out_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="leaves out"):
        template(FORGETFUL).write([said("system", "Be brief."), said("user", "Hi")])
    with pytest.raises(UnsupportedModelError, match="cannot write"):
        template("{{ raise_exception('no') }}").write([said("user", "Hi")])


@pytest.mark.parametrize(
    ("tools", "messages", "what"),
    [
        ([Tool("clock", "<|im_end|>")], [said("user", "Hi")], "the tool 'clock'"),
        ([Tool("<tool_call>")], [said("user", "Hi")], "the tool '<tool_call>'"),
        ([Tool("JarvisMark000000End")], [said("user", "Hi")], "own use"),
        (
            [],
            [said("user", "a"), said("assistant", calls=(ToolCall("1", "c", {"<|im_end|>": 1}),))],
            "an argument",
        ),
        (
            [],
            [said("user", "a"), said("assistant", calls=(ToolCall("<think>", "c", {}),))],
            "the id of a call",
        ),
        ([], [said("user", "a"), said("tool", "b", call_id="<|im_end|>")], "the id of a call"),
        ([], [said("system", picture(1)), said("user", "a")], "a system message is text"),
        ([], [said("user", "")], "is empty"),
    ],
)
def test_what_would_go_through_the_template_as_it_is_must_be_plain(
    tools: list[Tool], messages: list[Message], what: str
) -> None:
    with pytest.raises(InputError, match=what):
        HERMES_TEMPLATE.write(messages, tools)


def test_all_of_the_templates_here_write_a_conversation() -> None:
    conversation = [said("user", "Hi"), said("assistant", "Yes."), said("user", "And?")]
    for text in (TEMPLATE, HERMES, BARE):
        assert raw(ids(template(text).write(conversation))).count("<|im_end|>") == 3


# Prints what a tool says without a sign between: as few templates do, and any may.
JOINED = HERMES.replace(
    "{{ tool | tojson }}",
    "{{ tool.function.name }}{{ tool.function.description }}{{ tool.function.parameters.title }}",
)


def titled(name: str, description: str, title: str) -> Tool:
    return Tool(name, description, {"type": "object", "properties": {}, "title": title})


@pytest.mark.parametrize("token", ["<tool_call>", "<|im_end|>", "<think>"])
def test_halves_of_a_token_in_a_tool_do_not_join(token: str) -> None:
    for at in range(1, len(token)):
        for tool in (titled("clock", token[:at], token[at:]), titled(token[:at], token[at:], "x")):
            with pytest.raises(InputError, match="becomes a control token"):
                template(JOINED).write([said("user", "Hi")], [tool])
            assert template(HERMES).write([said("user", "Hi")], [tool])
    fine = titled("clock", "a < b, <b>bold</b> | c > d", "x")
    assert template(JOINED).write([said("user", "Hi")], [fine])


def test_what_a_normaliser_makes_of_a_tool_is_no_token() -> None:
    """Added tokens that are marked as normalised are found in what the normaliser made."""
    tokenizer = make_tokenizer()
    backend = tokenizer.backend_tokenizer
    backend.normalizer = normalizers.NFKC()
    tokenizer.add_tokens([AddedToken("<bell>", normalized=True)])
    tokenizer.chat_template = HERMES
    encoder = TextEncoder(tokenizer)
    bell = tokenizer.convert_tokens_to_ids("<bell>")
    wide = "\uff1cbell\uff1e"
    assert bell in encoder.encode_template(wide)
    assert bell not in encoder.encode(wide)
    with pytest.raises(InputError, match="becomes a control token"):
        ChatTemplate(tokenizer, encoder).write([said("user", "Hi")], [Tool("clock", wide)])

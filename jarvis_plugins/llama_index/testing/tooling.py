"""The part of the suite for LLMs that is about tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import BaseTool, FunctionTool

from .suite import Suite, needs, run

__all__ = ["ToolConformance"]


class ToolConformance(Suite):
    """Tools of a `FunctionCallingLLM`.

    Attributes:
        calls_tools: asked with ``tool_required=True`` it calls ``clock``, and reads the result; needs the
            fixture ``caller`` if ``llm`` does not do so by itself.
    """

    calls_tools: bool = False

    @pytest.fixture
    def caller(self, llm: LLM) -> LLM:
        """An LLM that calls ``clock(zone)`` when it is asked for it; by default ``llm``."""
        return llm

    @needs("calls_tools")
    def test_a_tool_is_called(self, caller: LLM) -> None:
        """Optional (calls_tools): with a name that is there, an id, and the arguments of the schema."""
        llm = _calling(caller)
        _check(llm, llm.chat_with_tools([clock()], user_msg=ASKED, tool_required=True))

    @needs("calls_tools")
    def test_a_tool_is_called_async(self, caller: LLM) -> None:
        """Optional (calls_tools): the same."""
        llm = _calling(caller)
        _check(llm, run(llm.achat_with_tools([clock()], user_msg=ASKED, tool_required=True)))

    @needs("calls_tools")
    def test_a_tool_is_called_in_a_stream(self, caller: LLM) -> None:
        """Optional (calls_tools): the last part has the whole call."""
        llm = _calling(caller)
        parts = list(llm.stream_chat_with_tools([clock()], user_msg=ASKED, tool_required=True))
        _check(llm, parts[-1])

    @needs("calls_tools")
    def test_a_result_is_read(self, caller: LLM) -> None:
        """Optional (calls_tools): call and result go back into the conversation, and it goes on."""
        llm, tools = _calling(caller), [clock()]
        first = llm.chat_with_tools(tools, user_msg=ASKED, tool_required=True)
        call = _check(llm, first)
        result = ChatMessage(
            "noon", role=MessageRole.TOOL, additional_kwargs={"tool_call_id": call.tool_id, "name": "clock"}
        )
        turns = [ChatMessage(ASKED, role=MessageRole.USER), first.message, result]
        answer = llm.chat_with_tools(tools, chat_history=turns)
        assert isinstance(answer, ChatResponse)
        assert answer.message.role == MessageRole.ASSISTANT

    @needs("calls_tools")
    def test_no_call_is_an_error_only_if_wanted(self, caller: LLM) -> None:
        """Optional (calls_tools): an answer without a call has none, or is a ValueError."""
        llm = _calling(caller)
        plain = ChatResponse(message=ChatMessage("It is noon.", role=MessageRole.ASSISTANT))
        assert llm.get_tool_calls_from_response(plain, error_on_no_tool_call=False) == []
        with pytest.raises(ValueError, match=r"\w"):
            llm.get_tool_calls_from_response(plain, error_on_no_tool_call=True)


ASKED = "What time is it in Rome? Ask the clock."


def clock() -> BaseTool:
    """A tool with one argument, a text."""

    def tell(zone: str) -> str:
        """What time it is in a zone."""
        return f"noon in {zone}"

    return FunctionTool.from_defaults(tell, name="clock")


def _calling(llm: LLM) -> FunctionCallingLLM:
    assert isinstance(llm, FunctionCallingLLM), "tools need a FunctionCallingLLM"
    assert llm.metadata.is_function_calling_model
    return llm


def _check(llm: FunctionCallingLLM, answer: ChatResponse) -> ToolSelection:
    calls: Sequence[ToolSelection] = llm.get_tool_calls_from_response(answer)
    assert len(calls) == 1
    arguments: dict[str, Any] = calls[0].tool_kwargs
    assert calls[0].tool_name == "clock"
    assert calls[0].tool_id
    assert set(arguments) == {"zone"}
    assert isinstance(arguments["zone"], str)
    return calls[0]

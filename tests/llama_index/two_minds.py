"""A node of two: a script that calls tools, and a memory that answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jarvis_memory import PersonalMemory
from jarvis_memory.chat import Abilities, ChatRequest, Message, Reply, ToolCall
from jarvis_memory.testing import ScriptedVLM

__all__ = ["TwoMinds"]


class TwoMinds:
    """Calls the tools of ``plan`` that a question of the user is to begin with, and answers from a memory.

    Args:
        memory: answers, once the calls of a turn are done; its model knows no tools.
        plan: for a word of the question, which calls in turn, each a name and arguments.
    """

    def __init__(self, memory: PersonalMemory, plan: dict[str, list[tuple[str, dict[str, object]]]]) -> None:
        self.memory, self.plan = memory, plan
        self.answered: list[ChatRequest] = []

    @property
    def name(self) -> str:
        return "two minds"

    @property
    def abilities(self) -> Abilities:
        return replace(self.memory.abilities, tools=True)

    def chat(self, request: ChatRequest) -> Reply:
        *_, reply = self.stream_chat(request)
        assert isinstance(reply, Reply)
        return reply

    def stream_chat(self, request: ChatRequest) -> Iterator[str | Reply]:
        place = max(n for n, message in enumerate(request.messages) if message.role == "user")
        question = request.messages[place].text
        done = sum(message.role == "tool" for message in request.messages[place:])
        wanted = next((calls for word, calls in self.plan.items() if word in question), [])
        if done < len(wanted):
            name, arguments = wanted[done]
            call = Message("assistant", (), (ToolCall("", name, arguments),))
            return ScriptedVLM([call]).stream_chat(replace(request, concepts=None))
        spoken = [m for m in request.messages if m.role in ("user", "assistant") and not m.calls]
        asked = replace(request, messages=spoken, tools=(), choice="auto")
        self.answered.append(asked)
        return self.memory.stream_chat(asked)

"""What is asked of a chat model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from jarvis_retrievers.errors import DeadlineError, InputError, SettingError

from .message import Message, Tool
from .sampling import Sampling

__all__ = ["ChatRequest"]


@dataclass(frozen=True, slots=True, eq=False)
class ChatRequest:
    """What is asked of a chat model.

    Attributes:
        messages: the conversation, at least one message of the user among them.
        tools: what the model may call.
        choice: ``auto``: it may call one; ``none``: it must not; ``any``: it must; or the name of the one
            that it must call.
        schema: a JSON schema, as JSON, that the answer follows; None for plain text.
        max_new_tokens: the most tokens of the answer.
        stop: texts that end the answer; they are not part of it.
        sampling: how tokens are chosen.
        seconds: after so many the answer is given up; None for never.
        concepts: ids of the concepts to answer from; None: those that the conversation is about, if there is
            a memory.

    Raises:
        InputError: no message of the user, two tools of one name, or a choice of a tool that is not there.
        SettingError: a number out of its range.
    """

    messages: Sequence[Message]
    tools: Sequence[Tool] = ()
    choice: str = "auto"
    schema: str | None = None
    max_new_tokens: int = 256
    stop: Sequence[str] = ()
    sampling: Sampling = field(default_factory=Sampling)
    seconds: float | None = None
    concepts: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if not any(message.role == "user" for message in self.messages):
            raise InputError("a conversation has a message of the user, got none; add one")
        names = [tool.name for tool in self.tools]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"two tools are called {twice[0]!r}; rename one of them")
        if self.choice in ("auto", "none"):
            pass
        elif self.choice == "any":
            if not names:
                raise InputError("a tool must be called, but there is none; give tools")
        elif self.choice not in names:
            there = ", ".join(map(repr, names)) or "no tools"
            raise InputError(f"the tool {self.choice!r} must be called, but there are {there}")
        if self.max_new_tokens < 1:
            raise SettingError(f"max_new_tokens is at least 1, got {self.max_new_tokens}")
        if any(not text for text in self.stop):
            raise SettingError("a text that ends the answer has a character at least, got ''")
        if self.seconds is not None and self.seconds <= 0:
            raise SettingError(f"seconds must be more than 0, got {self.seconds}")

    def is_late(self, took: float) -> bool:
        """Whether an answer that takes so many seconds by now is given up."""
        return self.seconds is not None and took > self.seconds

    def late(self, tokens: int) -> DeadlineError:
        """The error for an answer that is given up after so many tokens."""
        return DeadlineError(
            f"the answer took longer than {self.seconds} seconds, and has {tokens} tokens by now; allow more "
            "time, or ask for a shorter one"
        )

    @property
    def offered(self) -> tuple[Tool, ...]:
        """The tools that the model is told of."""
        return () if self.choice == "none" else tuple(self.tools)

    @property
    def demanded(self) -> tuple[Tool, ...]:
        """The tools one of which must be called; none if that is up to the model."""
        if self.choice in ("auto", "none"):
            return ()
        return tuple(tool for tool in self.tools if self.choice in ("any", tool.name))

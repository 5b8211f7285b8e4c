"""`PersonalMemoryMiddleware`: an agent of any chat model knows the user's own pets, people and things."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, NotRequired

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain.agents.middleware.types import AgentState, PrivateStateAttr
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage
from langchain_core.messages.notification import add_notification_metadata
from langgraph.channels.untracked_value import UntrackedValue
from langgraph.runtime import Runtime
from langgraph.types import TracePolicy, omit_payload

from jarvis_memory.chat import Message, ToolCall
from jarvis_memory.chat.turns import turns_of
from jarvis_memory.concept import Concept
from jarvis_memory.memory import PersonalMemory
from jarvis_plugins.common.learning import learn
from jarvis_plugins.common.telling import SHARES, Share, checked_share, told
from jarvis_retrievers.sources import ImagePolicy

from .blocks import content_of, last_said, pictures_of, text_of
from .chat_model import ChatJarvis

__all__ = ["PersonalMemoryMiddleware", "PersonalMemoryState"]

_SOURCE: Final = "personal_memory"


class PersonalMemoryState(AgentState[Any]):
    """What the middleware keeps while one turn runs: ids of concepts, in no checkpoint and no output."""

    jarvis_concepts: NotRequired[Annotated[list[str], UntrackedValue, PrivateStateAttr]]


class PersonalMemoryMiddleware(AgentMiddleware[PersonalMemoryState, Any, Any]):
    """Finds once per turn whom the user speaks of, and tells the model what is remembered of them.

    What is remembered is put before the user's last message for the model alone: it is in no state, no
    checkpoint and no output, and spans of this middleware carry no payload. A `ChatJarvis` of the same memory
    is given ids of concepts instead, and answers from their segments.

    ::

        agent = create_agent(model, tools, middleware=[PersonalMemoryMiddleware(memory)])

    Args:
        memory: of one owner.
        share: what the model is given: ``text`` (profiles), ``crops`` (also the best patches) or ``photos``
            (also whole photos). The model may run on a machine of somebody else: photos go there only if you
            say so.
        k: the most concepts, besides those that are named.
        show: the most pictures of each concept.
        learn: keep what the user asks for with "remember that ..." or "note: ..." as a note of the one
            concept that it names.
        policy: where pictures in messages may come from besides the messages themselves.

    Raises:
        SettingError: no such ``share``, or ``k`` or ``show`` is less than 1.
    """

    state_schema = PersonalMemoryState
    trace_policy = TracePolicy(process_inputs=omit_payload, process_outputs=omit_payload)

    def __init__(
        self,
        memory: PersonalMemory,
        *,
        share: Share = "text",
        k: int = 3,
        show: int = 2,
        learn: bool = False,
        policy: ImagePolicy | None = None,
    ) -> None:
        super().__init__()
        checked_share(share, SHARES, k, show)
        self._memory, self._share, self._k, self._show = memory, share, k, show
        self._learn, self._policy = learn, policy or ImagePolicy()

    def before_agent(self, state: PersonalMemoryState, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Find whom the user speaks of."""
        return {"jarvis_concepts": self._found(state["messages"])}

    async def abefore_agent(self, state: PersonalMemoryState, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """The same in a thread."""
        return await asyncio.to_thread(self.before_agent, state, runtime)

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any] | AIMessage:
        """Let the model see what is remembered."""
        return handler(self._informed(request))

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any] | AIMessage:
        """The same; what is read from disk is read in a thread."""
        return await handler(await asyncio.to_thread(self._informed, request))

    def after_agent(self, state: PersonalMemoryState, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Keep what the user asked to keep."""
        if self._learn:
            self._learned(state["messages"])
        return None

    async def aafter_agent(self, state: PersonalMemoryState, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """The same in a thread."""
        return await asyncio.to_thread(self.after_agent, state, runtime)

    def _found(self, messages: Sequence[BaseMessage]) -> list[str]:
        said = last_said(messages)
        if said is None:
            return []
        pictures = pictures_of(said, self._policy)
        found = self._memory.recall(text_of(said), pictures, self._k, history=_turns(messages, said))
        return [one.concept.id for one in found]

    def _informed(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        messages = request.messages
        said = last_said(messages)
        # A turn that goes on after an interrupt has lost what is in no checkpoint.
        kept: Any = request.state.get("jarvis_concepts")
        ids = self._found(messages) if kept is None else list(kept)
        there = {concept.id: concept for concept in self._memory.list()}
        # A tool may have forgotten somebody since the turn began.
        concepts = [there[key] for key in ids if key in there]
        if isinstance(request.model, ChatJarvis) and request.model.memory is self._memory:
            # It answers from the segments themselves; ids are all that travels.
            known = [concept.id for concept in concepts]
            return request.override(model_settings={**request.model_settings, "concepts": known})
        if said is None or not concepts:
            return request
        place = next(i for i in range(len(messages) - 1, -1, -1) if messages[i] is said)
        return request.override(messages=[*messages[:place], self._told(concepts), *messages[place:]])

    def _told(self, concepts: Sequence[Concept]) -> AnyMessage:
        content: Any = content_of(told(self._memory, concepts, self._share, self._show))
        names = [concept.name for concept in concepts]
        return add_notification_metadata(
            HumanMessage(content=content), source=_SOURCE, data={"concepts": names}
        )

    def _learned(self, messages: Sequence[BaseMessage]) -> None:
        said = last_said(messages)
        if said is not None:
            learn(self._memory, text_of(said))


def _turns(messages: Sequence[BaseMessage], last: BaseMessage) -> list[tuple[str, str]]:
    """Earlier questions and their answers, so that "she" is whom they were about."""
    before = itertools.takewhile(lambda message: message is not last, messages)
    return turns_of(_spoken(message) for message in before if isinstance(message, (HumanMessage, AIMessage)))


def _spoken(message: HumanMessage | AIMessage) -> Message:
    """The words of a message; of its calls no more than that there are some."""
    if isinstance(message, HumanMessage):
        return Message("user", (text_of(message),))
    calls = tuple(ToolCall(call["id"] or "", call["name"], {}) for call in message.tool_calls)
    return Message("assistant", (text_of(message),), calls)

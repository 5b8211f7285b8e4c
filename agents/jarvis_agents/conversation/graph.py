"""The conversation as a LangGraph graph: the steps are its nodes, and it pauses where the user is asked.

The state of the graph is JSON: the newest message, the conversation between two turns, and the turn on its
way. The memory is not in it. A node that pauses runs again from its start when it goes on (LangGraph,
"interrupts"), so the node that waits changes nothing before it waits.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast, get_args

from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    HumanMessage,
    MessageLikeRepresentation,
    convert_to_messages,
)
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.types import Checkpointer, interrupt
from PIL import Image
from typing_extensions import TypedDict

from jarvis_retrievers.errors import ImageError, InputError
from jarvis_retrievers.images import encode_png, load_image
from jarvis_retrievers.sources import ImagePolicy

from .planning import Planner
from .putting import Putting
from .settings import Settings
from .state import ConversationState
from .steps import Steps
from .turn import Next, Turn

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

    from jarvis_memory import PersonalMemory
    from jarvis_memory.intake import Photo

__all__ = ["TalkState", "conversation_graph", "user_message"]

_WAITS = ("ask_back", "confirm")
# What a graph does besides the steps of a turn: begin, finish, wait.
_BESIDES = 4


class TalkState(TypedDict, total=False):
    """The state of the graph.

    Attributes:
        messages: in: what the user writes and shows; out: the reply. Earlier ones are not kept here.
        conversation: a `ConversationState` as a dict; goes in and out where there is no checkpointer.
        turn: a `Turn` as a dict; empty between two turns.
        told: what of the answer was streamed already.
        said: out: a `Said` as a dict, without its state.
    """

    messages: Sequence[MessageLikeRepresentation]
    conversation: dict[str, Any]
    turn: dict[str, Any]
    told: str
    said: dict[str, Any]


class _Node(Protocol):
    def __call__(self, state: TalkState) -> TalkState: ...


Graph: TypeAlias = "CompiledStateGraph[TalkState, None, TalkState, TalkState]"


def conversation_graph(
    memory: PersonalMemory,
    *,
    settings: Settings | None = None,
    checkpointer: Checkpointer = None,
    pause: bool | None = None,
    planner: Planner | None = None,
    putting: Putting | None = None,
) -> Graph:
    """A compiled graph that leads a conversation over ``memory``.

    ::

        graph = conversation_graph(memory, checkpointer=InMemorySaver())
        thread = {"configurable": {"thread_id": "ana"}}
        result = graph.invoke({"messages": [user_message("How old is she?")]}, thread)
        if "__interrupt__" in result:
            result = graph.invoke(Command(resume="Bo"), thread)
        print(result["messages"][-1].text)

    A reply that cannot be used (blank, too long, no picture) is asked for again, with ``problem`` beside what
    was asked. With ``stream_mode="custom"`` the pieces of an answer come as strings.

    Args:
        memory: of one owner. It stays out of checkpoints: give the same one after a restart.
        settings, planner, putting: as for `Steps`.
        checkpointer: keeps the conversation of each thread.
        pause: whether the graph pauses to ask back and to have something confirmed; by default if there is a
            checkpointer. Without, it ends there, and the reply is the next input.

    Raises:
        InputError: from the graph, if the input has no message of the user. Others: see `Steps.begin`.
    """
    steps = Steps(memory, settings, planner=planner, putting=putting)
    pauses = bool(checkpointer) if pause is None else pause
    builder = StateGraph(TalkState)
    names = [name for name in get_args(Next) if name != "end"]
    ways = {name: name for name in names} | {"end": "finish"}

    def begin(state: TalkState) -> TalkState:
        text, images = _asked(state.get("messages", []))
        conversation = ConversationState.from_dict(state.get("conversation") or {})
        turn = steps.begin(conversation, text, images)
        return {"messages": [], "turn": turn.to_dict(), "told": "", "said": {}}

    def finish(state: TalkState) -> TalkState:
        said = steps.said(Turn.from_dict(state["turn"]))
        told = state.get("told", "")
        if said.text.startswith(told) and said.text != told:
            get_stream_writer()(said.text[len(told) :])
        return {
            "messages": [AIMessage(said.text)],
            "conversation": said.state.to_dict(),
            "turn": {},
            "told": "",
            "said": {key: value for key, value in said.to_dict().items() if key != "state"},
        }

    def wait(state: TalkState) -> TalkState:
        said = state["said"]
        asked = {key: said[key] for key in ("kind", "text", "choices")}
        conversation = ConversationState.from_dict(state.get("conversation") or {})
        # A reply is in the checkpoint before it is looked at: one that cannot be used is asked for again
        # here, or every later one would come after it and fail as well.
        while True:
            reply = interrupt(asked)
            try:
                message = HumanMessage(reply) if isinstance(reply, str) else _message(reply)
                steps.begin(conversation, *_asked([message]))
            except (InputError, ImageError) as error:
                asked = {**asked, "problem": str(error)}
            else:
                return {"messages": [message]}

    builder.add_node("begin", begin)
    for name in names:
        builder.add_node(name, _told(steps) if name == "answer" else _step(steps, name))
        builder.add_conditional_edges(name, _next, ways)
    builder.add_node("finish", finish)
    builder.add_edge(START, "begin")
    builder.add_conditional_edges("begin", _next, ways)
    if pauses:
        builder.add_node("wait", wait)
        builder.add_conditional_edges("finish", _waits, {True: "wait", False: END})
        builder.add_edge("wait", "begin")
    else:
        builder.add_edge("finish", END)
    limit = steps.settings.most_steps + _BESIDES
    return builder.compile(checkpointer=checkpointer, name="conversation").with_config(recursion_limit=limit)


def user_message(text: str, images: Sequence[Photo] = ()) -> HumanMessage:
    """A message of the user with pictures, as PNG inside it.

    Raises:
        ImageError: a picture that cannot be used.
    """
    blocks: list[str | dict[str, Any]] = [{"type": "text", "text": text}]
    for image in images:
        png = base64.b64encode(encode_png(load_image(image))).decode("ascii")
        blocks.append({"type": "image", "base64": png, "mime_type": "image/png"})
    return HumanMessage(blocks) if images else HumanMessage(text)


def _message(given: Any) -> AnyMessage:
    try:
        (message,) = convert_to_messages([given])
    except (ValueError, NotImplementedError) as error:
        raise InputError(f"a reply must be text or a message, got {type(given).__name__}") from error
    return cast(AnyMessage, message)


def _asked(messages: Sequence[Any]) -> tuple[str, list[Image.Image]]:
    """The text and the pictures of the newest message, which has to be the user's."""
    given = [_message(one) for one in messages]
    if not given or not isinstance(given[-1], HumanMessage):
        raise InputError('the graph needs {"messages": [...]} with a message of the user at its end')
    images = []
    for block in given[-1].content_blocks:
        if block["type"] == "image":
            if not block.get("base64"):
                raise InputError("a picture of a message must be base64; make it with user_message")
            images.append(ImagePolicy().from_base64(str(block["base64"])))
        elif block["type"] != "text":
            raise InputError(f"a message may hold text and images, got a block of type {block['type']!r}")
    return given[-1].text, images


def _step(steps: Steps, name: str) -> _Node:
    def node(state: TalkState) -> TalkState:
        turn: Turn = getattr(steps, name)(Turn.from_dict(state["turn"]))
        return {"turn": turn.to_dict()}

    return node


def _told(steps: Steps) -> _Node:
    def answer(state: TalkState) -> TalkState:
        turn, told, write = Turn.from_dict(state["turn"]), "", get_stream_writer()
        for piece in steps.tell(turn):
            if isinstance(piece, str):
                told += piece
                write(piece)
            else:
                turn = piece
        return {"turn": turn.to_dict(), "told": told}

    return answer


def _next(state: TalkState) -> str:
    return str(state["turn"]["next"])


def _waits(state: TalkState) -> bool:
    return state["said"]["kind"] in _WAITS

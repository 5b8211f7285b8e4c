"""The core of a conversation agent over `PersonalMemory`: several concepts, no framework.

Importing this package loads no model library; a name loads its module on first use.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from jarvis_retrievers.errors import ExtraError

if TYPE_CHECKING:
    from .conversation import Conversation as Conversation
    from .graph import conversation_graph as conversation_graph
    from .graph import user_message as user_message
    from .part import Cost as Cost
    from .part import Part as Part
    from .picture import Picture as Picture
    from .plan import Plan as Plan
    from .plan import Sub as Sub
    from .planning import Planner as Planner
    from .planning import RulePlanner as RulePlanner
    from .putting import OpenPutting as OpenPutting
    from .putting import PlainPutting as PlainPutting
    from .putting import Putting as Putting
    from .said import Said as Said
    from .settings import Settings as Settings
    from .state import ConversationState as ConversationState
    from .state import Exchange as Exchange
    from .state import Pending as Pending
    from .steps import Steps as Steps
    from .turn import Turn as Turn
    from .workflow import ConversationWorkflow as ConversationWorkflow

_EXPORTS = {
    "Conversation": "conversation",
    "ConversationState": "state",
    "ConversationWorkflow": "workflow",
    "Cost": "part",
    "Exchange": "state",
    "OpenPutting": "putting",
    "Part": "part",
    "Pending": "state",
    "Picture": "picture",
    "PlainPutting": "putting",
    "Plan": "plan",
    "Planner": "planning",
    "Putting": "putting",
    "RulePlanner": "planning",
    "Said": "said",
    "Settings": "settings",
    "Steps": "steps",
    "Sub": "plan",
    "Turn": "turn",
    "conversation_graph": "graph",
    "user_message": "graph",
}
_NEEDS = {"graph": ("langgraph", "langchain"), "workflow": ("llama_index", "llama-index")}

__all__ = [
    "Conversation",
    "ConversationState",
    "ConversationWorkflow",
    "Cost",
    "Exchange",
    "OpenPutting",
    "Part",
    "Pending",
    "Picture",
    "PlainPutting",
    "Plan",
    "Planner",
    "Putting",
    "RulePlanner",
    "Said",
    "Settings",
    "Steps",
    "Sub",
    "Turn",
    "conversation_graph",
    "user_message",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    needed, extra = _NEEDS.get(_EXPORTS[name], ("", ""))
    if needed and importlib.util.find_spec(needed) is None:
        raise ExtraError(
            f'{name} needs {needed}, which is not installed; run: pip install "jarvis-plugins[{extra}]"'
        )
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})

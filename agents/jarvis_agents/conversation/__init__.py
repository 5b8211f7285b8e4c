"""The core of a conversation agent over `PersonalMemory`: several concepts, no framework.

::

    talk, state = Conversation(memory), ConversationState()
    said = talk.say(state, "Is Bo older than Mimi?")
    said = talk.say(said.state, "And what does she like?")      # "she" may be both: said.kind is "ask_back"
    said = talk.say(said.state, "Mimi")

The steps of a turn, each of which takes a `Turn` and returns one (`Steps`):

* ``resolve``: reads a reply to what was asked; sees a wish (to learn, correct, forget); puts names in
  place of pronouns, "the other one" (after a choice: who was not chosen), "my dogs", "the red mug", "in it"
  (the last picture), "this dog" (whoever of that kind is seen; if nobody is, that is said). "And Mimi?" and
  "and the other one?" repeat the last question. Where notes do not say what concepts are, or which is "the
  red one", the model is asked once, and the state keeps it.
* ``retrieve``: says who may be in the context: those who are named, those to whom a note about a tie
  leads, or those who are seen in the picture; nobody else, whatever notes say.
* ``ask_back``: two fit: a description, a pronoun, a misspelt name, "this dog" where two are seen,
  look-alikes in one place of a picture. The next message is the reply, or a new question.
* ``plan``: one question, or one for each concept and a rule that puts the answers together (`Plan`). Who
  "the friend of Bo" or "the one on the left" is comes first; then what notes tell is asked of that name,
  without the picture.
* ``choose``, ``answer``, ``reduce``: mode and length; the model; one answer with its parts.
* ``verify``: sentences about somebody nobody asked for are left out; who is claimed to be in a picture,
  but was not retrieved there, is looked for once more, and what that takes back is not told; notes that
  contradict each other or the answer are told.
* ``learn``, ``correct``, ``forget``: what was confirmed is done. Corrections are confirmed where they are
  against what was written by hand, or not marked as corrections ("no", "now", "not").

Earlier turns are never put to the model: they tell who is meant, and no more. What is forgotten leaves
the state.

Limits: English, by rule, from tables (`words`, `properties`). Names start with a capital or are known.
Nested sentences, negated comparisons and sums are not understood; such a question goes to the model as it
is, and a small model may answer it badly. "He" and "she" are not told apart. A name that only looks like
one that is there is asked about.

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

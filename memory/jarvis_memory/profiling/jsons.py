"""Lets a local model write a description as JSON, along a grammar."""

from __future__ import annotations

from pydantic import ValidationError

from jarvis_retrievers.errors import ProfileError

from ..vlm import VLM, Query
from .description import Description
from .looking import look_at
from .profiler import Subject
from .schema import DESCRIPTION_SCHEMA, MAX_TOKENS

__all__ = ["JsonProfiler"]

_QUESTION = (
    "Describe {name} as JSON, so that it can be recognised on other photos and told from others like it. "
    "state: pose, place and lighting of these photos. "
    "All other fields say only what is always true of {name}, nothing of the state. "
    "category: what it is, in one to three words. "
    "caption: one sentence of at most 25 words about its look. "
    'attributes: its distinctive marks, each as "part: descriptor". '
    "facts: what else can be read or seen and stays true."
)


class JsonProfiler:
    """One question, one greedy answer along a JSON schema: what comes out is always a description.

    Args:
        vlm: who is asked.
        max_new_tokens: the most tokens of an answer, where the model's window leaves room for them.
    """

    def __init__(self, vlm: VLM, *, max_new_tokens: int = MAX_TOKENS) -> None:
        self._vlm, self._most = vlm, max_new_tokens

    def describe(self, subject: Subject) -> Description:
        """What the model writes.

        Raises:
            ExtraError: xgrammar is not installed. ProfileError: the answer was cut off.
            ContextError: the pictures leave no room for an answer.
        """
        context = look_at(self._vlm, subject)
        question = _QUESTION.replace("{name}", subject.name)
        taken = context.next_position - self._vlm.prefix.width
        room = self._vlm.room(Query(None, question, (), 0)) - taken
        # Too little room is the node's to refuse, as for any question.
        most = min(self._most, room) if room > 0 else self._most
        said = self._vlm.generate(context, question, max_new_tokens=most, schema=DESCRIPTION_SCHEMA)
        try:
            return Description.model_validate_json(said.text)
        except ValidationError as error:
            raise ProfileError(
                f"the model {self._vlm.name!r} did not come to the end of its description of "
                f"{subject.name!r} within {most} tokens: {said.text[-60:]!r}; show it fewer photos, or "
                "remember without describing"
            ) from error

"""From a question with names to what is put to the model: one question, or one for each concept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from .plan import Plan, Sub
from .putting import Putting
from .settings import Settings

__all__ = ["Planner", "RulePlanner"]

_VALUE = re.compile(
    r"\b(?P<not>do(?:es)? not |don't |doesn't |(?:is|are) not |isn't |aren't )?", re.IGNORECASE
)
_PICTURE = re.compile(
    r"\b(?:here|there|picture|photo|image|see|visible|shown)\b|\b(?:on|in|at) the (?:left|right|middle|cent)",
    re.IGNORECASE,
)


class Planner(Protocol):
    """Says what is put to the model. It is pure: it asks no model, and the same question has the same plan."""

    def plan(
        self,
        question: str,
        subjects: Sequence[str],
        allowed: tuple[str, ...] | None,
        *,
        shown: bool,
        group: bool,
        everybody: bool,
    ) -> Plan:
        """The plan of a question.

        Args:
            question: with names in place of pronouns and groups.
            subjects: names of those it is about, in order.
            allowed: names that may be in the context of a whole question; None lets retrieval decide.
            shown: a picture goes with it.
            group: the subjects were meant as a group.
            everybody: nobody is named; the subjects are all there are.
        """
        ...


class RulePlanner:
    """By tables and rules of English; a question that no rule knows stays one question.

    Args:
        putting: how the model is asked.
        settings: how much goes together.
    """

    def __init__(self, putting: Putting, settings: Settings) -> None:
        self._putting, self._settings = putting, settings

    def plan(
        self,
        question: str,
        subjects: Sequence[str],
        allowed: tuple[str, ...] | None,
        *,
        shown: bool,
        group: bool,
        everybody: bool,
    ) -> Plan:
        """See `Planner`."""
        names = tuple(subjects)
        if shown and _PICTURE.search(question) and not (len(names) > 1 and _PICTURE.search(question)):
            return self._whole(question, allowed, shown)
        if not names:
            return self._whole(question, allowed, shown)
        if len(names) == 1 and not group and not everybody:
            return self._one(question, names[0], allowed, shown)
        return self._whole(question, allowed, shown)

    def _whole(self, question: str, allowed: tuple[str, ...] | None, shown: bool) -> Plan:
        tokens = self._settings.max_new_tokens
        return Plan(subs=(Sub(question=question, names=allowed, shown=shown, tokens=tokens),))

    def _one(self, question: str, name: str, allowed: tuple[str, ...] | None, shown: bool) -> Plan:
        put = question if shown and _PICTURE.search(question) else self._putting.one(question, name)
        tokens = self._settings.max_new_tokens
        return Plan(subs=(Sub(question=put, names=allowed, shown=shown, tokens=tokens),))

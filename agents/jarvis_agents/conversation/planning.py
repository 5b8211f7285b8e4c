"""From a question with names to what is put to the model: one question, or one for each concept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from .known import singular
from .plan import Plan, Sub
from .pointing import placed
from .properties import asked_property, property_of
from .putting import Putting
from .questions import clauses, each, read
from .settings import Settings
from .ties import tie_in

__all__ = ["Planner", "RulePlanner"]

_PICTURE = re.compile(
    r"\b(?:here|there|picture|photo|image|see|visible|shown)\b|\b(?:on|in|at) the (?:left|right|middle|cent)",
    re.IGNORECASE,
)
_PRESENT = re.compile(r"\b(?:here|there|in the (?:picture|photo|image))\W*$|\bsee\b", re.IGNORECASE)


class Planner(Protocol):
    """Says what is put to the model. It asks no model; the same question has the same plan."""

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
        pointed = placed(question) if shown else None
        if pointed is not None:
            # Who that is comes first; what is asked of them goes on without the picture.
            who = self._whole(f"Who is {pointed.where}?", allowed, True)
            return who.but(reduce="hop", start=pointed.start, end=pointed.end)
        if not names or (shown and _PICTURE.search(question)):
            return self._pictured(question, names, allowed) if shown else self._whole(question, allowed)
        hop = self._hop(question, names, allowed, shown)
        if hop is not None:
            return hop
        parts = [] if group or everybody else self._clauses(question, names)
        if parts:
            return Plan(subs=tuple(self._sub(part, name, shown) for part, name in parts))
        if len(names) == 1 and not group and not everybody:
            return self._one(question, names[0], allowed, shown)
        # A stranger among them has no segment; one context would lend it the others' words.
        apart = everybody or (allowed is not None and not set(names) <= set(allowed))
        together = len(names) <= self._settings.most_together and not group
        if together and not apart and self._putting.together(question, names):
            return self._whole(question, allowed, shown)
        return self._several(question, names, shown, group=group, everybody=everybody)

    def _whole(self, question: str, allowed: tuple[str, ...] | None, shown: bool = False) -> Plan:
        tokens = self._settings.max_new_tokens
        return Plan(subs=(Sub(question=question, names=allowed, shown=shown, tokens=tokens),))

    def _pictured(self, question: str, names: tuple[str, ...], allowed: tuple[str, ...] | None) -> Plan:
        """A question about a picture; whether several are there is asked one by one."""
        if len(names) < 2 or not _PRESENT.search(question):
            return self._whole(question, allowed, True)
        subs = tuple(
            Sub(
                question=each(question, names, name),
                # A stranger has no segment, and is lent no other's words.
                names=allowed if allowed is None or name in allowed else (),
                shown=True,
                tokens=self._settings.max_new_tokens,
            )
            for name in names[: self._settings.most_mapped]
        )
        return Plan(subs=subs, reduce="list")

    @staticmethod
    def _clauses(question: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
        """Several questions in one message, each with the one name that it is about; else nothing."""
        found = []
        for clause in clauses(question):
            there = [name for name in names if re.search(rf"\b{re.escape(name)}\b", clause)]
            if len(there) != 1:
                return []
            found.append((clause, there[0]))
        return found if len(found) > 1 else []

    def _one(self, question: str, name: str, allowed: tuple[str, ...] | None, shown: bool) -> Plan:
        """About one concept; what was asked with yes or no but is put openly, is decided by rule."""
        asked = read(question, (name,), everybody=False)
        if (
            asked is not None
            and asked.reduce == "record"
            and re.search(r"\bnames?\b", question, re.IGNORECASE)
        ):
            return Plan(subs=(), reduce="record")
        put = self._putting.one(question, name)
        plan = self._whole(put, allowed, shown)
        if put == question:
            return plan
        if asked is None or asked.reduce != "yes":
            return plan.but(key=_key(question))
        return plan.but(
            reduce="yes", key=asked.key, value=asked.value, negated=asked.negated, word=asked.word
        )

    def _several(
        self, question: str, names: tuple[str, ...], shown: bool, *, group: bool, everybody: bool
    ) -> Plan:
        asked = read(question, names, everybody=everybody)
        if asked is None:
            if everybody:
                return self._whole(question, None, shown)
            subs = [self._sub(each(question, names, name), name, shown) for name in names]
            return Plan(subs=tuple(subs[: self._settings.most_mapped]), reduce="list", key=_key(question))
        if asked.reduce == "record":
            return Plan(subs=(), reduce="record", word=asked.word)
        known = property_of(asked.key)
        subs = [
            self._sub(known.question.format(n=name) if known else _asked(asked.predicate, name), name, shown)
            for name in names[: self._settings.most_mapped]
        ]
        return Plan(
            subs=tuple(subs),
            reduce=asked.reduce,
            key=asked.key,
            value=asked.value,
            negated=asked.negated,
            word=asked.word,
        )

    def _sub(self, question: str, name: str, shown: bool) -> Sub:
        put = self._putting.one(question, name)
        return Sub(question=put, names=(name,), shown=shown, tokens=self._settings.fact_tokens)

    def _hop(
        self, question: str, names: tuple[str, ...], allowed: tuple[str, ...] | None, shown: bool
    ) -> Plan | None:
        """Who "the friend of Bo" is comes first, where more than that is asked, or no note tells it."""
        match = tie_in(question, names)
        if match is None:
            return None
        name = match["a"] or match["b"]
        rest = f"{question[: match.start()]}...{question[match.end() :]}"
        if re.fullmatch(r"\s*who is \.\.\.\s*\?*", rest, re.IGNORECASE):
            return None
        found = allowed is not None and len(allowed) > len(names)
        if found and len(names) == 1 and not re.search(r"\b(?:shares?|friends?|than|or|same)\b", rest):
            return None
        tied = property_of("friend")
        asked = tied.question.format(n=name) if tied else question
        sub = Sub(
            question=asked, names=None if allowed is None else allowed, tokens=self._settings.fact_tokens
        )
        return Plan(subs=(sub,), reduce="hop", value=name, start=match.start(), end=match.end())


def _key(question: str) -> str:
    asked = asked_property(question)
    return "" if asked is None else asked.key


def _asked(predicate: str, name: str) -> str:
    """What no table knows, asked with yes or no: "has fleas" becomes "Does Bo have fleas?"."""
    first, _, rest = predicate.strip().partition(" ")
    word = first.lower()
    if word in {"is", "are", "was", "were", "can", "will"}:
        return f"{({'are': 'is', 'were': 'was'}.get(word, word)).capitalize()} {name} {rest}?"
    base = "have" if word == "has" else singular(word)
    return f"Does {name} {' '.join([base, rest]).strip()}?"

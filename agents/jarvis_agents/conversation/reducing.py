"""One answer out of several: by rule, so that nothing is lost or made up."""

from __future__ import annotations

from collections.abc import Sequence

from .known import Known, listed
from .part import Part
from .plan import Plan
from .values import holds, rank_of, unknown, yes
from .words import LESS, MORE

__all__ = ["Reduced", "reduce"]

Reduced = tuple[str, tuple[str, ...]]
"""What is said, and the names of those whom it comes down to."""


def reduce(plan: Plan, parts: Sequence[Part], names: Sequence[str], known: Known) -> Reduced:
    """Make one answer of those to the questions of a plan.

    Args:
        plan: how.
        parts: the answers, one for each of ``plan.subs``.
        names: of those who were asked about, in the same order if there are several.
        known: the concepts.
    """
    told = [part.answer.text.strip() for part in parts]
    if plan.reduce == "record":
        return _record(plan, names, known)
    if plan.reduce in {"which", "count"}:
        return _which(plan, told, names)
    if plan.reduce in {"most", "least"}:
        return _most(plan, told, names)
    if plan.reduce == "more":
        return _more(plan, told, names)
    if plan.reduce == "same":
        return _same(plan, told, names)
    if plan.reduce == "yes":
        return _yes(plan, told, names)
    if plan.reduce == "list":
        return " ".join(_honest(name, text) for name, text in zip(names, told, strict=False)), tuple(names)
    return " ".join(told), _winners(" ".join(told), names)


def _winners(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """Of "Bo likes soup: no. Mimi likes rice: yes." it is Mimi."""
    won = [
        name
        for name in names
        if any(part.strip().startswith(name) and part.strip().endswith(": yes") for part in text.split("."))
    ]
    return tuple(won) if len(won) == 1 and len(names) > 1 else tuple(names)


def _record(plan: Plan, names: Sequence[str], known: Known) -> Reduced:
    there = [name for name in names if name in known.concepts]
    if plan.word:
        return f"{len(there)}: {listed(there)}." if there else "None that I know.", tuple(there)
    return f"{listed(there)}." if there else "Nobody that I know.", tuple(there)


def _which(plan: Plan, told: Sequence[str], names: Sequence[str]) -> Reduced:
    by_name = dict(zip(names, told, strict=True))
    # "older than Bo", "the same as Bo": Bo is the measure, and none of them.
    than = by_name.pop(plan.value, None) if plan.value in names else None
    judged = [(name, text, _judged(plan, text, name, than)) for name, text in by_name.items()]
    fit = [(name, text) for name, text, found in judged if found]
    dark = [name for name, _, found in judged if found is None]
    who = tuple(name for name, _ in fit)
    said = [
        f"{len(fit)} of {len(judged)}{': ' + listed(who) if who else ''}." if plan.reduce == "count" else ""
    ]
    if plan.reduce == "which" and not fit and len(dark) < len(judged):
        said.append("None that I know of." if dark else "None of them." if len(judged) > 1 else "No.")
    if than is not None and (fit or len(dark) < len(judged)):
        said.append(than)
    said += [text for _, text in fit]
    return " ".join(part for part in [*said, _dark(dark)] if part), who


def _most(plan: Plan, told: Sequence[str], names: Sequence[str]) -> Reduced:
    ranks = {name: rank_of(plan.key, text) for name, text in zip(names, told, strict=True)}
    by_name = dict(zip(names, told, strict=True))
    dark = [name for name, rank in ranks.items() if rank is None]
    known = {name: rank for name, rank in ranks.items() if rank is not None}
    if not known:
        return _dark(dark), ()
    best = max(known.values()) if plan.reduce == "most" else min(known.values())
    who = tuple(name for name, rank in known.items() if rank == best)
    the = "" if plan.word.endswith(("er", "ier")) or plan.word.startswith("born") else "the "
    verb = (
        ("was" if len(who) == 1 else "were")
        if plan.word.startswith("born")
        else "is"
        if len(who) == 1
        else "are"
    )
    word = plan.word
    if word.endswith("er") and len(who) > 1:
        said = f"Neither: {listed(who)} are the same."
    else:
        said = f"{listed(who)} {verb} {the}{word}."
    shown = by_name if len(by_name) <= 2 else {name: by_name[name] for name in who}
    return " ".join([said, *shown.values(), _dark(dark)]).strip(), who


def _more(plan: Plan, told: Sequence[str], names: Sequence[str]) -> Reduced:
    ranks = [rank_of(plan.key, text) for text in told]
    dark = [name for name, rank in zip(names, ranks, strict=True) if rank is None]
    if dark or len(ranks) != 2:
        return " ".join(
            [*(t for t, r in zip(told, ranks, strict=True) if r is not None), _dark(dark)]
        ), tuple(names)
    first, second = (rank for rank in ranks if rank is not None)
    if first == second:
        return " ".join(["No, they are the same.", *told]), tuple(names)
    right = first < second if plan.negated else first > second
    return " ".join(["Yes." if right else "No.", *told]), tuple(names)


def _same(plan: Plan, told: Sequence[str], names: Sequence[str]) -> Reduced:
    dark = [name for name, text in zip(names, told, strict=True) if unknown(text)]
    bare = {_without(text, name) for name, text in zip(names, told, strict=True) if name not in dark}
    verdict = "" if dark else "Yes, the same." if len(bare) == 1 else "No, not the same."
    return " ".join(part for part in [verdict, *told, _dark(dark)] if part), tuple(names)


def _without(text: str, name: str) -> str:
    return text.replace(name, "").casefold().strip(" .")


def _yes(plan: Plan, told: Sequence[str], names: Sequence[str]) -> Reduced:
    judged = [_judged(plan, text) for text in told]
    dark = [name for name, found in zip(names, judged, strict=False) if found is None]
    clear = [text for text, found in zip(told, judged, strict=True) if found is not None]
    if False in judged:
        return " ".join(["No.", *clear, _dark(dark)]).strip(), tuple(names)
    return " ".join([*([] if dark else ["Yes."]), *clear, _dark(dark)]).strip(), tuple(names)


def _judged(plan: Plan, text: str, name: str = "", than: str | None = None) -> bool | None:
    found: bool | None
    if plan.word and (plan.word in MORE or plan.word in LESS):
        rank, least = rank_of(plan.key, text), rank_of(plan.key, plan.value if than is None else than)
        if rank is None or least is None:
            return None
        found = rank > least if plan.word in MORE else rank < least
    elif than is not None:
        if unknown(text) or unknown(than):
            return None
        found = _without(text, name) == _without(than, plan.value)
    else:
        found = holds(text, plan.value) if plan.key else yes(text)
    return None if found is None else found != plan.negated


def _honest(name: str, text: str) -> str:
    return text if text else _dark([name])


def _dark(names: Sequence[str]) -> str:
    return f"I do not know it of {listed(names)}." if names else ""

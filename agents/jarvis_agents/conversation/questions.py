"""The shape of a question about several concepts: which, how many, the oldest, the same, or each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .plan import Reduction
from .properties import asked_property, stated
from .words import LESS, MORE

__all__ = ["MARK", "Asked", "clauses", "each", "measured", "read", "run_of"]

MARK = "\N{SECTION SIGN}"
"""Stands for a list of names; see `run_of`."""

_NOT = re.compile(r"\b(?:do|does|did|is|are|was|were|has|have)(?: not|n't) ", re.IGNORECASE)
_BE = {"are": "is", "were": "was", "do": "does", "have": "has"}
_WHICH = (
    rf"(?:which|who|what)(?: ones?)?(?: of| among| in| from)? ?{MARK},? (?P<pred>.+)",
    rf"(?:of|among) {MARK},? (?:which(?: ones?)?|who) (?P<pred>.+)",
    rf"(?:who|which(?: ones?)?|what) (?P<pred>.+?)(?:,| of| among| in) ?(?:all )?{MARK}",
)
_COUNT = (rf"how many(?: of| among)? ?{MARK} (?P<pred>.+)",)
_ALL = (
    r"(?:and |so )?(?:who|which(?: one)?(?: of (?:them|all))?)(?: is the one (?:that|who))? (?P<pred>.+)",
)
_ANY = r"(?:does|do|is|are|was|has|have|can) (?:any|some)(?:one|body|thing| of (?:them|all)) (?P<pred>.+)"
_ALL_COUNT = (r"how many(?: of (?:them|all)| concepts)? (?P<pred>.+)",)
_LISTS = (
    rf"(?:(?:who|what) (?:are|is)|what (?:are|is) the names? of|"
    rf"(?:please )?(?:list|name|tell me|show me)) (?:all )?(?:of )?{MARK}"
)
_HAVE = (
    r"(?:do|did) (?:i|we|you) (?:have|own|know|remember)(?: of)?|are there|have (?:i|we)(?: got)?|is there"
)
_YES = (
    r"(?P<aux>do|does|are|is|was|were|can|did|have|has) (?:both |all )?"
    rf"{MARK} (?:both |all |each )?(?P<pred>.+)"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of several.

    Attributes:
        reduce: what is made of the answers; see `Plan`.
        key: the property, "" if no table knows it.
        value: what it is compared with.
        negated: the opposite is asked for.
        word: what compares, such as "oldest".
        predicate: what is said of each, "likes noodles".
    """

    reduce: Reduction
    key: str = ""
    value: str = ""
    negated: bool = False
    word: str = ""
    predicate: str = ""


def run_of(question: str, names: Sequence[str]) -> str:
    """A question with one mark in place of its list of names ("Bo, Mimi and Kiri")."""
    one = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if not one:
        return question
    return re.sub(rf"\b(?:{one})(?:(?:, | and |, and | or |, or )(?:{one}))*\b", MARK, question)


def read(question: str, names: Sequence[str], *, everybody: bool) -> Asked | None:
    """The shape of a question; None if no rule knows it.

    Args:
        question: with names.
        names: of those it is about.
        everybody: it names nobody, and is about all.
    """
    plain = question.strip().rstrip("?!. ")
    than = measured(plain, names)
    if than is not None:
        reduce_to: Reduction = "count" if than["head"].lower().startswith("how many") else "which"
        ranked = _ranked(than["word"]) if than["word"] else None
        known = asked_property(than["same"]) if than["same"] else None
        if ranked is not None and than["word"]:
            return Asked(reduce_to, ranked[0], than["name"], word=than["word"].lower())
        if known is not None:
            return Asked(reduce_to, known.key, than["name"])
    text = run_of(plain, () if everybody else names)
    if re.fullmatch(_LISTS, text, re.IGNORECASE):
        return Asked("record")
    for patterns, reduce in (
        ((_ALL_COUNT, "count"), (_ALL, "which")) if everybody else ((_COUNT, "count"), (_WHICH, "which"))
    ):
        for pattern in patterns:
            match = re.fullmatch(pattern, text, re.IGNORECASE)
            if match:
                if re.fullmatch(_HAVE, match["pred"], re.IGNORECASE):
                    return Asked("record", word="how many" if reduce == "count" else "")
                return _compared(match["pred"]) or _held(
                    match["pred"], "count" if reduce == "count" else "which"
                )
    compared = re.fullmatch(rf"(?:is|are|was) {MARK} (?P<word>\w+) than {MARK}", text, re.IGNORECASE)
    if compared and (ranked := _ranked(compared["word"])):
        return Asked("more", ranked[0], negated=ranked[1], word=compared["word"].lower())
    born = re.fullmatch(rf"was {MARK} born (?P<word>earlier|later|before|after)(?: than)? {MARK}", text, re.I)
    if born:
        early = born["word"].lower() in {"earlier", "before"}
        return Asked("more", "month", negated=early, word=f"born {'earlier' if early else 'later'}")
    if re.search(r"\bsame\b", text, re.IGNORECASE) and (known := asked_property(text)):
        return Asked("same", known.key)
    match = re.fullmatch(_ANY, text, re.IGNORECASE) if everybody else None
    if match:
        return _held(match["pred"], "which")
    match = re.fullmatch(_YES, text, re.IGNORECASE)
    if match:
        first = match["aux"].lower()
        said = match["pred"] if first in {"do", "does", "did", "can"} else f"{first} {match['pred']}"
        if len(names) > 1 and " or " in question:  # "Is Bo or Mimi older?", "Does Bo or Mimi like soup?"
            return _compared(said) or _held(said, "which")
        asked = _held(said, "yes")
        return asked if asked.key else None
    return None


def measured(question: str, names: Sequence[str]) -> re.Match[str] | None:
    """A question that measures others by one: "Who is older than Bo?", "Who has the same emblem as Bo?"."""
    one = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if not one:
        return None
    return re.fullmatch(
        r"(?P<head>(?:who|which|how many)\b.*?)"
        r"(?: ?\b(?:is|are|was|were) (?P<word>\w+) than| (?P<same>\S.*\bsame\b.*?) (?:as|like))"
        rf" (?P<name>{one})\W*",
        question,
        re.IGNORECASE,
    )


def clauses(question: str) -> list[str]:
    """The questions of "What does Bo like, and how old is Mimi?", one by one."""
    parts = re.split(
        r",? and (?=(?:what|where|when|how|who|which|does|is)\b)", question.strip().rstrip("?! ")
    )
    return [f"{part[0].upper()}{part[1:]}?" for part in parts if part]


def each(question: str, names: Sequence[str], name: str) -> str:
    """A question about several, asked of one: "What do Bo and Mimi like?" becomes "What does Bo like?"."""
    text = run_of(question, names).replace(MARK, name)
    return re.sub(
        rf"\b(are|were|do|have) (?=(?:both |all )?{re.escape(name)}\b)",
        lambda m: f"{_BE[m[1].lower()].capitalize() if m[1][0].isupper() else _BE[m[1]]} ",
        text,
        flags=re.IGNORECASE,
    )


def _ranked(word: str) -> tuple[str, bool] | None:
    """The property that a word compares, and whether less of it is asked for."""
    plain = word.lower()
    if plain in MORE:
        return MORE[plain], False
    return (LESS[plain], True) if plain in LESS else None


def _compared(predicate: str) -> Asked | None:
    match = re.fullmatch(
        r"(?:is|are|was|were)(?: born)? (?:the )?(?P<word>\w+)(?: one| ones| of all| in age| pet| animal)?",
        predicate.strip(),
        re.IGNORECASE,
    )
    ranked = _ranked(match["word"]) if match else None
    if match is None or ranked is None or ("born" not in predicate and ranked[0] == "month"):
        return None
    word = f"born {match['word'].lower()}" if "born" in predicate else match["word"].lower()
    return Asked("least" if ranked[1] else "most", ranked[0], word=word)


def _held(predicate: str, reduce: Reduction) -> Asked:
    negated = _NOT.search(f"{predicate} ") is not None
    plain = _NOT.sub(
        lambda m: "" if m[0].lower().startswith(("do", "did")) else f"{m[0].split()[0].split('n')[0]} ",
        predicate,
    )
    than = re.fullmatch(rf"(?:is|are|was|were) (?P<word>\w+) than (?P<value>[^{MARK}]+)", plain.strip(), re.I)
    ranked = _ranked(than["word"]) if than else None
    if than and ranked:
        return Asked(reduce, ranked[0], than["value"], negated, than["word"].lower(), plain)
    told = stated(plain)
    if told is None:
        return Asked(reduce, negated=negated, predicate=plain)
    return Asked(reduce, told[0].key, told[1], negated, predicate=plain)

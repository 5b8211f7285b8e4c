"""What single frames tell of a whole video, by rule: who was there when, and what follows from it.

Pocket's model knows questions about one picture. A question about a video becomes the one about a picture
that helps (who is in it, or whether somebody is), each frame is asked, and the rule for the question makes
the answer of what was said. Only what the frames say counts: between two of them nobody looked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["VIDEO_QUESTIONS", "concluded", "pictured"]

VIDEO_QUESTIONS: Final[dict[str, tuple[str, ...]]] = {
    "cast": ("Who is in the video?", "Whom can you see in the video?"),
    "there": ("Is {n} in the video?", "Can you see {n} in the video?"),
    "together": ("Who is there together with {n} in the video?", "Whom does {n} meet in the video?"),
    "first": ("Who comes first in the video, {a} or {b}?", "Whom does the video show first, {a} or {b}?"),
    "gone": (
        "Who is out of sight when the video ends, {a} or {b}?",
        "Who is no longer to be seen at the end of the video, {a} or {b}?",
    ),
}
"""Wordings by kind, with the names that are asked about."""

_WHO: Final = "Who is in the picture?"
_HERE: Final = "Is {n} in the picture?"
_NOBODY: Final = "nobody"


def pictured(question: str) -> str:
    """The question about one frame; a question of another kind is asked of each frame as it stands."""
    kind, names = _read(question)
    if not kind:
        return question
    return _HERE.format(**names) if kind == "there" else _WHO


def concluded(question: str, moments: Sequence[tuple[float, str]]) -> str:
    """The answer to a question about a video.

    Args:
        question: as it was asked.
        moments: of each frame its time in seconds, and what was said: names parted by commas, or yes or no.
    """
    kind, names = _read(question)
    if kind == "there":
        said = [one for _, one in moments]
        return "Yes" if "Yes" in said else "No" if "No" in said else said[0]
    if not kind:
        return Counter(said for _, said in moments).most_common(1)[0][0]
    seen = [{name.strip() for name in said.split(",")} for _, said in moments]
    if kind == "cast":
        return _listed(name for there in seen for name in sorted(there))
    if kind == "together":
        return _listed(n for there in seen if names["n"] in there for n in sorted(there - {names["n"]}))
    a, b = names["a"], names["b"]
    places = {one: [place for place, there in enumerate(seen) if one in there] for one in (a, b)}
    if not (places[a] and places[b]):
        return _NOBODY
    if kind == "first":
        one, other = places[a][0], places[b][0]
        return _NOBODY if one == other else a if one < other else b
    one, other = places[a][-1], places[b][-1]
    return _NOBODY if one == other else a if one < other else b


def _listed(names: Iterable[str]) -> str:
    """Names in the order in which they were seen, each once; strangers have none."""
    return ", ".join(name for name in dict.fromkeys(names) if name and " " not in name) or _NOBODY


def _read(question: str) -> tuple[str, dict[str, str]]:
    """The kind of a question about a video and the names in it; no kind if it is none of ours."""
    for kind, texts in VIDEO_QUESTIONS.items():
        for text in texts:
            pattern = re.sub(r"\\\{(\w)\\\}", r"(?P<\1>.+?)", re.escape(text))
            found = re.fullmatch(pattern, question.strip())
            if found:
                return kind, found.groupdict()
    return "", {}

"""Questions nested as Yo'LLaVA has published them: concept, then picture or number, then the question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jarvis_retrievers.errors import DatasetError

from ..item import Source
from .gather import Gatherer, mapping, placed

__all__ = ["text_questions", "visual_questions"]

Resolve = Callable[[str], tuple[str, ...] | None]
Find = Callable[[str], str | None]


def visual_questions(
    gatherer: Gatherer, file: str, resolve: Resolve, find: Find, doubts: Mapping[str, str] | None = None
) -> None:
    """``{concept: {path: {"question", "options", "correct_answer"}}}``, or ``"answer"`` for a free one.

    Args:
        gatherer: where items go.
        file: path of the JSON file.
        resolve: ids of the concepts that a key names, None for one that is unknown.
        find: the path of an image or a video from how the file names it, None if it is not there.
        doubts: what is doubted, by the end of the path of its image.

    Raises:
        DatasetError: the file is not nested so.
    """
    for key, questions in mapping(gatherer.tree.json(file), file).items():
        if isinstance(questions, dict) and "question" in questions:
            raise DatasetError(
                f"{file}: expected {{concept: {{image: question}}}}, found a question right under {key!r}; "
                "the published file is nested by concept"
            )
        for path, asked in mapping(questions, f"{file}, {key!r}").items():
            found, concepts = find(path), resolve(key)
            if found is None or concepts is None:
                gatherer.leave(f"{file}: " + ("the picture is not there" if concepts else "unknown concept"))
                continue
            moving = not found.lower().endswith((".png", ".jpg", ".jpeg", ".webp"))
            shown: dict[str, Any] = (
                {"task": "video", "video": gatherer.tree.clip(found)}
                if moving
                else {"task": "vqa", "images": (gatherer.tree.picture(found),)}
            )
            doubt = next((why for end, why in (doubts or {}).items() if found.endswith(end)), "")
            source = Source(file=file, key=f"{key} / {path}", doubt=doubt)
            _question(gatherer, mapping(asked, f"{file}, {path!r}"), concepts, source, shown)


def text_questions(gatherer: Gatherer, file: str, resolve: Resolve) -> None:
    """``{concept: {number: {"question", "option", "correct_answer"}}}``; in some copies ``options``."""
    for key, questions in mapping(gatherer.tree.json(file), file).items():
        concepts = resolve(key)
        for number, asked in mapping(questions, f"{file}, {key!r}").items():
            if concepts is None:
                gatherer.leave(f"{file}: unknown concept")
                continue
            source = Source(file=file, key=f"{key} / {number}")
            _question(gatherer, mapping(asked, f"{file}, {key!r}"), concepts, source, {"task": "text"})


def _question(
    gatherer: Gatherer,
    asked: Mapping[str, Any],
    concepts: tuple[str, ...],
    source: Source,
    shown: dict[str, Any],
) -> None:
    name = " and ".join(gatherer.known[one].name for one in concepts)
    options = asked.get("options", asked.get("option")) or {}
    letters = sorted(mapping(options, f"{source.file}, {source.key}"))
    if letters != list("ABCDEFGHIJ"[: len(letters)]):
        gatherer.leave(f"{source.file}: options are not lettered from A on")
        return
    question, answer = asked.get("question"), asked.get("correct_answer", asked.get("answer"))
    if not isinstance(question, str) or not isinstance(answer, str):
        gatherer.leave(f"{source.file}: a question or an answer is missing")
        return
    gatherer.add(
        id=f"{shown['task']}/{source.file}/{source.key}",
        question=placed(question, name),
        concepts=concepts,
        options=tuple(placed(str(options[letter]), name) for letter in letters),
        answer=answer.strip().rstrip(".") if letters else placed(answer, name),
        source=source,
        **shown,
    )

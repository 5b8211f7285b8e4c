"""Messages to the large model: our words as the system's, everything of the user as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from jarvis_memory.concept import Concept
from jarvis_memory.profile import profile_text

from .assembling import told
from .large import Messages
from .look import Remembered
from .prompts import LARGE_SYSTEM, LARGE_UNCHECKED, data, sentences
from .report import Report
from .settings import Wording
from .sharing import SharedImage, blocks

__all__ = ["characters", "go_on", "opening"]


def opening(
    wording: Wording,
    question: str,
    report: Report,
    about: Sequence[tuple[Concept, Remembered]],
    sent: Sequence[tuple[SharedImage, Image.Image]],
    task: str,
    *,
    checked: bool,
) -> Messages:
    """The first messages: pictures as far as they are shared, then question, report and profiles."""
    pictures = blocks(image for _, image in sent)
    if wording == "sentences":
        lines = [
            line
            for concept, known in about
            for line in (*known.lines, *profile_text(concept.profile).splitlines())
        ]
        text = sentences([*lines, *told(report)], question)
        return [{"role": "user", "content": [*pictures, {"type": "text", "text": text}]}]
    value = {
        "question": question,
        "report": report.model_dump(mode="json"),
        "profiles": [_profile(concept, known) for concept, known in about],
        "images": [
            {"image": number, "shows": what.what, "concept": what.concept}
            for number, (what, _) in enumerate(sent, 1)
        ],
    }
    content = [*pictures, {"type": "text", "text": f"{data(value)}\n{task}"}]
    system = LARGE_SYSTEM if checked else LARGE_UNCHECKED
    return [{"role": "system", "content": system}, {"role": "user", "content": content}]


def go_on(
    messages: Messages, report: Report, about: Sequence[tuple[Concept, Remembered]], task: str
) -> Messages:
    """The conversation with report and profiles as they are now, and what to do with them."""
    value = {
        "report": report.model_dump(mode="json"),
        "profiles": [_profile(concept, known) for concept, known in about],
    }
    return [*messages, {"role": "user", "content": f"{data(value)}\n{task}"}]


def characters(messages: Messages) -> int:
    """How many characters of text messages have."""
    return sum(len(text) for message in messages for text in _texts(message["content"]))


def _profile(concept: Concept, known: Remembered) -> Mapping[str, Any]:
    profile = concept.profile
    return {
        "name": concept.name,
        "category": profile.category,
        "caption": profile.caption,
        "attributes": list(known.attributes),
        "notes": list(profile.facts),
    }


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if part["type"] == "text"]

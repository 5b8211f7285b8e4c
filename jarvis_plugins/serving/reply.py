"""What a desk answers."""

from __future__ import annotations

from dataclasses import dataclass

from jarvis_memory import Answer

from .tray import Picture

__all__ = ["Reply", "Share"]


@dataclass(frozen=True, slots=True)
class Share:
    """One question that the model was asked for a reply, and its answer."""

    question: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Reply:
    """What a desk answers.

    Attributes:
        text: what is read.
        kind: "answer", "ask_back", "confirm", "learned", "corrected", "forgot" or "declined".
        choices: what can be answered to it with one click.
        concepts: names of the concepts used.
        shares: what the model was asked for it.
        pictures: of the question.
    """

    text: str
    kind: str = "answer"
    choices: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    shares: tuple[Share, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the memory is another one than before."""
        return self.kind in ("learned", "corrected", "forgot")

    @property
    def reused(self) -> int:
        """Tokens whose keys and values came from stored segments."""
        return sum(share.answer.usage.reused for share in self.shares)

    @property
    def computed(self) -> int:
        """Tokens that went through the model before the first new one."""
        return sum(share.answer.usage.computed for share in self.shares)

    @property
    def modes(self) -> tuple[str, ...]:
        """How contexts were made, each word once."""
        return tuple(dict.fromkeys(share.answer.usage.mode for share in self.shares))

    @property
    def ttft(self) -> float:
        """Seconds from each question to its first token, together."""
        return sum(share.answer.timings.ttft for share in self.shares)

"""What a desk answers."""

from __future__ import annotations

from dataclasses import dataclass

from jarvis_memory import Answer

from .tray import Picture

__all__ = ["Reply", "Share"]


@dataclass(frozen=True, slots=True)
class Share:
    """One question that the model was asked for a reply.

    Attributes:
        question: as it was put to the model.
        answer: of the model.
        shown: the pictures of the reply went with it.
        look: it was a second look, and is no part of the answer.
    """

    question: str
    answer: Answer
    shown: bool = False
    look: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a desk answers.

    Attributes:
        text: what is read.
        kind: as in `jarvis_agents.conversation.Said`.
        choices: what can be answered to it with one click.
        concepts: names of the concepts used.
        shares: what the model was asked for it.
        pictures: that the question was about; `Evidence.image` counts these.
        notices: what the owner should know, one line each.
    """

    text: str
    kind: str = "answer"
    choices: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    shares: tuple[Share, ...] = ()
    pictures: tuple[Picture, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the memory is another one than before."""
        return self.kind in ("learned", "corrected", "forgot")

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Of the model, without second looks."""
        return tuple(share.answer for share in self.shares if not share.look)

    @property
    def looks(self) -> int:
        """How often the model looked again."""
        return sum(share.look for share in self.shares)

    @property
    def reused(self) -> int:
        """Tokens whose keys and values came from stored segments."""
        return sum(answer.usage.reused for answer in self.answers)

    @property
    def computed(self) -> int:
        """Tokens that went through the model before the first new one."""
        return sum(answer.usage.computed for answer in self.answers)

    @property
    def modes(self) -> tuple[str, ...]:
        """How contexts were made, each word once."""
        return tuple(dict.fromkeys(answer.usage.mode for answer in self.answers))

    @property
    def ttft(self) -> float:
        """Seconds to the first token; of several questions, which are computed together, the most."""
        return max((answer.timings.ttft for answer in self.answers), default=0.0)

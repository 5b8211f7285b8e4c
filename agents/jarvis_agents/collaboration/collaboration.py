"""`Collaboration`: a small local model that knows the user's concepts, and a large one that reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jarvis_memory import PersonalMemory
from jarvis_memory.checks import check_photos
from jarvis_memory.intake import Photo
from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.images import load_image

from .collaborated import Collaborated
from .inquiry import Inquiry
from .json_reporter import JsonReporter
from .large import acarry, carry, check_large
from .plain_reporter import PlainReporter
from .reporter import Reporter
from .settings import Settings, Wording
from .sharing import check_share

__all__ = ["Collaboration", "choose_reporter"]


class Collaboration:
    """Answers with a large model what only the small one's memory knows (after SLC, arXiv 2508.07260).

    ::

        together = Collaboration(memory, init_chat_model("gpt-5"))
        said = together.answer("Who is next to Bo?", ["today.jpg"])
        said.text, said.report, said.reflections, said.shared

    The small model reports who is where in the pictures; claims are checked, and dropped where they
    contradict each other; the large model may ask back, and answers. Without pictures nothing is looked for.

    Args:
        memory: of one owner.
        large: any chat model of LangChain.
        share: what may leave the machine: "text", "crops" or "photos"; see `Share`.
        reflect: check claims.
        reporter: who looks; by default plain questions if the memory's model brings questions of its own or
            writes no JSON, else JSON.
        wording: "json", or "sentences" for a large model that knows only notes; then it asks nothing back.
        rounds, questions, checks, concepts, pictures: bounds; see `Settings`. ``rounds`` is 1 for "json".

    Raises:
        SettingError: what cannot be.
    """

    def __init__(
        self,
        memory: PersonalMemory,
        large: Any,
        *,
        share: str = "text",
        reflect: bool = True,
        reporter: Reporter | None = None,
        wording: Wording = "json",
        rounds: int | None = None,
        questions: int = 4,
        checks: int = 4,
        concepts: int = 6,
        pictures: int = 4,
    ) -> None:
        if rounds is None:
            rounds = int(reflect and wording == "json")
        if rounds and not reflect:
            raise SettingError("rounds are part of reflection; set reflect=True or rounds=0")
        self.memory, self._large = memory, check_large(large)
        self.settings = Settings(
            share=check_share(share),
            reflect=reflect,
            wording=wording,
            rounds=rounds,
            questions=questions,
            checks=checks,
            concepts=concepts,
            pictures=pictures,
        )
        self._reporter = reporter

    def answer(self, question: str, images: Sequence[Photo] = ()) -> Collaborated:
        """Answer a question about pictures, or about what is known.

        Raises:
            InputError: a blank question, or more pictures than `Settings.pictures`.
            ImageError: a picture that cannot be used. ModelError: the large model says nothing.
        """
        return carry(self._inquiry(question, images).work(), self._large)

    async def aanswer(self, question: str, images: Sequence[Photo] = ()) -> Collaborated:
        """`answer`, with the small model in a thread."""
        return await acarry(self._inquiry(question, images).work(), self._large)

    def _inquiry(self, question: str, images: Sequence[Photo]) -> Inquiry:
        if not question.strip():
            raise InputError(f"a question is blank, got {question!r}; ask something")
        check_photos(images)
        most = self.settings.pictures
        if len(images) > most:
            raise InputError(
                f"a question has at most {most} pictures, got {len(images)}; give fewer, or raise pictures"
            )
        if self._reporter is None:
            self._reporter = choose_reporter(self.memory)
        loaded = tuple(load_image(image) for image in images)
        return Inquiry(self.memory, self._reporter, self.settings, question, loaded)


def choose_reporter(memory: PersonalMemory) -> Reporter:
    """Plain questions if the model brings questions of its own or is not led along JSON, else JSON."""
    if memory.node.slots is not None or not memory.abilities.schemas:
        return PlainReporter(memory)
    return JsonReporter(memory, remembers=True)

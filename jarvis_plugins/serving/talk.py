"""A conversation of one desk: what was said so far, and what a reply is made from."""

from __future__ import annotations

import base64
import dataclasses
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from jarvis_agents.conversation import ConversationState, Settings, Steps, Turn
from jarvis_agents.conversation import Picture as KeptPicture
from jarvis_memory import PersonalMemory

from .limits import Limits
from .reply import Reply, Share
from .tray import Picture

__all__ = ["Talk"]


class Talk:
    """A conversation over `Steps`; after an error, and after a stop, it is as before the turn.

    Args:
        memory: the owner's.
        limits: how much one turn may have.
    """

    def __init__(self, memory: PersonalMemory, limits: Limits) -> None:
        self._settings = Settings(most_images=limits.pictures, most_characters=limits.words)
        self._steps = Steps(memory, self._settings)
        self._state = ConversationState()
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._most = limits.shown

    @property
    def pictures(self) -> Sequence[Picture]:
        """The pictures of the conversation, oldest first."""
        return tuple(self._kept.values())

    def show(self, pictures: Sequence[Picture]) -> tuple[Picture, ...]:
        """Pictures as the conversation keeps them: large ones are made smaller, regions are of these pixels.

        Raises:
            ImageError: one that cannot be used.
        """
        fitted = []
        for picture in pictures:
            png = KeptPicture.of(picture.data, self._settings).png
            self._kept[png] = dataclasses.replace(picture, data=base64.b64decode(png))
            self._kept.move_to_end(png)
            fitted.append(self._kept[png])
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return tuple(fitted)

    def say(self, text: str, pictures: Sequence[Picture]) -> Iterator[str | Reply]:
        """One turn: pieces as the model says them, at last the reply.

        Args:
            text: what is said.
            pictures: as `show` gave them.

        Raises:
            JarvisError: what `Steps` and the memory raise.
        """
        turn = self._steps.begin(self._state, text, [picture.data for picture in pictures])
        while turn.next != "end":
            if turn.next != "answer":
                turn = getattr(self._steps, turn.next)(turn)
                continue
            for piece in self._steps.tell(turn):
                if isinstance(piece, Turn):
                    turn = piece
                else:
                    yield piece
        said = self._steps.said(turn)
        self._state = said.state
        yield Reply(
            text=said.text,
            kind=said.kind,
            choices=said.choices,
            concepts=said.concepts,
            shares=_shares(turn),
            pictures=tuple(self._kept[one.png] for one in turn.pictures if one.png in self._kept),
            notices=said.notices,
        )


def _shares(turn: Turn) -> tuple[Share, ...]:
    shown = {sub.question for sub in turn.plan.subs if sub.shown} if turn.plan else set()
    return tuple(Share(part.question, part.answer, part.question in shown, part.look) for part in turn.parts)

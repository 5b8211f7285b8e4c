"""How much may be asked of the interface."""

from __future__ import annotations

from dataclasses import dataclass

from jarvis_retrievers.errors import SettingError

__all__ = ["Bounds"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may be asked of the interface.

    Attributes:
        body_bytes: the largest request; told before it is read.
        body_seconds: how long it may take to arrive.
        messages: the most messages of a conversation.
        pictures: the most pictures in it.
        picture_pixels: the most pixels of all of them; each takes 3 bytes until it is answered.
        picture_seconds: how long it may take to decode and to fetch them.
        shown: how many requests with pictures are decoded and not yet answered; others wait undecoded.
        tools: the most tools.
        answer_tokens: the most tokens of an answer.
        default_tokens: how many it may have if the request says nothing.
        seconds: after so many of its own an answer is given up.
        send_seconds: how long a client may take to read a piece of a stream.
        waiting: how many requests may be under way or wait; more are sent away.
        waiting_owner: how many of one owner.
        asked_a_minute: how many there may be of one owner.
        retry_seconds: after how many somebody who was sent away should come again.

    Raises:
        SettingError: a number that is not more than 0.
    """

    body_bytes: int = 32 * 2**20
    body_seconds: float = 60.0
    messages: int = 512
    pictures: int = 16
    picture_pixels: int = 50_000_000
    picture_seconds: float = 30.0
    shown: int = 16
    tools: int = 128
    answer_tokens: int = 4096
    default_tokens: int = 256
    seconds: float = 120.0
    send_seconds: float = 60.0
    waiting: int = 64
    waiting_owner: int = 8
    asked_a_minute: int = 600
    retry_seconds: int = 2

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value <= 0:
                raise SettingError(f"{name} must be more than 0, got {value}")

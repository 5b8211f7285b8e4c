"""The conversation: what was said, answers as they come, and a receipt under each."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import aclosing

from nicegui import ui
from nicegui.element import Element

from jarvis_memory.beside import beside
from jarvis_retrievers.errors import JarvisError
from jarvis_retrievers.log import log

from .build import Words, button, part, picture, words
from .desk import Desk
from .line import Waiting
from .receipt import Receipt
from .reply import Reply
from .tray import Picture

__all__ = ["Chat"]


class Chat:
    """The conversation of one desk.

    Args:
        desk: whose it is.
        measure: whether every answer is measured against a full prefill at once.
        look: called with a concept's name that was clicked.
        changed: called when the memory was changed by what was said.
        busy: called when an answer begins and when it ends.
        choose: called with an answer to choose from that was clicked.
    """

    def __init__(
        self,
        desk: Desk,
        measure: bool,
        look: Callable[[str], None],
        changed: Callable[[], None],
        busy: Callable[[bool], None],
        choose: Callable[[str], object],
    ) -> None:
        self._desk, self._measure = desk, measure
        self._look, self._changed, self._busy, self._choose = look, changed, busy, choose
        self._stop: threading.Event | None = None
        self._choices: Element | None = None
        self._receipts: list[Receipt] = []
        self._turns = part(
            "div", "turns", role="log", aria_live="polite", aria_label="Conversation", id="turns"
        )

    @property
    def answering(self) -> bool:
        """Whether an answer is on its way."""
        return self._stop is not None

    def stop(self) -> None:
        """Stop the answer that is on its way."""
        if self._stop is not None:
            self._stop.set()

    def keep(self, names: Collection[str]) -> None:
        """Take the pictures of all other concepts off the page: they are forgotten."""
        for receipt in self._receipts:
            for name in set(receipt.about).difference(names):
                receipt.forget(name)

    async def say(self, text: str) -> None:
        """Say something with the pictures of the tray, and show what comes back.

        Raises:
            InputError: what is said cannot be; nothing is shown.
        """
        if self.answering:
            return
        self._stop = threading.Event()
        try:
            # In a thread: large pictures take a moment to be made smaller.
            pictures, events = await asyncio.to_thread(self._desk.say, text)
            said, below = self._turn(text.strip(), pictures)
            self._busy(True)
            await self._stream(events, self._stop, said, below)
            said.classes(remove="waiting")
            said.props["aria-busy"] = "false"
        finally:
            self._stop = None
            self._busy(False)

    def _turn(self, text: str, pictures: Sequence[Picture]) -> tuple[Words, Element]:
        """Show what was said, with room for the answer, and for what stands below it."""
        if self._choices is not None:
            self._choices.delete()
            self._choices = None
        with self._turns, part("article", "turn"):
            with part("div", "you"):
                for one in pictures:
                    picture(f"/picture/{self._desk.id}/{one.id}.jpg", one.name, "shown")
                if text:
                    words("p", text, "bubble")
            with part("div", "jarvis"):
                return words("p", "", "text waiting", aria_busy="true"), part("div", "below")

    async def _stream(
        self, events: Iterator[Waiting | str | Reply], stop: threading.Event, said: Words, below: Element
    ) -> None:
        text, reply = "", None
        try:
            async with aclosing(beside(None, lambda: _until(stop, events))) as coming:
                async for event in coming:
                    if isinstance(event, Reply):
                        reply = event
                    elif isinstance(event, Waiting):
                        first = f"{event.ahead} other{'s are' if event.ahead > 1 else ' is'} first"
                        said.text = f"Waiting for the model: {first} …"
                    else:
                        text += event
                        said.classes(remove="waiting")
                        said.text = text
        except JarvisError as error:
            said.classes(add="complaint")
            said.text = str(error)
            return
        except Exception as error:
            log("server.failed", error=error)
            said.classes(add="complaint")
            said.text = "Something went wrong here; the log of the server tells of what kind."
            return
        if reply is None:
            said.text = text
            said.classes(add="stopped")
            return
        said.text = reply.text
        with below:
            self._finish(reply)
        if reply.changed:
            self._changed()

    def _finish(self, reply: Reply) -> None:
        if reply.choices:
            with part("div", "choices", role="group", aria_label="Answers to choose from") as self._choices:
                for choice in reply.choices:
                    chosen = button(choice, "choice")
                    chosen.on("click", lambda _, choice=choice: self._choose(choice))
        known = {concept.name: concept for concept in self._desk.concepts()}
        receipt = Receipt(self._desk, reply, known, self._look, lambda: self._compare(receipt))
        receipt.build()
        self._receipts.append(receipt)
        if reply.answers:
            receipt.offer(running=False)
            if self._measure:
                self._compare(receipt)

    def _compare(self, receipt: Receipt) -> None:
        receipt.offer(running=True)

        async def measure() -> None:
            try:
                found = await asyncio.to_thread(self._desk.compare, receipt.reply)
            except JarvisError as error:
                log("memory.failed", op="ask", error=error)
                found = None
            if not receipt.race.is_deleted:
                receipt.compared(found)

        with receipt.race:
            ui.timer(0.05, measure, once=True)


def _until(stop: threading.Event, events: Iterator[Waiting | str | Reply]) -> Iterator[Waiting | str | Reply]:
    """The events before ``stop`` is set; then they are closed."""
    try:
        for event in events:
            yield event
            if stop.is_set():
                return
    finally:
        if isinstance(events, Generator):
            events.close()

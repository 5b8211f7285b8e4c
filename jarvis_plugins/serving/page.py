"""The page: conversation, side panel and dialogs, put together for one tab."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from fastapi import Request
from nicegui import Client, ui
from nicegui.events import GenericEventArguments

from jarvis_retrievers.errors import JarvisError

from .album import Album
from .build import button, part, picture, words
from .chat import Chat
from .composer import Composer
from .desk import Desk
from .forgetting import Forgetting
from .guard import KEY, OWNER
from .owners import Owners
from .sample import Suggestion, suggestions_of
from .service import Service
from .sessions import Sessions
from .sockets import Sockets
from .start import Start
from .taught import Taught
from .teaching import Teaching
from .tray import too_large

__all__ = ["add_page"]

_GRACE: Final = 3.0
"""Seconds after which a tab that was closed has nothing computed for it any more."""

_HEAD: Final = (
    '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
    '<link rel="stylesheet" href="/look/page.css"><script src="/look/page.js" defer></script>'
)


def add_page(
    service: Service,
    owners: Owners,
    sessions: Sessions,
    sockets: Sockets,
    suggestions: Sequence[Suggestion],
) -> None:
    """The page at ``/``."""

    @ui.page("/", response_timeout=60)
    async def page(request: Request, client: Client) -> None:
        owner = str(request.scope[OWNER])
        sockets.bind(client.id, owner)
        client.on_delete(lambda: sockets.unbind(client.id))
        ui.add_head_html(_HEAD)
        try:
            address = request.client.host if request.client else ""
            desk = await asyncio.to_thread(owners.open_desk, owner, address)
        except JarvisError as error:
            words("p", str(error), "complaint alone")
            return
        key = request.session.get(KEY)

        def here() -> bool:
            return service.users is None or sessions.owner(key, renew=False) == owner

        tab = Tab(desk, owners, service, suggestions, here)
        loop = asyncio.get_running_loop()

        def changed() -> None:
            loop.call_soon_threadsafe(tab.refresh)

        owners.listen(desk, changed)

        def leave() -> None:
            tab.chat.stop()
            owners.close_desk(desk)

        async def pause() -> None:
            await asyncio.sleep(_GRACE)
            if not client.has_socket_connection:
                tab.chat.stop()

        client.on_disconnect(pause)
        client.on_delete(leave)


class Tab:
    """One tab: what is on it, and what its parts tell each other.

    Args:
        desk: what it works with.
        owners: told of changes, for other tabs of the same owner.
        service: how the page is served.
        suggestions: to click, before anything was said.
        here: whether the owner is still signed in.
    """

    def __init__(
        self,
        desk: Desk,
        owners: Owners,
        service: Service,
        suggestions: Sequence[Suggestion],
        here: Callable[[], bool],
    ) -> None:
        self._desk, self._owners, self._suggestions, self._here = desk, owners, suggestions, here
        self._began = False
        limits = desk.limits
        self._shell = part("div", "shell", data_desk=desk.id, data_most=str(limits.file_bytes))
        with self._shell:
            self._head(signed_in=service.users is not None)
            with part("div", "hall"):
                with part("main", "talk"):
                    with part("div", "scroll", id="scroll", tabindex="-1"):
                        self._start = Start(self._suggested)
                        self.chat = Chat(
                            desk, service.measure, self._look, self._changed, self._busy, self._say
                        )
                    self._composer = Composer(desk, self._say, self.chat.stop)
                self._album = Album(self._forget, self._add, self._asked, self._teach)
            part("div", "veil").on("click", js_handler="() => jarvis.album(false)")
            words("div", "Drop to add", "drop-here", aria_hidden="true")
        self._teaching = Teaching(desk, self._taught)
        self._forgetting = Forgetting(desk, self._forgotten)
        ui.on("brought", self._brought)
        ui.on("refused", self._refused)
        self.refresh()

    def refresh(self) -> None:
        """Show what the memory holds now, unless the owner has signed out meanwhile."""
        if not self._here():
            return
        concepts = self._desk.concepts()
        self.chat.keep({concept.name for concept in concepts})
        with self._shell:
            self._album.show(concepts)
            if not self._began:
                self._start.show(self._suggestions or suggestions_of(concepts), empty=not concepts)

    def _head(self, *, signed_in: bool) -> None:
        with part("header", "top"):
            picture("/look/mark.svg", "", "mark", width="28", height="28")
            words("span", "Jarvis", "brand")
            words("span", "remembers what is yours", "quiet motto")
            part("span", "space")
            if signed_in:
                words("span", self._desk.owner, "quiet owner")
                with part("form", "", method="post", action="/logout"):
                    words("button", "Sign out", "button ghost", type="submit")
            button("Teach", "strong small-on-phone").on("click", lambda: self._teach())
            button("Concepts", "ghost album-open", aria_controls="album").on(
                "click", js_handler="() => jarvis.album(true)"
            )

    async def _say(self, text: str) -> None:
        try:
            await self._heard(text)
        except JarvisError as error:
            self._tell(str(error), wrong=True)

    async def _heard(self, text: str) -> None:
        self._desk.check_words(text)
        self._began = True
        self._start.hide()
        await self.chat.say(text)

    async def _asked(self, text: str) -> None:
        ui.run_javascript("jarvis.album(false)")
        await self._say(text)

    async def _suggested(self, one: Suggestion) -> None:
        if self.chat.answering:
            return
        if one.picture is not None:
            data = await asyncio.to_thread(one.picture.read_bytes)
            self._desk.asking.take()
            self._desk.asking.add(one.picture.name, data)
        await self._say(one.text)

    def _busy(self, busy: bool) -> None:
        self._shell.classes(add="busy" if busy else "", remove="" if busy else "busy")
        self._composer.strip.show()

    def _look(self, name: str) -> None:
        self._album.open(name)

    def _changed(self) -> None:
        self._owners.tell(self._desk.owner)

    def _teach(self) -> None:
        self._teaching.open()

    def _add(self, name: str) -> None:
        self._teaching.open(name)

    def _forget(self, name: str) -> None:
        self._forgetting.open(name)

    def _taught(self, made: Taught) -> None:
        self._changed()
        self._tell(f"{made.concept.name} is remembered.")
        if made.doubts:
            self._forgetting.doubt(made)

    def _forgotten(self, name: str) -> None:
        self._changed()
        self._tell(f"{name} is forgotten. Nothing of it is left in the home.")

    def _brought(self, event: GenericEventArguments) -> None:
        """Uploads are done: ``{"tray": "ask" or "teach", "errors": complaints}``."""
        (self._teaching.strip if event.args["tray"] == "teach" else self._composer.strip).show()
        for complaint in list(event.args["errors"])[:3]:
            self._tell(str(complaint), wrong=True)

    def _refused(self, event: GenericEventArguments) -> None:
        """The page itself found a file too large to be sent."""
        self._tell(too_large(str(event.args)[:60], self._desk.limits.file_bytes), wrong=True)

    def _tell(self, message: str, *, wrong: bool = False) -> None:
        with self._shell:
            ui.notify(
                message,
                position="top",
                classes="toast wrong" if wrong else "toast",
                timeout=9000 if wrong else 4000,
                close_button="Close" if wrong else False,
            )

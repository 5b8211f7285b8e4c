"""A whole life of a memory with a random marker in everything that somebody may write."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path

import httpx
from fastapi import FastAPI
from PIL import Image

from jarvis_memory import VLM, PersonalMemory, ask_together
from jarvis_memory.chat import ChatRequest, Message
from jarvis_memory.store.backup import backup, restore
from jarvis_memory.store.owner import OwnerStore
from jarvis_memory.together import Ask
from jarvis_plugins.langchain import ChatJarvis, PersonalStore
from jarvis_plugins.langchain import JarvisRetriever as LangChainRetriever
from jarvis_plugins.llama_index import JarvisRetriever as LlamaRetriever
from jarvis_plugins.serving import Limits, Owners, Service, Throttle, Users
from jarvis_plugins.serving.doors import add_doors
from jarvis_plugins.serving.routes import add_routes
from jarvis_plugins.serving.server import walled
from jarvis_plugins.serving.sessions import Sessions
from jarvis_plugins.serving.users import add_user
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import JarvisError
from jarvis_retrievers.openclip import OpenCLIPEncoder


def _marker() -> str:
    return f"Zq{secrets.token_hex(5)}"


@dataclass(frozen=True)
class Markers:
    """One word for each thing that somebody writes."""

    name: str = field(default_factory=_marker)
    other: str = field(default_factory=_marker)
    alias: str = field(default_factory=_marker)
    note: str = field(default_factory=_marker)
    question: str = field(default_factory=_marker)
    file: str = field(default_factory=_marker)
    folder: str = field(default_factory=_marker)
    category: str = field(default_factory=_marker)
    caption: str = field(default_factory=_marker)
    metadata: str = field(default_factory=_marker)
    namespace: str = field(default_factory=_marker)
    owner: str = field(default_factory=_marker)
    password: str = field(default_factory=_marker)
    address: str = field(default_factory=_marker)

    def found(self, text: str) -> list[str]:
        """Which of them stand in a text, written in whatever way."""
        low = text.casefold()
        return [one.name for one in fields(self) if getattr(self, one.name).casefold() in low]


@dataclass(frozen=True)
class Life:
    """One owner's time in one home."""

    folder: Path
    vlm: VLM
    encoder: OpenCLIPEncoder
    exam: Exam
    marked: Markers

    @property
    def home(self) -> Path:
        return self.folder / self.marked.folder

    def live(self) -> None:
        """From the first photo to the last trace."""
        with self._opened() as memory:
            self._remembers(memory)
            self._asks(memory)
            self._errs(memory)
            self._is_adapted(memory)
        self._is_damaged()
        asyncio.run(self._is_served())
        self._is_copied()
        with self._opened() as memory:
            memory.forget(self.marked.other)
            memory._store.delete_owner()

    def _opened(self, *, read_only: bool = False) -> PersonalMemory:
        return PersonalMemory.open(
            self.home, owner=self.marked.owner, model=self.vlm, clip=self.encoder, read_only=read_only
        )

    def _remembers(self, memory: PersonalMemory) -> None:
        marked, files = self.marked, self._files()
        memory.remember(
            marked.name,
            files[:1],
            f"It likes {marked.note}.",
            category=marked.category,
            aliases=[marked.alias],
        )
        memory.remember(marked.other, files[2:], f"It sleeps in {marked.note}. It was born in May.")
        memory.update(marked.name, photos=files[1:2], about=f"It hates {marked.note}.")
        memory.edit(marked.name, caption=f"A {marked.caption}.")
        memory.doubts(marked.name, files[:1], f"It likes {marked.note} no more.")

    def _asks(self, memory: PersonalMemory) -> None:
        marked = self.marked
        about = f"What does {marked.name} like, {marked.question}?"
        both = f"Compare {marked.name} and {marked.other}."
        memory.ask(about)
        memory.ask(both)
        "".join(memory.stream(about))
        stopped = memory.tell(about)
        next(stopped)
        stopped.close()  # type: ignore[attr-defined]
        memory.recall(marked.question, self._files()[:1])
        memory.why(about)
        memory.ask_many([about, both])
        ask_together([Ask(memory, about)])
        memory.chat(ChatRequest((Message("user", (about,)),)))
        memory.gate()
        memory.migrate("int8")
        memory.reindex(everything=True)
        list(memory.verify(deep=True))

    def _errs(self, memory: PersonalMemory) -> None:
        marked = self.marked
        about = f"What is {marked.question}?"
        broken = self.folder / f"{marked.file}-broken.png"
        broken.write_bytes(b"no picture")
        for wrong in (
            lambda: memory.remember(marked.name, self._files()[:1], marked.note),
            lambda: memory.remember("New", [self.folder / f"{marked.file}-none.png"]),
            lambda: memory.remember("New", [broken]),
            lambda: memory.ask(about, only=[marked.question]),
            lambda: memory.ask(about, [broken]),
            lambda: memory.update(marked.question, about=marked.note),
            lambda: memory.forget(marked.alias * 2),
            lambda: memory.show(marked.question),
            lambda: list(memory.stream(about, max_new_tokens=0)),
            lambda: memory.chat(ChatRequest((Message("user", (about,)),), concepts=(marked.question,))),
        ):
            with contextlib.suppress(JarvisError):
                wrong()
                raise AssertionError("nothing was wrong")

    def _is_adapted(self, memory: PersonalMemory) -> None:
        marked = self.marked
        about = f"What does {marked.name} like, {marked.question}?"
        LangChainRetriever(memory=memory).invoke(about)
        ChatJarvis(memory=memory).invoke(about)
        list(ChatJarvis(memory=memory).stream(about))
        LlamaRetriever(memory).retrieve(about)
        with PersonalStore(self.home, marked.owner) as store:
            store.put((marked.namespace,), marked.metadata, {marked.metadata: marked.note})
            store.search((marked.namespace,), filter={marked.metadata: marked.note})
            store.delete((marked.namespace,), marked.metadata)

    def _is_damaged(self) -> None:
        marked = self.marked
        with self._opened() as memory:
            concept = memory.show(marked.name)
            blobs, catalogue = memory._store._blobs, memory._store._catalogue
            for row in catalogue.segments(marked.owner, concept.id):
                _rot(blobs.path(row.blob))  # type: ignore[attr-defined]
            memory.ask(f"What does {marked.name} like?")
            found = catalogue.photo(marked.owner, concept.photos[0].id)
            assert found is not None
            _rot(blobs.path(found[1]))  # type: ignore[attr-defined]
            assert memory.verify(deep=True)
            for wrong in (
                lambda: memory.photo(concept.photos[0].id),
                lambda: memory.update(marked.name, photos=self._files()[2:3]),
            ):
                with contextlib.suppress(JarvisError):
                    wrong()
        (self.home / "catalogue.sqlite-witness").write_bytes(marked.note.encode())
        orphan = self.home / "tmp" / f"{marked.note}"
        orphan.write_bytes(b"left")
        os.utime(orphan, (time.time() - 7200,) * 2)
        with self._opened(), self._opened(read_only=True) as memory, contextlib.suppress(JarvisError):
            memory.remember("New", self._files()[:1], marked.note)
        with contextlib.suppress(JarvisError):
            PersonalMemory.open(self.folder / f"{marked.folder}-none", owner=marked.owner, read_only=True)

    async def _is_served(self) -> None:
        marked, users = self.marked, self.folder / "users"
        add_user(users, marked.owner, marked.password)
        with Owners(self.home, self.vlm, self.encoder, Limits()) as owners:
            sessions, app = Sessions(), FastAPI()
            add_routes(app, owners, ())

            async def ended(_: object) -> None:
                pass

            known = Users.read(users)
            add_doors(app, known, sessions, Throttle(), ended)
            wall = walled(app, Service(users=known, home=self.home), sessions, owners.rates.pages)
            desk = owners.open_desk(marked.owner)
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(wall), base_url="http://localhost"
            ) as page:
                await page.get(f"/{marked.address}?{marked.address}={marked.address}")
                for password in (marked.question, marked.password):
                    await page.post("/login", data={"owner": marked.owner, "password": password})
                await page.get(f"/photo/{marked.address}.jpg?{marked.address}=1")
                await page.post(
                    f"/upload/{desk.id}/ask", content=b"no picture", headers={"x-name": marked.file}
                )
                await page.get(f"/{marked.address}")
            _, events = desk.say(f"What does {marked.other} like, {marked.question}?")
            list(events)

    def _is_copied(self) -> None:
        # What is damaged is in a backup as it is; a copy of it is not made a home.
        copy = self.folder / f"{self.marked.folder}-copy"
        backup(self.home, copy)
        with contextlib.suppress(JarvisError):
            restore(copy, self.folder / f"{self.marked.folder}-again")
        shutil.rmtree(copy)
        with OwnerStore.open(self.home, self.marked.owner) as store:
            store.sweep()

    def _files(self) -> list[Path]:
        made = []
        photos: list[Image.Image] = [photo for photos in self.exam.photos[:2] for photo in photos]
        for number, photo in enumerate(photos):
            path = self.folder / f"{self.marked.file}-{number}.png"
            if not path.exists():
                photo.save(path)
            made.append(path)
        return made


@contextlib.contextmanager
def calm() -> Iterator[None]:
    """Doubts about photos and notes are no errors here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _rot(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.chmod(0o600)
    path.write_bytes(data)

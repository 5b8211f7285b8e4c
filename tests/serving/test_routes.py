"""Every route with an id, asked for by its owner and by another one; and uploads, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from jarvis_memory import VLM
from jarvis_plugins.serving import Desk, Limits, Owners, Service, Throttle, Users
from jarvis_plugins.serving.doors import add_doors
from jarvis_plugins.serving.rate import Rate
from jarvis_plugins.serving.routes import add_routes
from jarvis_plugins.serving.server import walled
from jarvis_plugins.serving.sessions import Sessions
from jarvis_plugins.serving.users import add_user
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.house.tree import ROOT
from tests.serving.running import PASSWORDS

FABI = (ROOT / "examples" / "household" / "photos" / "fabi-1.png").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("routes")
    for owner, password in PASSWORDS.items():
        add_user(made / "users", owner, password)
    return made


@pytest.fixture(scope="module")
def owners(folder: Path) -> Iterator[Owners]:
    vlm, encoder = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
    with Owners(folder / "home", vlm, encoder, Limits(pictures=3)) as made:
        yield made


@pytest.fixture(scope="module")
def desk(owners: Owners) -> Desk:
    """A desk of ana, who has taught Fabi and has a picture in each tray."""
    made = owners.open_desk("ana")
    made.teaching.add("fabi.png", FABI)
    made.teach("Fabi", "Fabi likes carrots.")
    made.asking.add("ask.png", FABI)
    made.teaching.add("teach.png", FABI)
    return made


@asynccontextmanager
async def visitor(folder: Path, owners: Owners, owner: str | None) -> AsyncIterator[httpx.AsyncClient]:
    users, sessions = Users.read(folder / "users"), Sessions()
    app = FastAPI()
    add_routes(app, owners, ())

    async def ended(key: object) -> None:
        assert sessions.owner(key) is None

    add_doors(app, users, sessions, Throttle(), ended)
    wall = walled(app, Service(users=users, home=folder / "home"), sessions, owners.rates.pages)
    transport = httpx.ASGITransport(wall)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        if owner is not None:
            signed = await client.post("/login", data={"owner": owner, "password": PASSWORDS[owner]})
            assert signed.status_code == 303
        yield client


def addresses(desk: Desk) -> dict[str, str]:
    """Every address of ana's that has an id in it, by the name of its route."""
    photo = desk.concepts()[0].photos[0].id
    asked, taught = desk.asking.pictures[0].id, desk.teaching.pictures[0].id
    return {
        "photo": f"/photo/{photo}.jpg",
        "crop": f"/crop/{photo}/0-0-64-64.jpg",
        "picture, asking": f"/picture/{desk.id}/{asked}.jpg",
        "picture, teaching": f"/picture/{desk.id}/{taught}.jpg",
        "region": f"/region/{desk.id}/{asked}/0-0-64-64.jpg",
        "upload, asking": f"/upload/{desk.id}/ask",
        "upload, teaching": f"/upload/{desk.id}/teach",
        "upload, nowhere": f"/upload/{desk.id}/elsewhere",
    }


ROUTES = (
    "photo",
    "crop",
    "picture, asking",
    "picture, teaching",
    "region",
    "upload, asking",
    "upload, teaching",
    "upload, nowhere",
)


@pytest.mark.parametrize("route", ROUTES)
async def test_an_id_of_somebody_else_leads_nowhere(
    folder: Path, owners: Owners, desk: Desk, route: str
) -> None:
    there = addresses(desk)
    assert tuple(there) == ROUTES
    method, body = ("POST", b"no picture") if route.startswith("upload") else ("GET", b"")
    async with visitor(folder, owners, "ana") as ana:
        own = await ana.request(method, there[route], content=body)
        assert own.status_code == (404 if "nowhere" in route else 200)
    before = (desk.asking.pictures, desk.teaching.pictures)
    async with visitor(folder, owners, "bo") as bo:
        foreign = await bo.request(method, there[route], content=body)
        mistaken = await bo.request(method, there[route].replace(desk.id, "x" * 24), content=body)
    # Not to be told from an id that nobody has.
    assert (foreign.status_code, mistaken.status_code) == (404, 404)
    assert foreign.content == mistaken.content
    assert (desk.asking.pictures, desk.teaching.pictures) == before
    async with visitor(folder, owners, None) as nobody:
        assert (await nobody.request(method, there[route], content=body)).status_code == 401
        assert (await nobody.post("/logout")).status_code == 303


async def test_a_desk_of_ones_own_does_not_open_pictures_of_another(
    folder: Path, owners: Owners, desk: Desk
) -> None:
    own, picture = owners.open_desk("bo"), desk.asking.pictures[0].id
    async with visitor(folder, owners, "bo") as bo:
        assert (await bo.get(f"/picture/{own.id}/{picture}.jpg")).status_code == 404
        assert (await bo.get(f"/region/{own.id}/{picture}/0-0-9-9.jpg")).status_code == 404
    owners.close_desk(own)


@pytest.mark.parametrize(
    "path", ["/look/page.css", "/look/..%2fserver.py", "/look/%00", "/sample/0.jpg", "/sample/-1.jpg"]
)
async def test_what_belongs_to_nobody(folder: Path, owners: Owners, path: str) -> None:
    async with visitor(folder, owners, "bo") as bo:
        assert (await bo.get(path)).status_code == (200 if path == "/look/page.css" else 404)


async def test_uploads_at_once_take_no_more_than_there_is_room_for(folder: Path, owners: Owners) -> None:
    own = owners.open_desk("bo")
    async with visitor(folder, owners, "bo") as bo:
        sent = [bo.post(f"/upload/{own.id}/ask", content=FABI) for _ in range(20)]
        answers = [answer.json() for answer in await asyncio.gather(*sent)]
        assert len(own.asking.pictures) == 3
        assert {one.id for one in own.asking.pictures} == {one["id"] for one in answers if "id" in one}
        assert all("3 pictures at once" in one["error"] for one in answers if "id" not in one)
        # What could not be read leaves its place to another.
        own.asking.take()
        for _ in range(4):
            assert "error" in (await bo.post(f"/upload/{own.id}/ask", content=b"no picture")).json()
        sent = [bo.post(f"/upload/{own.id}/ask", content=FABI) for _ in range(3)]
        assert all("id" in answer.json() for answer in await asyncio.gather(*sent))
    owners.close_desk(own)


async def test_few_bodies_are_held_at_once(folder: Path, owners: Owners) -> None:
    own, go, begun = [owners.open_desk("bo") for _ in range(2)], asyncio.Event(), 0

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal begun
        begun += 1
        yield FABI[:1000]
        await go.wait()
        yield FABI[1000:]

    async with visitor(folder, owners, "bo") as bo:
        sent = [
            asyncio.create_task(bo.post(f"/upload/{tab.id}/ask", content=slowly()))
            for tab in own
            for _ in range(3)
        ]
        while begun < 2:
            await asyncio.sleep(0.01)
        for _ in range(50):
            await asyncio.sleep(0)
        assert begun == 2
        go.set()
        assert all("id" in answer.json() for answer in await asyncio.gather(*sent))
    assert begun == 6
    for tab in own:
        owners.close_desk(tab)


async def test_an_upload_that_does_not_end(
    folder: Path, owners: Owners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "limits", replace(owners.limits, upload_seconds=0.05))

    async def never() -> AsyncIterator[bytes]:
        yield b"begun"
        await asyncio.Event().wait()

    own = owners.open_desk("bo")
    async with visitor(folder, owners, "bo") as bo:
        assert (await bo.post(f"/upload/{own.id}/ask", content=never())).status_code == 408
    with own.asking.place():
        assert own.asking.pictures == ()
    owners.close_desk(own)


async def test_so_many_uploads_in_a_minute(
    folder: Path, owners: Owners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "rates", replace(owners.rates, uploads=Rate(2, lambda: 0.0)))
    own = owners.open_desk("bo")
    async with visitor(folder, owners, "bo") as bo:
        address = f"/upload/{own.id}/ask"
        answers = [(await bo.post(address, content=FABI)).status_code for _ in range(3)]
        assert answers == [200, 200, 429]
        assert (await bo.post(address, content=FABI)).headers["retry-after"] == "30"
    assert len(own.asking.pictures) == 2
    owners.close_desk(own)


def test_so_many_questions_in_a_minute(owners: Owners, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "rates", replace(owners.rates, asked=Rate(2, lambda: 0.0)))
    first, second = owners.open_desk("bo", "192.0.2.1"), owners.open_desk("bo", "192.0.2.2")
    for tab in (first, second):
        tab.asking.add("fabi.png", FABI)
        _, events = tab.say("Who is this?")
        assert list(events)
        assert tab.asking.pictures == ()
    first.asking.add("fabi.png", FABI)
    first.teaching.add("fabi.png", FABI)
    with pytest.raises(InputError, match="try again in 30 s"):
        first.say("And this?")
    with pytest.raises(InputError, match="try again in 30 s"):
        first.teach("Fabi")
    assert len(first.asking.pictures) == len(first.teaching.pictures) == 1
    assert first.concepts() == []
    elsewhere = owners.open_desk("ana", "192.0.2.1")
    assert [owners.rates.asked.take("ana", "192.0.2.1") for _ in range(2)] == [0, 30]
    with pytest.raises(InputError, match="try again"):
        elsewhere.say("And from here?")
    for tab in (first, second, elsewhere):
        owners.close_desk(tab)

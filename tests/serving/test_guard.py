"""What comes through the guard, and what each answer says to the browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from jarvis_plugins.serving import Service, Users
from jarvis_plugins.serving.rate import Rate
from jarvis_plugins.serving.routes import LOOK
from jarvis_plugins.serving.server import walled
from jarvis_plugins.serving.sessions import Sessions
from jarvis_plugins.serving.users import add_user
from jarvis_retrievers.errors import SettingError


def client(
    service: Service | None = None, base: str = "http://localhost:8080", pages: int = 1000
) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/")
    async def page() -> Response:
        return PlainTextResponse("the page")

    @app.get("/sample/{number}.jpg")
    async def sample(number: int) -> Response:
        return Response(status_code=404) if number else FileResponse(LOOK / "mark.svg")

    @app.post("/upload/{desk}/{tray}")
    async def upload(desk: str, tray: str) -> dict[str, str]:
        return {"desk": desk, "tray": tray}

    @app.post("/login")
    async def login(request: Request) -> Response:
        request.session["key"] = "a key"
        return Response()

    transport = httpx.ASGITransport(walled(app, service or Service(), Sessions(), Rate(pages)))
    return httpx.AsyncClient(transport=transport, base_url=base)


@pytest.mark.parametrize(
    "origin",
    [
        "http://[",
        "http://[::1",
        "null",
        "",
        "http://localhost:8081",
        "http://localhost:8080@evil.example",
        "https://evil.example",
    ],
)
async def test_an_origin_that_is_not_this_page(origin: str) -> None:
    async with client() as visitor:
        assert (await visitor.get("/", headers={"Origin": origin})).status_code == 403
        assert (await visitor.get("/", headers={"Origin": "http://localhost:8080"})).status_code == 200


@pytest.mark.parametrize("host", ["[", "rebound.example", "127.0.0.1.evil.example", "[::1"])
async def test_a_host_that_is_not_this_page(host: str) -> None:
    async with client() as visitor:
        assert (await visitor.get("/", headers={"Host": host})).status_code == 421


async def test_every_answer_has_the_headers() -> None:
    async with client() as visitor:
        for path, status in (("/", 200), ("/sample/7.jpg", 404), ("/sample/x.jpg", 422), ("/sample", 404)):
            answer = await visitor.get(path)
            assert answer.status_code == status
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert "camera=()" in answer.headers["permissions-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert (await visitor.post("/upload/a/ask")).headers["cache-control"] == "no-store"
        assert (await visitor.get("/", headers={"Host": "x"})).headers["cache-control"] == "no-store"


def fetched(site: str, mode: str = "no-cors", dest: str = "image", **more: str) -> dict[str, str]:
    """What a browser says of how a page asks for something."""
    return {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest, **more}


async def test_another_page_asks_for_nothing() -> None:
    link = ("navigate", "document")
    async with client() as visitor:
        for site in ("same-origin", "none"):
            assert (await visitor.get("/", headers=fetched(site))).status_code == 200
        for site in ("cross-site", "same-site"):
            assert (await visitor.get("/", headers=fetched(site))).status_code == 403
            assert (await visitor.get("/", headers=fetched(site, "navigate", "iframe"))).status_code == 403
            assert (await visitor.get("/", headers=fetched(site, "cors", "empty"))).status_code == 403
            assert (await visitor.post("/upload/a/ask", headers=fetched(site, *link))).status_code == 403
            # A link that somebody follows.
            assert (await visitor.get("/", headers=fetched(site, *link))).status_code == 200
            ahead = fetched(site, *link, **{"Sec-Purpose": "prefetch"})
            assert (await visitor.get("/", headers=ahead)).status_code == 403


async def test_what_is_not_there_reaches_no_page() -> None:
    async with client() as visitor:
        for path in ("/nope", "/photos", "/docs", "/_nicegui.js", "/upload"):
            answer = await visitor.get(path)
            assert (answer.status_code, answer.content) == (404, b"")


async def test_so_many_pages_in_a_minute() -> None:
    async with client(pages=3) as visitor:
        assert [(await visitor.get("/")).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = await visitor.get("/")
        assert 0 < int(refused.headers["retry-after"]) <= 20
        assert (await visitor.get("/sample/0.jpg")).status_code == 200


SITE = "https://memory.example"


@pytest.fixture
def behind(tmp_path: Path) -> Service:
    """A page on loopback, with a proxy before it."""
    add_user(tmp_path / "users", "ana", "plums and noodles")
    users = Users.read(tmp_path / "users")
    return Service(users=users, home=tmp_path / "home", site=SITE)


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        # The proxy keeps the name, or asks under the one it knows.
        ("memory.example", SITE, 200),
        ("localhost:8080", SITE, 200),
        ("localhost:8080", "http://localhost:8080", 200),
        ("memory.example", "http://memory.example", 403),
        ("localhost:8080", "http://memory.example", 403),
        ("memory.example", "https://memory.example:444", 403),
        ("memory.example", "https://other.example", 403),
        ("other.example", "https://other.example", 421),
        ("other.example", SITE, 421),
    ],
)
async def test_behind_a_proxy(behind: Service, host: str, origin: str, status: int) -> None:
    sent = {"owner": "ana", "password": "plums and noodles"}
    async with client(behind) as visitor:
        answer = await visitor.post("/login", json=sent, headers={"Host": host, "Origin": origin})
        assert answer.status_code == status


async def test_a_cookie_of_a_site_goes_by_tls_only(behind: Service) -> None:
    for service, secure in ((behind, True), (replace(behind, site=None), False)):
        async with client(service) as visitor:
            cookie = (await visitor.post("/login")).headers["set-cookie"].lower()
            assert ("secure" in cookie.split("; ")) == secure
            assert "samesite=strict" in cookie
            assert "httponly" in cookie


@pytest.mark.parametrize(
    "site",
    [
        *("memory.example", "ftp://memory.example", "https://", "https://memory.example/", "https://[::1"),
        *("https://Memory.example", "https://a@memory.example", "https://memory.example:443"),
        *("https://memory.example/there", "https://memory.example:x", "https://memory.example?a"),
    ],
)
def test_a_site_that_is_none(behind: Service, site: str) -> None:
    with pytest.raises(SettingError, match="--site https://"):
        replace(behind, site=site)


def test_a_site_needs_users(behind: Service) -> None:
    with pytest.raises(SettingError, match="without a password"):
        replace(behind, users=None)
    with pytest.raises(SettingError, match="IP address"):
        replace(behind, proxy="*")
    assert replace(behind, site="http://memory.example:8080").secure is False
    assert replace(behind, site="https://[::1]:8443").secure is True

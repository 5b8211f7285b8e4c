"""What comes through the guard, and what each answer says to the browser."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import FileResponse, PlainTextResponse, Response

from jarvis_plugins.serving import Service
from jarvis_plugins.serving.rate import Rate
from jarvis_plugins.serving.routes import LOOK
from jarvis_plugins.serving.server import walled
from jarvis_plugins.serving.sessions import Sessions


def client(
    service: Service | None = None, base: str = "http://127.0.0.1:8080", pages: int = 1000
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

    transport = httpx.ASGITransport(walled(app, service or Service(), Sessions(), Rate(pages)))
    return httpx.AsyncClient(transport=transport, base_url=base)


@pytest.mark.parametrize(
    "origin",
    [
        "http://[",
        "http://[::1",
        "null",
        "",
        "http://127.0.0.1:8081",
        "http://127.0.0.1:8080@evil.example",
        "https://evil.example",
    ],
)
async def test_an_origin_that_is_not_this_page(origin: str) -> None:
    async with client() as visitor:
        assert (await visitor.get("/", headers={"Origin": origin})).status_code == 403
        assert (await visitor.get("/", headers={"Origin": "http://127.0.0.1:8080"})).status_code == 200


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

"""Pictures in and out; each route asks whose request it is, an id alone opens nothing."""

from __future__ import annotations

import asyncio
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from fastapi import FastAPI, Request
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, Response

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.crops import crop
from jarvis_retrievers.errors import InputError, JarvisError
from jarvis_retrievers.images import load_image

from .bodies import Bodies
from .guard import OWNER
from .owners import Owners
from .sample import Suggestion
from .tray import preview, too_large

__all__ = ["LOOK", "add_routes"]

LOOK: Final = Path(__file__).parent / "look"
"""The page's own files."""

_NOT_KEPT: Final = {"Cache-Control": "private, no-store"}
_SIDE: Final = 144


def add_routes(app: FastAPI, owners: Owners, suggestions: Sequence[Suggestion]) -> None:
    """The routes of photos, crops, pictures of messages, uploads, and of the page's own files."""
    bodies = Bodies(owners.limits.uploads)

    @app.get("/look/{name}")
    async def look(name: str) -> Response:
        found = {path.name: path for path in LOOK.iterdir()}.get(name)
        return FileResponse(found, headers={"Cache-Control": "no-cache"}) if found else _missing()

    @app.get("/sample/{number}.jpg")
    def sample(number: int) -> Response:
        shown = [one.picture for one in suggestions if one.picture is not None]
        return _jpeg(preview(load_image(shown[number]))) if 0 <= number < len(shown) else _missing()

    @app.get("/photo/{photo}.jpg")
    def photo(request: Request, photo: str) -> Response:
        try:
            return _jpeg(preview(owners.memory(request.scope[OWNER]).photo(photo)))
        except JarvisError:
            return _missing()

    @app.get("/crop/{photo}/{left}-{top}-{right}-{bottom}.jpg")
    def part(request: Request, photo: str, left: int, top: int, right: int, bottom: int) -> Response:
        try:
            image = owners.memory(request.scope[OWNER]).photo(photo)
            return _cut(image, Box(left, top, right, bottom))
        except JarvisError:
            return _missing()

    @app.get("/picture/{desk}/{picture}.jpg")
    def picture(request: Request, desk: str, picture: str) -> Response:
        try:
            return _jpeg(owners.desk(request.scope[OWNER], desk).picture(picture).shown)
        except JarvisError:
            return _missing()

    @app.get("/region/{desk}/{picture}/{left}-{top}-{right}-{bottom}.jpg")
    def region(
        request: Request, desk: str, picture: str, left: int, top: int, right: int, bottom: int
    ) -> Response:
        try:
            image = load_image(owners.desk(request.scope[OWNER], desk).picture(picture).data)
            return _cut(image, Box(left, top, right, bottom))
        except JarvisError:
            return _missing()

    @app.post("/upload/{desk}/{tray}")
    async def upload(request: Request, desk: str, tray: str) -> Response:
        name = unquote(request.headers.get("x-name", ""))
        try:
            there = owners.desk(request.scope[OWNER], desk)
        except JarvisError:
            return _gone()
        into = {"ask": there.asking, "teach": there.teaching}.get(tray)
        if into is None:
            return _gone()
        wait = math.ceil(
            owners.rates.uploads.take(there.owner, request.client.host if request.client else "")
        )
        if wait:
            said = {"error": f"these are too many pictures; try again in {wait} s"}
            return JSONResponse(said, 429, {"Retry-After": str(wait)})
        try:
            with into.place() as fill:
                async with bodies.hold(there.owner):
                    async with asyncio.timeout(owners.limits.upload_seconds):
                        data = await _body(request, into.file_bytes)
                    if data is None:
                        return JSONResponse({"error": too_large(name, into.file_bytes)}, 413)
                    made = await run_in_threadpool(fill, name, data)
        except TimeoutError:
            return JSONResponse({"error": "this took too long; try again, or make it smaller"}, 408)
        except InputError as error:
            # 200, as a browser complains of other numbers in its console; the page says what was wrong.
            return JSONResponse({"error": str(error)})
        return JSONResponse({"id": made.id})


async def _body(request: Request, most: int) -> bytes | None:
    """The body, or None as soon as it is known to be longer than ``most``."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        return None
    out = io.BytesIO()
    async for chunk in request.stream():
        if out.tell() + len(chunk) > most:
            return None
        out.write(chunk)
    return out.getvalue()


def _cut(image: Image.Image, box: Box) -> Response:
    return _jpeg(preview(crop(image, box, _SIDE)))


def _jpeg(data: bytes) -> Response:
    return Response(data, media_type="image/jpeg", headers=_NOT_KEPT)


def _gone() -> Response:
    # The same words whether the tab was closed, is another owner's, or never was.
    return JSONResponse({"error": "this tab is not known any more; load the page again"}, 404)


def _missing() -> Response:
    return Response(status_code=404)

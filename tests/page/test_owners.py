"""Owners behind a login see nothing of each other."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.page.conftest import Visit, photos


def test_nobody_comes_in_without_a_password(shared_home: str, visit: Visit) -> None:
    ana = visit(shared_home)
    ana.sign_in("ana", "wrong password")
    expect(ana.page.get_by_role("alert")).to_have_text("This name and password do not go together.")
    assert ana.page.locator(".shell").count() == 0
    # A browser itself complains of the number 403.
    assert all("403" in said for said in ana.complaints)
    ana.complaints.clear()
    ana.sign_in("ana")
    expect(ana.page.get_by_role("textbox", name="Your message")).to_be_visible()
    cookie = next(one for one in ana.context.cookies() if one["name"] == "jarvis")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    ana.page.get_by_role("button", name="Sign out").click()
    expect(ana.page.get_by_role("button", name="Sign in")).to_be_visible()
    ana.page.goto(f"{shared_home}/")
    expect(ana.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_owners_see_nothing_of_each_other(shared_home: str, visit: Visit) -> None:
    ana, bo = visit(shared_home), visit(shared_home)
    ana.sign_in("ana")
    bo.sign_in("bo")
    ana.teach("Nori", "Nori likes cheese.", photos("nori"))
    expect(ana.page.locator(".card")).to_have_count(1)
    ana.page.locator("#ask-files").set_input_files(photos("nori", 1))
    expect(ana.page.locator(".composer .thumb")).to_have_count(1)
    assert "cheese" in ana.ask("What does Nori like?")

    expect(bo.page.locator(".album").get_by_text("Nothing is remembered yet.")).to_be_visible()
    assert "cheese" not in bo.ask("What does Nori like?")
    expect(bo.page.locator(".chip")).to_have_count(0)
    sources = ana.page.locator(".card img, .you img, .proof img").evaluate_all(
        "images => images.map(image => image.src)"
    )
    assert {re.sub(r"^https?://[^/]+/(\w+)/.*", r"\1", source) for source in sources} >= {
        "photo",
        "crop",
        "picture",
    }
    desk = str(ana.page.locator(".shell").get_attribute("data-desk"))
    for source in sources:
        assert ana.context.request.get(source).status == 200
        assert bo.context.request.get(source).status == 404
    sent = bo.context.request.post(f"{shared_home}/upload/{desk}/ask", data=photos("nori", 1)[0].read_bytes())
    assert sent.status == 404
    ana.forget("Nori")
    for source in sources:
        if "/photo/" in source or "/crop/" in source:
            assert ana.context.request.get(source).status == 404


def request(site: str, method: str, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=30)
    try:
        connection.request(
            method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        return connection.getresponse().status
    finally:
        connection.close()


def test_requests_without_a_session(shared_home: str) -> None:
    assert request(shared_home, "GET", "/") == 303
    for path in ("/photo/x.jpg", "/crop/x/0-0-9-9.jpg", "/picture/x/y.jpg", "/_nicegui_ws/socket.io/?EIO=4"):
        assert request(shared_home, "GET", path) == 401
    assert request(shared_home, "POST", "/upload/x/ask") == 401


def test_requests_of_other_pages(household: str) -> None:
    assert request(household, "GET", "/") == 200
    assert request(household, "GET", "/", Host="rebound.example") == 421
    assert request(household, "POST", "/upload/x/ask", Origin="https://evil.example") == 403
    socket = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    assert (
        request(household, "GET", socket, **upgrade, Sec_WebSocket_Key=key, Origin="https://evil.example")
        == 403
    )


def test_a_large_upload_is_refused_before_it_is_read(household: str, visit: Visit) -> None:
    guest = visit(household)
    guest.open()
    desk = guest.page.locator(".shell").get_attribute("data-desk")
    assert request(household, "POST", f"/upload/{desk}/ask", Content_Length=str(50 * 2**20)) == 413

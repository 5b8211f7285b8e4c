"""A real server on a free port, and visitors in a real Chromium; without one these tests are skipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.house.tree import ROOT
from tests.serving.running import PASSWORDS, serving, shared

HOUSEHOLD = ROOT / "examples" / "household"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECONDS = 60_000.0


def photos(name: str, count: int = 2) -> list[Path]:
    return [HOUSEHOLD / "photos" / f"{name}-{number}.png" for number in range(1, count + 1)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no chromium on this machine; install it to test the page (Debian: apt install chromium)")
    # Stopped with the module: its loop would be in the way of asynchronous tests elsewhere.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        expect.set_options(timeout=SECONDS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def household(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page as it comes: one owner, the drawn household."""
    yield from serving(tmp_path_factory.mktemp("temporary"))


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of ana and bo, behind a login, in a home that is empty at first."""
    yield from serving(tmp_path_factory.mktemp("temporary"), *shared(tmp_path_factory.mktemp("page")))


@dataclass
class Visitor:
    """One browser context of its own, with all that it asked for and complained of."""

    context: BrowserContext
    page: Page
    site: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def sign_in(self, owner: str, password: str | None = None) -> None:
        self.page.goto(f"{self.site}/")
        self.page.get_by_label("Name").fill(owner)
        self.page.get_by_label("Password").fill(PASSWORDS[owner] if password is None else password)
        self.page.get_by_role("button", name="Sign in").click()

    def open(self) -> None:
        self.page.goto(f"{self.site}/")
        expect(self.page.get_by_role("textbox", name="Your message")).to_be_visible()

    def ask(self, text: str) -> str:
        """Say something; the answer when it is whole."""
        before = self.page.locator(".turn").count()
        self.page.get_by_role("textbox", name="Your message").fill(text)
        self.page.get_by_role("textbox", name="Your message").press("Enter")
        return self.answer(before)

    def answer(self, number: int) -> str:
        """The answer of a turn, counted from 0, when it is whole."""
        said = self.page.locator(".turn").nth(number).locator(".text")
        expect(said).to_have_attribute("aria-busy", "false")
        return said.inner_text()

    def teach(self, name: str, notes: str, files: list[Path]) -> None:
        self.page.get_by_role("button", name="Teach", exact=True).click()
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_label("Notes", exact=True).fill(notes)
        self.page.locator("#teach-files").set_input_files(files)
        expect(self.page.locator(".sheet .thumb")).to_have_count(len(files))
        self.page.get_by_role("button", name="Remember").click()

    def forget(self, name: str) -> None:
        card = self.page.locator(".card", has=self.page.get_by_text(name, exact=True))
        if card.get_attribute("open") is None:
            card.locator("summary").click()
        self.page.get_by_role("button", name=f"Forget {name}").click()
        self.page.get_by_role("alertdialog").get_by_role("button", name="Forget").click()
        expect(card).to_have_count(0)


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """Makes visitors; in the end none of them may have complained, or asked another host for anything."""
    made: list[Visitor] = []

    def visitor(site: str, width: int = 1280, height: int = 860) -> Visitor:
        context = chromium.new_context(viewport=ViewportSize(width=width, height=height))
        context.set_default_timeout(SECONDS)
        one = Visitor(context, context.new_page(), site)
        context.on("request", lambda request: one.hosts.add(urlsplit(request.url).netloc))
        context.on("weberror", lambda error: one.complaints.append(str(error.error)))
        context.on(
            "console",
            lambda said: one.complaints.append(said.text) if said.type in ("error", "warning") else None,
        )
        one.page.on("websocket", lambda socket: one.hosts.add(urlsplit(socket.url).netloc))
        made.append(one)
        return one

    yield visitor
    for one in made:
        one.context.close()
        assert one.complaints == []
        assert one.hosts <= {urlsplit(one.site).netloc, ""}

"""Pictures of the page of ``jarvis serve``, taken in a real Chromium: ``python -m benchmarks.screenshots``.

Needs the extra ``demo``, playwright and a Chromium on the PATH. Times on the pictures are those of the
machine that has taken them.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from jarvis_plugins.demo import household_folder

FIGURES = Path(__file__).resolve().parents[1] / "docs" / "figures"
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
SECONDS = 120_000


@contextmanager
def serving() -> Iterator[str]:
    """The address of the page with the drawn household."""
    command = [sys.executable, "-m", "jarvis_plugins.cli.app", "serve", "--no-open", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        assert server.stdout is not None
        found = next(filter(None, (re.search(r"http://\S+", line) for line in server.stdout)), None)
        if found is None:
            raise SystemExit("the page could not be served; see above")
        yield found[0]
        server.terminate()


def ask(page: Page, text: str, picture: Path | None = None) -> None:
    """Say something and wait until its answer is whole and measured."""
    turns = page.locator(".turn").count()
    if picture is not None:
        page.locator("#ask-files").set_input_files(picture)
        expect(page.locator(".composer .thumb")).to_have_count(1)
    page.locator("#words").fill(text)
    page.locator("#words").press("Enter")
    expect(page.locator(".turn").nth(turns).locator(".text")).to_have_attribute("aria-busy", "false")
    if page.locator(".turn").nth(turns).locator(".tokens").count():
        expect(page.locator(".turn").nth(turns).locator(".bars")).to_be_visible()
    expect(page.locator("img").nth(0)).to_be_visible()


def shoot(page: Page, name: str, out: Path) -> None:
    """Save what is seen, in 256 colours: a page has few, and the file is small."""
    page.evaluate("() => document.activeElement.blur()")
    page.wait_for_timeout(600)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(256, kmeans=8, dither=Image.Dither.NONE).save(out / f"{name}.png", optimize=True)
    print(out / f"{name}.png")


def desktop(page: Page, out: Path, name: str) -> None:
    """A question about one, a picture question, and an open card."""
    scenes = household_folder() / "scenes"
    ask(page, "What does Fabi like?")
    ask(page, "Who is on the left?", scenes / "scene-6.png")
    page.locator(".chip", has_text="Liki").last.click()
    page.locator("#scroll").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    shoot(page, name, out)


def teaching(page: Page, out: Path) -> None:
    """The dialog in which something is taught."""
    photos = household_folder() / "photos"
    page.get_by_role("button", name="Teach", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Mochi")
    page.get_by_label("Notes", exact=True).fill("Mochi likes noodles. Mochi was born in May.")
    page.locator("#teach-files").set_input_files([photos / "zifa-1.png", photos / "zifa-2.png"])
    expect(page.locator(".sheet .thumb")).to_have_count(2)
    shoot(page, "demo-teach", out)
    page.keyboard.press("Escape")


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIGURES, help="the folder that they are saved in")
    out: Path = parser.parse_args().out
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise SystemExit("there is no chromium on the PATH; install one")
    with serving() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        expect.set_options(timeout=SECONDS)

        def page(width: int, height: int, *, dark: bool = False) -> Page:
            size = ViewportSize(width=width, height=height)
            opened = browser.new_page(viewport=size, color_scheme="dark" if dark else "light")
            opened.set_default_timeout(SECONDS)
            opened.goto(site)
            expect(opened.locator(".card")).to_have_count(7)
            return opened

        light = page(1280, 900)
        shoot(light, "demo-start", out)
        teaching(light, out)
        desktop(light, out, "demo-light")
        desktop(page(1280, 900, dark=True), out, "demo-dark")
        phone = page(390, 844)
        ask(phone, "Who is that in the middle?", household_folder() / "scenes" / "scene-7.png")
        shoot(phone, "demo-phone", out)
        phone = page(390, 844, dark=True)
        ask(phone, "Who is older, Liki or Nori?")
        ask(phone, "What does my cat like?")
        shoot(phone, "demo-ask-back", out)
        browser.close()


if __name__ == "__main__":
    main()

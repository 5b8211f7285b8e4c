"""Teach, ask, forget, ask again; and what is brought that cannot be used."""

from __future__ import annotations

import base64
from pathlib import Path

from playwright.sync_api import expect

from tests.page.conftest import HOUSEHOLD, Visit, photos

PNG = base64.b64encode((HOUSEHOLD / "photos" / "fabi-1.png").read_bytes()).decode("ascii")


def test_from_teaching_to_forgetting(shared_home: str, visit: Visit) -> None:
    ana = visit(shared_home)
    ana.sign_in("ana")
    ana.teach("Fabi", "Fabi likes carrots. Fabi belongs to Ana.", photos("fabi"))
    card = ana.page.locator(".card", has=ana.page.get_by_text("Fabi", exact=True))
    card.locator("summary").click()
    expect(card.locator(".photo img")).to_have_count(2)
    assert card.locator(".patch").count() >= 2
    expect(card.locator(".facts")).to_contain_text("Fabi likes carrots.")

    grown = ana.page.evaluate(
        """() => {
            window.seen = [];
            new MutationObserver(() => {
                const said = document.querySelector(".turn .text");
                if (said) window.seen.push(said.innerText);
            }).observe(document.body, {childList: true, subtree: true, characterData: true});
        }"""
    )
    assert grown is None
    assert "carrots" in ana.ask("What does Fabi like?")
    seen = [text for text in ana.page.evaluate("() => window.seen") if text]
    assert len({len(text) for text in seen}) > 1, "the answer came in one piece"

    turn = ana.page.locator(".turn").first
    expect(turn.locator(".chip")).to_have_text(["Fabi"])
    expect(turn.locator(".tokens .reused")).to_contain_text("tokens reused")
    reused = int(turn.locator(".tokens .reused").inner_text().split()[0])
    assert reused > 50
    expect(turn.locator(".tokens .tag")).to_have_text("compose")
    expect(turn.locator(".bar.full .value")).to_contain_text("ms")
    expect(turn.locator(".bar.stored .value")).to_contain_text("ms")
    crops = turn.locator(".proof img")
    assert crops.count() >= 2
    assert all(crops.nth(i).evaluate("image => image.naturalWidth") > 0 for i in range(crops.count()))

    ana.forget("Fabi")
    expect(crops).to_have_count(0)
    assert "carrots" not in ana.ask("What does Fabi like?")
    expect(ana.page.locator(".turn").nth(1).locator(".chip")).to_have_count(0)


def test_doubts_are_shown(shared_home: str, visit: Visit) -> None:
    ana = visit(shared_home)
    ana.sign_in("ana")
    ana.teach("Domu", "Domu was born in May.", photos("domu"))
    expect(ana.page.locator(".card")).to_have_count(1)
    ana.teach("Rumi", "Rumi was born in May. Rumi was born in June.", photos("domu", 3)[2:])
    doubts = ana.page.get_by_role("alertdialog")
    expect(doubts.locator(".doubt").first).to_be_visible()
    told = " ".join(doubts.locator(".doubt").all_inner_texts())
    assert "contradict each other" in told
    assert "'Domu'" in told
    doubts.get_by_role("button", name="Forget").click()
    expect(ana.page.locator(".card")).to_have_count(1)
    ana.forget("Domu")


def test_a_name_that_is_there_is_added_to(shared_home: str, visit: Visit) -> None:
    ana = visit(shared_home)
    ana.sign_in("ana")
    ana.teach("Liki", "Liki likes noodles.", photos("liki", 1))
    ana.teach("Liki", "Liki was born in May.", photos("liki")[1:])
    expect(ana.page.locator(".sheet .complaint")).to_contain_text("'Liki' is remembered already")
    ana.page.get_by_role("button", name="Add to Liki instead").click()
    ana.page.get_by_role("button", name="Remember").click()
    card = ana.page.locator(".card")
    expect(card).to_have_count(1)
    expect(card.locator(".photo")).to_have_count(2)
    ana.forget("Liki")


def test_files_that_cannot_be_used(household: str, visit: Visit, tmp_path: Path) -> None:
    guest = visit(household)
    guest.open()
    large = tmp_path / "holiday.png"
    with large.open("wb") as out:
        out.truncate(50 * 2**20)
    guest.page.locator("#ask-files").set_input_files(large)
    expect(guest.page.get_by_text("'holiday.png' is larger than 20 MB")).to_be_visible()
    letter = tmp_path / "letter.png"
    letter.write_text("Dear Jarvis", encoding="utf-8")
    guest.page.locator("#ask-files").set_input_files(letter)
    expect(guest.page.get_by_text("'letter.png' is not an image that can be read")).to_be_visible()
    expect(guest.page.locator(".composer .thumb")).to_have_count(0)
    assert "carrots" in guest.ask("What does Fabi like?")


def test_more_pictures_than_may_be(household: str, visit: Visit) -> None:
    guest = visit(household)
    guest.open()
    guest.page.locator("#ask-files").set_input_files(
        [*photos("fabi", 3), *photos("liki", 3), *photos("nori", 3)]
    )
    expect(guest.page.locator(".composer .thumb")).to_have_count(8)
    expect(guest.page.get_by_text("8 pictures at once are the most")).to_be_visible()
    guest.page.get_by_role("button", name="Take fabi-1.png away").click()
    expect(guest.page.locator(".composer .thumb")).to_have_count(7)


def test_pictures_are_dropped_and_pasted(household: str, visit: Visit) -> None:
    guest = visit(household)
    guest.open()
    for event in ("drop", "paste"):
        guest.page.evaluate(
            """([type, png]) => {
                const bytes = Uint8Array.from(atob(png), (one) => one.charCodeAt(0));
                const data = new DataTransfer();
                data.items.add(new File([bytes], `${type}.png`, {type: "image/png"}));
                const event = type === "drop"
                    ? new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true})
                    : new ClipboardEvent(type, {clipboardData: data, bubbles: true, cancelable: true});
                document.querySelector("#words").dispatchEvent(event);
            }""",
            [event, PNG],
        )
        expect(guest.page.get_by_alt_text(f"{event}.png")).to_be_visible()
    expect(guest.page.locator(".composer .thumb")).to_have_count(2)

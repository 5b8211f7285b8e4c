"""The conversation: suggestions, pictures, keys, a narrow window, and text that is nothing but text."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.page.conftest import HOUSEHOLD, Visit, photos

HOSTILE = '<img src=x onerror="window.broken=1">'


def test_suggestions_and_a_picture(household: str, visit: Visit) -> None:
    guest = visit(household)
    guest.open()
    expect(guest.page.locator(".card")).to_have_count(7)
    assert guest.page.locator(".suggestion").count() >= 3
    guest.page.locator(".sample", has_text="Who is on the left?").first.click()
    assert "Liki" in guest.answer(0)
    turn = guest.page.locator(".turn").first
    expect(turn.locator(".you img")).to_be_visible()
    expect(turn.locator(".pair").first).to_be_visible()
    pair = turn.locator(".pair img")
    assert all(pair.nth(i).evaluate("image => image.naturalWidth") > 0 for i in range(pair.count()))
    assert re.fullmatch(r"[01]\.\d\d", turn.locator(".cosine").first.inner_text())
    expect(turn.locator(".race .bars")).to_be_visible()
    guest.page.locator(".chip", has_text="Liki").first.click()
    expect(guest.page.locator(".card[open] .name")).to_have_text("Liki")


def test_a_question_behind_a_question(household: str, visit: Visit) -> None:
    guest = visit(household)
    guest.open()
    guest.ask("What does Liki like?")
    assert "May" in guest.ask("When was she born?")


def test_asked_back_and_confirmed_with_buttons(household: str, visit: Visit) -> None:
    guest = visit(household)
    guest.open()
    guest.ask("What does my cat like?")
    choices = guest.page.get_by_role("group", name="Answers to choose from").get_by_role("button")
    expect(choices).to_have_text(["Liki", "Nori"])
    choices.first.click()
    assert "noodles" in guest.answer(1)
    expect(choices).to_have_count(0)
    guest.ask("Forget Zifa.")
    choices.filter(has_text="no").click()
    guest.answer(3)
    expect(guest.page.locator(".card")).to_have_count(7)


def test_keys(household: str, visit: Visit) -> None:
    guest = visit(household)
    guest.open()
    words = guest.page.get_by_role("textbox", name="Your message")
    words.press("Enter")
    expect(guest.page.locator(".turn")).to_have_count(0)
    words.type("What does Fabi like?")
    words.press("Shift+Enter")
    words.type("Thank you.")
    expect(words).to_have_value("What does Fabi like?\nThank you.")
    words.fill("What does Fabi like?")
    words.press("Enter")
    assert "carrots" in guest.answer(0)
    expect(words).to_be_focused()
    expect(words).to_have_value("")

    guest.page.get_by_role("button", name="Teach", exact=True).focus()
    guest.page.keyboard.press("Enter")
    expect(guest.page.get_by_label("Name", exact=True)).to_be_focused()
    guest.page.keyboard.press("Tab")
    expect(guest.page.get_by_label("Notes", exact=True)).to_be_focused()
    guest.page.keyboard.press("Escape")
    expect(guest.page.locator(".sheet")).to_have_count(0)

    summary = guest.page.locator(".card summary").first
    summary.focus()
    guest.page.keyboard.press("Enter")
    expect(guest.page.locator(".card[open]")).to_have_count(1)
    outline = "element => getComputedStyle(element).outlineStyle"
    assert summary.evaluate(outline) != "none", "the focus cannot be seen"
    guest.page.keyboard.press("Tab")
    assert guest.page.evaluate("() => document.activeElement.getAttribute('aria-label')").startswith(
        "Ask about"
    )


def test_a_narrow_window(household: str, visit: Visit) -> None:
    guest = visit(household, width=390, height=844)
    guest.open()
    wide = "() => document.documentElement.scrollWidth"
    assert guest.page.evaluate(wide) == 390
    album = guest.page.get_by_role("complementary", name="Concepts")
    expect(album).to_be_hidden()
    guest.page.locator("#ask-files").set_input_files(HOUSEHOLD / "scenes" / "scene-7.png")
    expect(guest.page.locator(".composer .thumb")).to_have_count(1)
    assert "Fabi" in guest.ask("Who is that in the middle?")
    expect(guest.page.locator(".turn .bars")).to_be_visible()
    assert guest.page.evaluate(wide) == 390
    guest.page.get_by_role("button", name="Concepts", exact=True).click()
    expect(album).to_be_visible()
    guest.page.locator(".card summary").first.click()
    assert guest.page.evaluate(wide) == 390
    guest.page.keyboard.press("Escape")
    expect(album).to_be_hidden()
    guest.page.get_by_role("button", name="Teach", exact=True).click()
    expect(guest.page.get_by_label("Notes", exact=True)).to_be_visible()
    assert guest.page.evaluate(wide) == 390


def test_what_is_written_is_only_text(shared_home: str, visit: Visit) -> None:
    ana = visit(shared_home)
    ana.sign_in("ana")
    name = "Bo `${window.broken=1}` </script><b>bold</b>"
    ana.teach(name, f"Bo likes {HOSTILE} **and** [tea](javascript:window.broken=1).", photos("zifa"))
    card = ana.page.locator(".card")
    expect(card).to_have_count(1)
    expect(card.locator(".name")).to_have_text(name)
    card.locator("summary").click()
    expect(card.locator(".facts")).to_contain_text("onerror")
    ana.ask(HOSTILE)
    ana.ask(f"What does {name} like?")
    expect(ana.page.locator(".bubble").first).to_have_text(HOSTILE)
    # Loaded afresh, all of it stands in the first page that is sent.
    ana.page.reload()
    expect(card.locator(".name")).to_have_text(name)
    assert ana.page.evaluate("() => window.broken") is None
    assert ana.page.locator(".shell b, .shell strong, .shell img[src='x'], .shell a").count() == 0
    card.locator("summary").click()
    card.get_by_role("button", name="Forget").click()
    ana.page.get_by_role("alertdialog").get_by_role("button", name="Forget").click()
    expect(card).to_have_count(0)

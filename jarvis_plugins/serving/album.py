"""The side panel: a card for each concept, with photos, patches and profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from nicegui import ui
from nicegui.element import Element

from jarvis_memory import Concept

from .build import button, part, picture, words

__all__ = ["Album"]

_COLOURS: Final = 6
_MOST: Final = 100


class Album:
    """The side panel.

    Args:
        forget: called with the name of a concept that is to be forgotten.
        add: called with the name of a concept that is to be told more of.
        ask: called with a question.
        teach: called when something new is to be taught.
    """

    def __init__(
        self,
        forget: Callable[[str], None],
        add: Callable[[str], None],
        ask: Callable[[str], object],
        teach: Callable[[], None],
    ) -> None:
        self._forget, self._add, self._ask, self._teach = forget, add, ask, teach
        self._cards: dict[str, Element] = {}
        self.aside = part("aside", "album", id="album", aria_label="Concepts")
        with self.aside:
            with part("div", "album-head"):
                words("h2", "Concepts")
                self._count = words("span", "", "quiet count")
                button("Close", "ghost close", aria_label="Close the concepts").on(
                    "click", js_handler="() => jarvis.album(false)"
                )
            self._list = part("div", "cards")

    def show(self, concepts: Sequence[Concept]) -> None:
        """Build all cards again, newest first."""
        self._count.text = str(len(concepts))
        self._list.clear()
        self._cards.clear()
        with self._list:
            for concept in reversed(concepts[-_MOST:]):
                self._cards[concept.name] = self._card(concept)
            if len(concepts) > _MOST:
                more = len(concepts) - _MOST
                words("p", f"{more} older ones are not listed here; they can be asked about.", "quiet small")
            if not concepts:
                self._empty()

    def open(self, name: str) -> None:
        """Open one card and bring it into view."""
        if name in self._cards:
            ui.run_javascript(f"jarvis.card({self._cards[name].id})")

    def _empty(self) -> None:
        with part("div", "empty"):
            words("p", "Nothing is remembered yet.")
            words("p", "Show your cat, your mug or your daughter once; then ask.", "quiet")
            button("Teach something", "strong").on("click", lambda: self._teach())

    def _card(self, concept: Concept) -> Element:
        card = part("details", "card", name="concept")
        with card:
            with part("summary", ""):
                if concept.photos:
                    picture(f"/photo/{concept.now.photos[0].id}.jpg", "", "face")
                with part("div", "who"):
                    words("span", concept.name, "name")
                    words("span", _line(concept), "quiet line")
            with part("div", "inside"):
                self._photos(concept)
                self._profile(concept)
                with part("div", "actions"):
                    question = f"What does {concept.name} look like?"
                    button("Ask", "ghost", aria_label=f"Ask about {concept.name}").on(
                        "click", lambda: self._ask(question)
                    )
                    button("Add", "ghost", aria_label=f"Add photos or notes to {concept.name}").on(
                        "click", lambda: self._add(concept.name)
                    )
                    button("Forget", "ghost danger", aria_label=f"Forget {concept.name}").on(
                        "click", lambda: self._forget(concept.name)
                    )
        return card

    def _photos(self, concept: Concept) -> None:
        with part("div", "photos"):
            for number, photo in enumerate(concept.photos, start=1):
                with part("div", "photo").style(f"aspect-ratio: {photo.width} / {photo.height}"):
                    picture(f"/photo/{photo.id}.jpg", f"Photo {number} of {concept.name}", loading="lazy")
                    patches = [patch for patch in concept.patches if patch.photo_id == photo.id]
                    for patch in patches:
                        place = concept.patches.index(patch)
                        box, title = patch.box, f"Patch {place + 1}, score {patch.score:.2f}"
                        part("span", f"patch c{place % _COLOURS}", title=title).style(
                            f"left: {100 * box.left / photo.width:.2f}%; "
                            f"top: {100 * box.top / photo.height:.2f}%; "
                            f"width: {100 * box.width / photo.width:.2f}%; "
                            f"height: {100 * box.height / photo.height:.2f}%"
                        )

    def _profile(self, concept: Concept) -> None:
        profile = concept.profile
        if profile.caption:
            words("p", profile.caption, "caption")
        if profile.attributes:
            with part("ul", "attributes"):
                for attribute in profile.attributes:
                    words("li", attribute)
        if profile.facts:
            with part("ul", "facts"):
                for fact in profile.facts:
                    words("li", fact)
        photos, patches = len(concept.photos), len(concept.patches)
        words(
            "p",
            f"{photos} photo{'s' * (photos != 1)}, {patches} patch{'es' * (patches != 1)}",
            "quiet small",
        )


def _line(concept: Concept) -> str:
    profile = concept.profile
    return profile.category or profile.caption or (profile.facts[0] if profile.facts else "no notes")

"""What a conversation knows of the concepts in memory: names, categories, sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jarvis_memory.concept import Concept
from jarvis_memory.profile import profile_text

from .words import BROADER, EVERYBODY, THINGS

__all__ = ["Known", "listed", "plural", "singular"]


class Known:
    """One look at a memory; made anew for each step, as concepts come and go.

    Args:
        concepts: oldest first.
        looks: of some of them, id and how the model says that they look ("Bo is a brown dog.").
    """

    def __init__(self, concepts: Sequence[Concept], looks: Sequence[tuple[str, str]] = ()) -> None:
        self._looks = dict(looks)
        self.concepts = {concept.name: concept for concept in concepts}
        self.spellings = {concept.name: (concept.name, *concept.aliases) for concept in concepts}
        self._names = {concept.id: concept.name for concept in concepts}

    @property
    def names(self) -> tuple[str, ...]:
        """All names, oldest concept first."""
        return tuple(self.concepts)

    @property
    def ids(self) -> frozenset[str]:
        """All ids."""
        return frozenset(self._names)

    def named(self, ids: Sequence[str]) -> tuple[str, ...]:
        """The names of these ids, as far as they are there."""
        return tuple(self._names[one] for one in ids if one in self._names)

    def keys(self, names: Sequence[str]) -> tuple[str, ...]:
        """The ids of these names, as far as they are there."""
        return tuple(self.concepts[name].id for name in names if name in self.concepts)

    def facts(self, name: str) -> tuple[str, ...]:
        """The sentences of a profile."""
        return self.concepts[name].profile.facts

    def unseen(self) -> tuple[str, ...]:
        """Names of those of whom neither notes nor a look say what they are."""
        return tuple(
            name
            for name, one in self.concepts.items()
            if not (one.category or one.profile.category) and one.id not in self._looks
        )

    def unlooked(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of these names of whom no look is known."""
        return tuple(
            name for name in names if name in self.concepts and self.concepts[name].id not in self._looks
        )

    def look(self, name: str) -> str:
        """How the model says that it looks; "" if it was not asked."""
        return self._looks.get(self.concepts[name].id, "")

    def kinds(self, name: str) -> frozenset[str]:
        """Words for what it is, broader ones too: "shiba", "dog", "pet", "animal"."""
        one = self.concepts[name]
        known = one.category or one.profile.category
        words = _words(known) if known else _kind(self.look(name), name)
        broader = {kind for kind, narrower in BROADER.items() if words & narrower or kind in words}
        broader |= {kind for kind, narrower in BROADER.items() if broader & narrower}
        if words and not broader & {"pet", "person", "animal", "people"}:
            broader |= THINGS
        return words | broader

    def words(self, name: str) -> frozenset[str]:
        """All words that describe it: profile and look."""
        one = self.concepts[name]
        return _words(f"{profile_text(one.profile)} {self.look(name)}") - _words(name)

    def group(self, noun: str, described: Sequence[str] = ()) -> tuple[str, ...]:
        """Those that a noun, in the singular, fits, and every word before it."""
        return tuple(
            name
            for name in self.concepts
            if (noun in EVERYBODY or noun in self.kinds(name)) and set(described) <= self.words(name)
        )


def _words(text: str) -> frozenset[str]:
    return frozenset(singular(word) for word in re.findall(r"[^\W\d_]+", text.casefold()))


def _kind(look: str, name: str) -> frozenset[str]:
    """The noun of "Bo is a brown dog with a hat."; nothing of any other text."""
    match = re.match(rf"{re.escape(name)} is (?:an? )?([^.,;:]+?)(?: with | that | who |[.,;:]|\Z)", look)
    words = re.findall(r"[^\W\d_]+", match[1].casefold()) if match else []
    return frozenset({singular(words[-1])}) if words and "unknown" not in words else frozenset()


_IRREGULAR = {
    "mice": "mouse", "geese": "goose", "people": "person", "children": "child", "men": "man",
    "women": "woman", "wives": "wife", "puppies": "puppy", "ponies": "pony", "bunnies": "bunny",
    "babies": "baby", "kitties": "kitty", "fishes": "fish", "glasses": "glass", "everybody": "everybody",
}  # fmt: skip


def singular(word: str) -> str:
    """A noun in the singular, by rule: "dogs" gives "dog", "boxes" "box", "glass" stays."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return (
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    )


def plural(noun: str) -> str:
    """A noun in the plural, by rule; one that is in the plural stays."""
    if singular(noun.split()[-1]) != noun.split()[-1]:
        return noun
    return f"{noun}es" if noun.endswith(("x", "ch", "sh", "ss")) else f"{noun}s"


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names as they are spoken: "Bo", "Bo and Mimi", "Bo, Mimi and Kiri"."""
    return (
        names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else "nobody"
    )

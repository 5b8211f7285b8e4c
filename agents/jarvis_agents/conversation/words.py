"""The English words by which a conversation is understood. Tables only."""

from __future__ import annotations

from typing import Final

__all__ = ["BROADER", "EVERYBODY", "LESS", "MONTHS", "MORE", "NO", "NUMBERS", "ORDINALS", "THINGS", "YES"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ANIMALS: Final = _words(
    "animal bee bird bunny cat chicken cow crow dog donkey duck ferret fish frog gecko goat goldfish "
    "goose hamster hedgehog horse kitten lizard mouse otter owl parrot pig pony puppy rabbit rat sheep "
    "snake spider squirrel tortoise turtle"
)
_PEOPLE: Final = _words(
    "aunt baby boy brother child colleague cousin daughter father friend girl grandfather grandmother "
    "husband kid man mother neighbour nephew niece partner person sister son teacher twin uncle wife woman"
)
_BREEDS: Final = {
    "dog": _words(
        "beagle bulldog chihuahua collie corgi dachshund doberman hound husky labrador mutt pinscher poodle "
        "pug puppy retriever rottweiler schnauzer setter shepherd shiba spaniel terrier"
    ),
    "cat": _words("bengal kitten kitty manx persian ragdoll siamese sphynx tabby tomcat"),
    "bird": _words(
        "budgie canary chicken cockatiel crow duck finch goose hen macaw owl parakeet parrot robin"
    ),
    "fish": _words("betta goldfish guppy koi tetra"),
    "rabbit": _words("bunny hare"),
    "turtle": _words("tortoise"),
    "mug": _words("cup"),
    "car": _words("van cabriolet"),
}

BROADER: Final[dict[str, frozenset[str]]] = {
    **_BREEDS,
    "pet": _ANIMALS
    | frozenset().union(*(_BREEDS[kind] for kind in ("dog", "cat", "bird", "fish", "rabbit"))),
    "person": _PEOPLE,
}
"""What counts as what, besides a word itself: whoever is a "shiba" is a "dog", and a "pet"."""
BROADER["animal"] = BROADER["creature"] = BROADER["pet"] | {"pet"}
BROADER["people"] = BROADER["human"] = BROADER["person"] | {"person"}

THINGS: Final = _words("belonging item object thing")
"""What is neither an animal nor a person."""

EVERYBODY: Final = _words("all everybody everyone household concepts")
"""Everything that the memory holds."""

NUMBERS: Final = {
    word: number
    for number, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
            *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
            *("nineteen", "twenty"),
        )
    )
}  # fmt: skip

MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

ORDINALS: Final = {"first": 0, "former": 0, "second": 1, "third": 2, "fourth": 3, "last": -1, "latter": -1}

YES: Final = _words("yes yeah yep sure correct right ok okay please exactly indeed confirm confirmed")
NO: Final = _words("no nope not never cancel stop wrong don't dont neither none nobody nevermind")

MORE: Final = {
    "older": "age", "oldest": "age", "heavier": "weight", "heaviest": "weight", "taller": "height",
    "tallest": "height", "later": "month", "latest": "month",
}  # fmt: skip
"""Words that ask for more, or the most, of a property."""
LESS: Final = {
    "younger": "age", "youngest": "age", "lighter": "weight", "lightest": "weight", "shorter": "height",
    "shortest": "height", "earlier": "month", "earliest": "month", "first": "month",
}  # fmt: skip
"""Words that ask for less, or the least."""

"""From notes to a profile, by rule: every fact becomes a line that names its concept.

A segment is found again by the model through its name, so "He loves noodles." is worth little and "Bo loves
noodles." is not. Nothing here guesses: a sentence that no rule knows is kept word for word behind the name
("Bo: ...").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from .concept import Profile, check_name

__all__ = ["build_profile", "fold_notes", "profile_text", "split_sentences", "with_article"]

# Sentence ends: Western marks before a space, East Asian ones anywhere, line breaks.
_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+|(?<=[。！？])|[\r\n\u2028\u2029]+")
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Prof|Mt|No|vs|approx|e\.g|i\.e)|\b[A-Z])\.\Z")
_BULLET = re.compile(r"(?:[-*•–]|\d{1,2}[.)])\s+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Third-person verbs that a note may start with, its subject left out.
_VERBS = _words(
    "adores answers avoids barks belongs bites brings can cannot carries chases climbs collects comes "
    "contains cooks cost costs could dislikes does drinks eats enjoys fears feels fits gets gives goes "
    "grew grows had hangs has hates hears hides holds hunts is jumps keeps knows laughs learned learns "
    "leaves lies likes listens lives looks loves made makes may meows moves must naps needs owns paints "
    "plays prefers purrs reads responds runs says sees sheds shows sings sits sleeps smells snores "
    "speaks spends stands stays studies swims takes teaches tends turned turns uses visits waits walks "
    "wants was watches wears weighs will works writes isn't doesn't wasn't won't can't hasn't"
)
_ADVERBS = _words("also always mostly never often only rarely really sometimes still usually")
_PARTICIPLES = _words(
    "adopted bought built called drawn found given hatched inherited knitted made named nicknamed "
    "painted raised rescued won"
)
_PREPOSITIONS = _words("after as at by for from in of on to when with")
_STATES = _words("afraid allergic crazy fond friends good great known proud scared shy used")
_COLOURS = _words(
    "beige black blue brown cream dark gold golden gray green grey light orange pink purple red silver "
    "spotted striped tan turquoise white yellow and with"
)
_NUMBERS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_AGE = re.compile(
    rf"(?:about |almost |nearly |over )?(?:\d+(?:[.,]\d+)?|{_NUMBERS})(?: and a half)? "
    r"(?:(?:years?|months?|weeks?|days?)(?: old)|(?:cm|m|mm|metres?|meters?|inch(?:es)?|feet|foot) "
    r"(?:tall|long|wide|high))\b",
    re.IGNORECASE,
)
_THEY = {"are": "is", "were": "was", "have": "has", "do": "does", "don't": "doesn't", "aren't": "isn't"}
_THEY |= {"weren't": "wasn't", "haven't": "hasn't"}
_THEY_BASE = {
    verb[:-1]: verb for verb in _VERBS if verb.endswith("s") and not verb.endswith(("ss", "es", "is", "as"))
}
_SILENT_E = (
    "adores bites chases comes dislikes gives hates hides leaves likes lives loves makes takes uses writes"
)
_THEY_BASE |= {verb[:-1]: verb for verb in _words(_SILENT_E)}
_THEY_BASE |= {"carry": "carries", "go": "goes", "study": "studies", "teach": "teaches", "watch": "watches"}
_SHORT = {"'s": "is", "'re": "is", "'ve": "has", "'ll": "will", "'d": "would"}
_HAS = re.compile(r"(?:always |never |only )?(?:been|got|had|lost|grown|become)\b", re.IGNORECASE)

_FINITE = _VERBS - _words("can cost lies made may must runs shows turns used will works")
_FINITE |= _words("are were gave got went bought brought came took")
_RELATIVE = re.compile(r",|\b(?:that|which|who|whom|whose|where|when)\b", re.IGNORECASE)

# "made it" is a verb, "made of clay" is not.
_DID = re.compile(
    rf"\b(?:{'|'.join(sorted(_PARTICIPLES))}|\w+ed) (?:an?|her|him|it|me|my|the|them|this|us)\b"
)

# "Bo is a bit shy." and "Bo is one of twins." do not say what Bo is.
_NO_CATEGORY = _words("bit fan friend kind little lot member part piece sort tad type")
_NOUN_END = (
    r"(?=[.!?,;:]|\Z|\s+"
    r"(?:and|at|but|by|called|for|from|in|made|named|of|on|that|where|which|who|whose|with)\b)"
)


def build_profile(name: str, notes: Sequence[str], category: str | None = None) -> Profile:
    """The profile of a concept from its notes, by rule: the same notes always give the same profile.

    Args:
        name: the concept's name.
        notes: free text, oldest first; split into sentences.
        category: what it is; by default what the facts say it is ("Bo is my shiba." gives "shiba"), or None.

    Returns:
        A profile whose facts each name the concept, without repetitions, in the order of the notes.

    Raises:
        ConceptNameError: see `check_name`.
    """
    name = check_name(name)
    known = None if category is None else _without_article(_one_line(category)) or None
    facts: dict[str, str] = {}
    for note in notes:
        for sentence in split_sentences(note):
            fact = _bind(name, sentence, known)
            facts.setdefault(fact.casefold(), fact)
            known = known or _category(name, fact)
    return Profile(name=name, category=known, facts=tuple(facts.values()))


def profile_text(profile: Profile) -> str:
    """The profile as lines of text, as a segment starts with it; each line ends with a line break.

    First ``{name} is a {category}.``, unless a fact says exactly that; then facts, caption and attributes.
    """
    lines = [_one_line(fact) for fact in profile.facts]
    if profile.category and (category := _one_line(profile.category)):
        first = f"{profile.name} is {with_article(category)}."
        if first.casefold() not in {line.casefold() for line in lines}:
            lines.insert(0, first)
    if profile.caption:
        caption = _one_line(profile.caption)
        lines.append(caption if _starts_with(profile.name, caption) else f"{profile.name}: {caption}")
    lines += [f"{profile.name}: {_one_line(attribute)}" for attribute in profile.attributes]
    return "".join(f"{line}\n" for line in lines if line)


def fold_notes(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """Old notes, then those of the new ones that say something else; case and spaces do not count."""
    folded: dict[str, str] = {}
    for note in (*old, *new):
        if key := _one_line(note).casefold():
            folded.setdefault(key, note)
    return tuple(folded.values())


def split_sentences(note: str) -> list[str]:
    """The sentences of a note, each on one line and with an end mark, without bullets or empty ones."""
    note = "".join(" " if unicodedata.category(c) == "Cc" and c not in "\r\n" else c for c in note)
    sentences: list[str] = []
    held = ""
    start = 0
    for end in [*_END.finditer(note), None]:
        piece = note[start : end.start() if end else len(note)]
        between = end.group() if end else ""
        start = end.end() if end else start
        held = f"{held} {piece}{between.strip()}".strip()
        broken = end is None or any(mark in between for mark in "\r\n\u2028\u2029")
        # "Dr. Smith" and "1. Sleeps" are not two sentences.
        if not broken and (_ABBREVIATION.search(held) or _BULLET.fullmatch(f"{held} ")):
            continue
        text = _one_line(_BULLET.sub("", held, count=1) if _BULLET.match(held) else held)
        held = ""
        if any(character.isalnum() for character in text):
            sentences.append(text if text[-1] in ".!?。！？…\"'”’)" else f"{text.rstrip(',;:')}.")
    return sentences


def _bind(name: str, sentence: str, category: str | None) -> str:
    """One sentence with the name in front."""
    if _starts_with(name, sentence):
        return sentence
    plain = sentence.replace("’", "'")
    first, _, rest = plain.partition(" ")
    first = first.lower()
    bound = (
        _pronoun(name, first, rest)
        or _possessive(name, first, rest, category)
        or _presented(name, plain)
        or _bare_verb(name, first, rest)
        or _bare_state(name, plain, first, rest)
        or _noun_phrase(name, first, rest)
    )
    return bound or f"{name}: {sentence}"


def _pronoun(name: str, first: str, rest: str) -> str | None:
    match = re.match(r"(he|she|it|they)('s|'re|'ve|'ll|'d)?\Z", first)
    if match is None or not rest:
        return None
    if match[2]:
        verb = "has" if match[2] == "'s" and _HAS.match(rest) else _SHORT[match[2]]
        return f"{name} {verb} {rest}"
    words = rest.split(" ")
    if match[1] == "they":
        place = 1 if words[0].lower() in _ADVERBS and len(words) > 1 else 0
        words[place] = _third_person(words[place])
    return " ".join([name, *words])


def _third_person(verb: str) -> str:
    bare = verb.rstrip(".!?,")
    return (_THEY.get(bare) or _THEY_BASE.get(bare) or bare) + verb[len(bare) :]


def _possessive(name: str, first: str, rest: str, category: str | None) -> str | None:
    if first in {"his", "her", "its", "their"} and rest:
        return f"{name}'s {rest}"
    # "My" is the owner's word: "My shiba naps." is about Bo if Bo is the shiba, "My sister made it." is not.
    if first == "my" and category:
        known = re.match(rf"{re.escape(category)}(?P<owned>'s)? (?P<rest>.+)", rest, re.IGNORECASE)
        if known:
            return f"{name}{known['owned'] or ''} {known['rest']}"
    return None


def _presented(name: str, sentence: str) -> str | None:
    match = re.match(r"(?:this is|that is|that's|here is|here's) (.+)", sentence, re.IGNORECASE)
    if match is None:
        return None
    return match[1] if _starts_with(name, match[1]) else f"{name} is {match[1]}"


def _bare_verb(name: str, first: str, rest: str) -> str | None:
    second = rest.partition(" ")[0].lower().rstrip(".!?,")
    if rest and (first == "born" or (first in _PARTICIPLES and second in _PREPOSITIONS)):
        return f"{name} was {first} {rest}"
    if rest and (first in _VERBS or (first in _ADVERBS and second in _VERBS)):
        return f"{name} {first} {rest}"
    return None


def _bare_state(name: str, sentence: str, first: str, rest: str) -> str | None:
    words = [word.lower() for word in re.findall(r"[\w'-]+", sentence)]
    state = first in _STATES and bool(rest)
    intense = first in {"very", "quite", "so", "too", "from"} and len(words) > 1
    coloured = set(words) <= _COLOURS and not {words[0], words[-1]} & {"and", "with"}
    if state or intense or coloured or _AGE.match(sentence):
        return f"{name} is {sentence[0].lower()}{sentence[1:]}"
    return None


def _noun_phrase(name: str, first: str, rest: str) -> str | None:
    if first not in {"my", "our", "a", "an", "the"} or not rest:
        return None
    head = _RELATIVE.split(rest)[0].lower()
    words = set(re.findall(r"[\w'-]+", head))
    # With a verb of its own it is a sentence about somebody else.
    if not words or words & _FINITE or {"and", "i"} <= words or _DID.search(head):
        return None
    return f"{name} is {first} {rest}"


def _category(name: str, fact: str) -> str | None:
    pattern = rf"{re.escape(name)} is (?:my|our|a|an) (?P<what>[^.!?,;:]+?){_NOUN_END}"
    match = re.match(pattern, fact, re.IGNORECASE)
    if match is None:
        return None
    words = match["what"].split()
    if words[0].lower() in _NO_CATEGORY or words[-1].lower() in _NO_CATEGORY:
        return None
    return " ".join(words if len(words) <= 4 else words[-1:])


def _starts_with(name: str, sentence: str) -> bool:
    plain = unicodedata.normalize("NFC", sentence)
    after = plain[len(name) : len(name) + 1]
    return plain[: len(name)].casefold() == name.casefold() and not (after.isalnum() or after == "_")


def _one_line(text: str) -> str:
    spaced = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
    return " ".join(spaced.split())


def _without_article(category: str) -> str:
    return re.sub(r"\A(?:an?|my|our|the)\s+", "", category, flags=re.IGNORECASE).rstrip(".!?")


def with_article(category: str) -> str:
    """A category as it is spoken of: ``"a shiba"``, ``"an otter"``."""
    word = category.split()[0].lower()
    silent = word.startswith(("hour", "honest", "heir"))
    spoken = re.match(r"uni|use|usu|euro|one\b|ufo|ukulele", word)
    article = "an" if silent or (word[0] in "aeiou" and not spoken) else "a"
    return f"{article} {category}"

"""Thirty turns of a conversation about a drawn household, each with what has to come of it.

The order of the turns is always the same, so that each kind of trouble comes up; who is asked about, what,
and in which of the world's wordings is drawn with the household. Nothing here knows how an agent works.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from benchmarks.expected import NUMBERS, Expected
from benchmarks.home import Home
from benchmarks.turn import Plain, ScriptTurn, Truth
from jarvis_pocket import ask, scene, wording
from jarvis_pocket.ask import Question
from jarvis_pocket.notes import fact_sentence
from jarvis_pocket.telling import NOBODY, PLACES_IN_SCENE, VERDICT, Shown
from jarvis_pocket.world import FACTS, FRIEND, PocketConcept

__all__ = ["Script"]


@dataclass(frozen=True)
class Script:
    """A household and the turns; ``gone`` is the name that is forgotten on the way."""

    home: Home
    turns: tuple[ScriptTurn, ...]
    gone: str

    @classmethod
    def draw(cls, seed: int) -> Script:
        """The script of a seed: names and looks are held out."""
        rng = random.Random(f"conversation/{seed}")
        writer = _Writer(rng, Home.draw(rng))
        writer.talk()
        return cls(writer.home, tuple(writer.turns), writer.home.pair[1].name)


class _Writer:
    """Writes the turns one after the other."""

    def __init__(self, rng: random.Random, home: Home) -> None:
        self.rng, self.home = rng, home
        self.turns: list[ScriptTurn] = []
        self.there = list(home.all)
        self.it, self.its = rng.choice(wording.PRONOUNS)

    def talk(self) -> None:
        """All thirty."""
        rng, home = self.rng, self.home
        (one, other), (first, gone), guest = home.twins, home.pair, home.guest
        keys = rng.sample(list(FACTS), len(FACTS))
        asked = ask.ask_fact(rng, one, keys[0])
        self.question("fact", asked)
        self.follow("pronoun", one, keys[1])
        self.follow("pronoun", one, rng.choice(("emblem", "worn")))
        self.question("compare", ask.ask_compare(rng, one, other, "emblem"))
        self.unclear(self.pronoun(keys[2]), keys[2])
        self.reply(other, keys[2])
        text = rng.choice(("And the other one?", "And what about the other one?"))
        self.question("other", ask.ask_fact(rng, one, keys[2]), text)
        self.which_of_three(rng.choice(("food", "month", "keeper")), (other, first, home.sixth))
        self.older(home.friend, home.sixth)
        key = rng.choice((FRIEND, "emblem", "worn", *FACTS))
        self.question("relation", ask.ask_relation(rng, first, home.friend, key))
        asked = ask.ask_fact(rng, first, keys[3])
        self.question("described", asked, asked.text.replace(first.name, f"my {first.look.category}"))
        text = rng.choice([t for t in wording.FACT_QUESTIONS[keys[4]] if "'s" not in t])
        self.unclear(text.format(n=f"my {one.look.category}"), keys[4])
        self.reply(one, keys[4])
        self.pictures()
        self.members(first.facts["food"], (first, gone))
        self.learn(guest, keys[3])
        self.question("learned", ask.ask_about(rng, guest, rng.choice(("food", keys[3], "emblem", "worn"))))
        self.correct(home.friend)
        self.forget(gone)
        self.gone(gone)
        self.count(first.facts["food"], (first, guest))

    def pictures(self) -> None:
        """What is asked about pictures; a stranger and the twins are among those in them."""
        rng, home, (one, other) = self.rng, self.home, self.home.twins
        shown = [Shown(c.look, c.name) for c in (home.pair[0], one)]
        shown.append(Shown(home.stranger(rng), None))
        rng.shuffle(shown)
        picture = (scene.draw_scene(rng, shown).image,)
        names, places = [s.name for s in shown], PLACES_IN_SCENE[3]
        inside = tuple(n for n in names if n)
        for sort, name in (("picture", home.pair[0].name), ("stranger", None)):
            asked = ask.ask_who(rng, shown, names.index(name), self.there)
            self.question(sort, asked, None, picture, (Plain(asked, inside, picture),))
        key, place = rng.choice(list(FACTS)), names.index(one.name)
        fact = ask.ask_fact(rng, one, key)
        text = rng.choice([t for t in wording.FACT_QUESTIONS[key] if "'s" not in t])
        who = Plain(ask.ask_who(rng, shown, place, self.there), inside, picture)
        plain = (who, Plain(fact, (one.name,)))
        self.question("pointed at", fact, text.format(n=f"the one {places[place]}"), picture, plain)
        absent = [Shown(one.look, one.name), Shown(home.sixth.look, home.sixth.name)]
        rng.shuffle(absent)
        picture = (scene.draw_scene(rng, absent).image,)
        here = ask.ask_here(rng, absent, other)
        expected, truth = Expected(bars=here.bars, denied=other.name), Truth("answer", here.answer)
        how = (Plain(here, (one.name, other.name), picture),)
        self.turns.append(ScriptTurn("look-alike", here.text, expected, truth, picture, how))
        both = [Shown(c.look, c.name) for c in rng.sample((home.pair[0], home.friend, home.sixth), 2)]
        picture = (scene.draw_scene(rng, both).image,)
        caption = ask.ask_caption(rng, both, self.there)
        about = tuple(s.name for s in both if s.name)
        self.question("caption", caption, None, picture, (Plain(caption, about, picture),))
        alike = [Shown(c.look, c.name) for c in rng.sample(home.twins, 2)]
        picture = (scene.draw_scene(rng, alike).image,)
        key = rng.choice(list(FACTS))
        text = rng.choice([t for t in wording.FACT_QUESTIONS[key] if "'s" not in t])
        self.unclear(text.format(n=f"this {one.look.category}"), key, picture)
        self.reply(other, key)

    def question(
        self,
        sort: str,
        asked: Question,
        text: str | None = None,
        images: tuple[Image.Image, ...] = (),
        plain: Sequence[Plain] | None = None,
    ) -> None:
        """A question of the world, in other words if ``text`` is given."""
        how = (Plain(asked, asked.about),) if plain is None else tuple(plain)
        right = Truth("answer", asked.answer)
        self.turns.append(ScriptTurn(sort, text or asked.text, Expected.of(asked), right, images, how))

    def pronoun(self, key: str) -> str:
        """A question about whoever was spoken of."""
        return self.rng.choice(wording.FOLLOW_QUESTIONS[key]).format(t=self.it, s=self.its)

    def follow(self, sort: str, concept: PocketConcept, key: str) -> None:
        """A question with a pronoun about the one who was named last."""
        self.question(sort, ask.ask_about(self.rng, concept, key), self.pronoun(key))

    def unclear(self, text: str, key: str, images: tuple[Image.Image, ...] = ()) -> None:
        """A question that may mean either twin: it has to be asked back, and nothing told."""
        names = tuple(c.name for c in self.home.twins)
        bars = tuple(c.facts[key] for c in self.home.twins)
        expected = Expected(("ask_back",), tuple((name,) for name in names), bars)
        truth = Truth("ask_back", f"Whom do you mean, {names[0]} or {names[1]}?", names)
        self.turns.append(ScriptTurn("ambiguous", text, expected, truth, images))

    def reply(self, meant: PocketConcept, key: str) -> None:
        """Which of the twins was meant."""
        ways = ("{n}", "{n}, please.", "I mean {n}.", "The {c} one.")
        text = self.rng.choice(ways).format(n=meant.name, c=meant.look.colour)
        self.question("reply", ask.ask_fact(self.rng, meant, key), text)

    def which_of_three(self, key: str, three: Sequence[PocketConcept]) -> None:
        """Who of three has a fact."""
        a, b, c = (one.name for one in three)
        meant = self.rng.choice(three)
        either, of = wording.WHICH_QUESTIONS[key]
        ways = (
            either.replace("{a} or {b}", "{a}, {b} or {c}"),
            of.replace("{a} and {b}", "{a}, {b} and {c}"),
        )
        text = self.rng.choice(ways)
        value = meant.facts[key]
        self.group("compare", text.format(v=value, a=a, b=b, c=c), key, value, three, [meant])

    def members(self, value: str, having: Sequence[PocketConcept]) -> None:
        """Who of all likes something."""
        ways = ("Who likes {v}?", "Which of my pets like {v}?", "Which of them all like {v}?")
        self.group("group", self.rng.choice(ways).format(v=value), "food", value, self.there, having)

    def group(
        self,
        sort: str,
        text: str,
        key: str,
        value: str,
        among: Sequence[PocketConcept],
        having: Sequence[PocketConcept],
    ) -> None:
        """A question whose answer is some of several concepts."""
        members = frozenset(c.name for c in having)
        others = tuple(v for v in FACTS[key] if v != value)
        names = tuple(c.name for c in (*self.home.all, self.home.guest))
        expected = Expected(members=members, names=names, values=others)
        plain = tuple(Plain(ask.ask_fact(self.rng, c, key), (c.name,)) for c in among)
        truth = Truth("answer", " and ".join(sorted(members)) + ".")
        self.turns.append(ScriptTurn(sort, text, expected, truth, (), plain))

    def older(self, a: PocketConcept, b: PocketConcept) -> None:
        """Two ages, and which is more."""
        elder, younger = (a, b) if int(a.facts["age"]) > int(b.facts["age"]) else (b, a)
        if self.rng.random() < 0.5:
            text = f"Is {a.name} older than {b.name}?"
            verdict, bar = ("yes", "no") if elder is a else ("no", "yes")
            expected = Expected(needs=((verdict,),), bars=(bar, f"{younger.name} is older"))
            truth = Truth("answer", f"{verdict}, {elder.name} is older.")
        else:
            text = f"Who is older, {a.name} or {b.name}?"
            expected = Expected(needs=((f"{elder.name} is older",),), bars=(f"{younger.name} is older",))
            truth = Truth("answer", f"{elder.name} is older than {younger.name}.")
        plain = tuple(Plain(ask.ask_fact(self.rng, c, "age"), (c.name,)) for c in (a, b))
        self.turns.append(ScriptTurn("compare", text, expected, truth, (), plain))

    def learn(self, guest: PocketConcept, key: str) -> None:
        """Somebody new, shown and told of; nothing is kept before the user says yes."""
        kind, subject = guest.look.category, self.rng.choice(("He", "She", "It"))
        told = " ".join(fact_sentence(k, subject, guest.facts[k]) for k in dict.fromkeys(("food", key)))
        photo = scene.draw_photo(self.rng, guest.look).image
        expected = Expected(("confirm",), ((guest.name,),), unknown=(guest.name,))
        truth = Truth("confirm", f"Shall I remember {guest.name}?", ("yes", "no"))
        text = f"This is {guest.name}, my {kind}. {told}"
        self.turns.append(ScriptTurn("learn", text, expected, truth, (photo,)))
        facts = tuple((guest.name, guest.facts[k]) for k in ("food", key))
        expected = Expected(("learned",), ((guest.name,),), known=(guest.name,), told=facts)
        truth = Truth("learned", f"I know {guest.name} now.")
        self.turns.append(
            ScriptTurn("learn", self.rng.choice(("Yes.", "yes", "Yes, please.")), expected, truth)
        )
        self.there.append(guest)

    def correct(self, wrong: PocketConcept) -> None:
        """What a note told is not true any more, and is asked then."""
        rng, old = self.rng, wrong.facts["place"]
        value = rng.choice([v for v in FACTS["place"] if v not in {c.facts["place"] for c in self.there}])
        ways = ("Actually, {f}", "No, {f}", "That is wrong: {f}")
        text = rng.choice(ways).format(f=fact_sentence("place", wrong.name, value))
        told, untold = ((wrong.name, value),), ((wrong.name, old),)
        expected = Expected(("corrected",), ((wrong.name,),), told=told, untold=untold)
        truth = Truth("corrected", f"{fact_sentence('place', wrong.name, value)} I keep that.")
        self.turns.append(ScriptTurn("correct", text, expected, truth))
        right = replace(wrong, facts=wrong.facts | {"place": value})
        self.there[self.there.index(wrong)] = right
        self.question("corrected", ask.ask_fact(rng, right, "place"))

    def forget(self, concept: PocketConcept) -> None:
        """Somebody is forgotten."""
        ways = ("Forget {n}.", "Please forget {n}.", "Forget everything about {n}.")
        text = self.rng.choice(ways).format(n=concept.name)
        expected = Expected(("forgot",), ((concept.name,),), unknown=(concept.name,))
        truth = Truth("forgot", f"{concept.name} is forgotten.")
        self.turns.append(ScriptTurn("forget", text, expected, truth))
        self.there.remove(concept)

    def gone(self, concept: PocketConcept) -> None:
        """What was known of the forgotten one is asked, and who that is on a picture."""
        rng, key = self.rng, self.rng.choice(list(FACTS))
        asked = ask.ask_fact(rng, concept, key)
        look = (concept.look.emblem, concept.look.worn, concept.look.body)
        bars = (*FACTS[key], *concept.facts.values(), *look)
        ways = ("unknown", "do not know", "don't know", "not know", "nobody called", "no one called")
        expected = Expected(("answer", "declined"), (ways,), bars)
        truth = Truth("answer", f"{concept.name} is unknown to me.")
        unknown = replace(asked, needs=(f"{concept.name} is unknown",), bars=())
        plain = (Plain(unknown, ()),)
        self.turns.append(ScriptTurn("forgotten", asked.text, expected, truth, (), plain, True))
        shown = [Shown(concept.look, concept.name)]
        picture = (scene.draw_scene(rng, shown).image,)
        others = tuple(VERDICT.format(c.name) for c in (*self.there, concept))
        expected = Expected(("answer", "declined"), ((NOBODY, *ways),), (*others, concept.name))
        truth = Truth("answer", f"It is {NOBODY}.")
        text = rng.choice(wording.CAPTION_QUESTIONS)
        self.turns.append(ScriptTurn("forgotten", text, expected, truth, picture, (), True))

    def count(self, value: str, having: Sequence[PocketConcept]) -> None:
        """How many of all like something."""
        expected, word = Expected(number=len(having)), NUMBERS[len(having)]
        plain = tuple(Plain(ask.ask_fact(self.rng, c, "food"), (c.name,)) for c in self.there)
        text = self.rng.choice(("How many of my pets like {v}?", "How many of them all like {v}?")).format(
            v=value
        )
        self.turns.append(ScriptTurn("count", text, expected, Truth("answer", f"{word}."), (), plain))

"""Questions, their truth, and how an answer is judged."""

from __future__ import annotations

import random

import pytest

from jarvis_pocket import ask, exam, notes, world
from jarvis_pocket.telling import Shown


def household(seed: int = 0) -> list[world.PocketConcept]:
    return world.draw_concepts(random.Random(seed), 3, "heldout")


@pytest.mark.parametrize("kind", ask.KINDS)
def test_every_full_answer_is_right_by_its_own_key(kind: ask.Kind) -> None:
    rng = random.Random(1)
    for _ in range(60):
        concepts = world.befriend(rng, world.draw_concepts(rng, 3, "heldout"))
        item = exam.draw_item(rng, kind, concepts, "heldout")
        assert item.question.kind == kind
        assert item.question.right(item.question.answer), item.question
        assert (item.image is not None) == (kind in ("recognise", "who", "caption")) or kind == "detail"


def test_a_wrong_value_is_wrong() -> None:
    concept = household()[0]
    question = ask.ask_fact(random.Random(0), concept, "month")
    wrong = next(m for m in world.MONTHS if m != concept.facts["month"])
    assert not question.right(f"{concept.name} was born in {wrong}.")
    assert not question.right(f"{concept.name} was born in {concept.facts['month']} or {wrong}.")
    assert not question.right("")


def test_a_key_is_matched_as_whole_words() -> None:
    question = ask.Question("fact", "?", "a", ("1",), ("2",), 12, ())
    assert question.right("Bo is 1 year old")
    assert not question.right("Bo is 11 years old")
    assert question.right("Bo is 1, not 12")


def test_here_and_not_here_are_told_apart() -> None:
    a, b, c = household()
    shown = [Shown(a.look, a.name), Shown(b.look, None)]
    yes = ask.ask_here(random.Random(0), shown, a)
    no = ask.ask_here(random.Random(0), shown, c)
    assert yes.right(f"{a.name} is here.")
    assert not yes.right(f"{a.name} is not here.")
    assert no.right(f"{c.name} is not here.")
    assert not no.right(f"{c.name} is here.")
    assert yes.answer.count(", yes") == 1
    assert ", yes" not in no.answer
    assert all(look.body in no.answer for look in (a.look, b.look, c.look))


def test_a_caption_that_names_somebody_absent_is_wrong() -> None:
    a, b, c = household()
    shown = [Shown(a.look, a.name), Shown(b.look, b.name)]
    question = ask.ask_caption(random.Random(0), shown, [a, b, c])
    assert question.right(question.answer)
    assert not question.right(f"{question.answer} It is {c.name}.")
    assert not question.right(f"I see {a.name}.")


def test_a_comparison_needs_a_difference() -> None:
    a, b, _ = household()
    same = world.PocketConcept(b.name, b.look, dict(a.facts))
    assert ask.comparable(a, same) == []
    with pytest.raises(ValueError, match="share"):
        ask.ask_compare(random.Random(0), a, same, "food")


def test_same_emblems_are_balanced() -> None:
    rng = random.Random(3)
    verdicts: list[bool] = []
    while len(verdicts) < 300:
        concepts = world.share_emblem(rng, world.draw_concepts(rng, 3, "heldout"), "heldout")
        question = ask.draw_compare(rng, concepts)
        assert question.right(question.answer)
        if "emblem" in question.text:
            verdicts.append(question.answer.endswith("yes, the same."))
    assert 0.4 < sum(verdicts) / len(verdicts) < 0.75


def test_an_emblem_is_shared_within_the_split() -> None:
    rng = random.Random(4)
    shared = 0
    for _ in range(100):
        concepts = world.draw_concepts(rng, 3, "heldout")
        after = world.share_emblem(rng, concepts, "heldout")
        assert [c.name for c in after] == [c.name for c in concepts]
        assert all(world.look_split(c.look) == "heldout" for c in after)
        assert sum(a != b for a, b in zip(concepts, after, strict=True)) <= 1
        shared += len({c.look.emblem for c in after}) < 3
    assert shared > 60


def test_recognition_is_balanced_and_half_of_the_noes_are_lookalikes() -> None:
    rng = random.Random(2)
    yes = 0
    for _ in range(400):
        concepts = world.draw_concepts(rng, 3, "heldout")
        item = exam.draw_item(rng, "recognise", concepts, "heldout")
        yes += "is here" in item.question.needs[0]
    assert 160 < yes < 240


def test_notes_tell_every_fact_once() -> None:
    concept = household()[1]
    text = " ".join(notes.draw_notes(random.Random(4), concept))
    assert text.count(concept.name) == len(world.FACTS)
    assert all(value in text for value in concept.facts.values())


def test_an_exam_is_a_function_of_its_seed() -> None:
    first = exam.draw_exam(random.Random("s"), ask.KINDS, "heldout")
    again = exam.draw_exam(random.Random("s"), ask.KINDS, "heldout")
    assert first.concepts == again.concepts
    assert [i.question for i in first.items] == [i.question for i in again.items]
    assert first.photos[0][0].tobytes() == again.photos[0][0].tobytes()

"""Which facts cannot both be true; and, as important, which can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jarvis_memory.contradictions import Contradiction, contradictions
from jarvis_memory.profile import build_profile

CONTRARY = [
    ("Bo was born in May.", "Bo was born in June."),
    ("Bo was born on 3 May 2019.", "Bo was born on 4 May 2019."),
    ("Bo was born in 2019.", "Bo was born in May 2020."),
    ("Bo was born in May, 2019.", "Bo was born in 2018."),
    ("Bo was born in May.", "Bo's birthday is on June 3rd."),
    ("Bo has a birthday in May.", "Bo's birthday is in July."),
    ("Bo is 3 years old.", "Bo is five years old."),
    ("Bo is 8 weeks old.", "bo is 9 weeks old now."),
    ("Bo belongs to Ana.", "Bo belongs to Tom."),
    ("Bo belongs to Ana.", "Bo's owner is Tom."),
    ("Bo belongs to my sister.", "Bo belongs to our neighbour."),
    ("Bo's keeper is Leo.", "Bo’s keeper is Mia, who lives next door."),
    ("Bo's mother is Luna.", "Bo's mother is Stella."),
    ("Bo is a boy.", "Bo is female."),
]
BOTH_TRUE = [
    ("Bo was born in May.", "Bo was born in May 2019."),
    ("Bo was born in May.", "Bo was born in Berlin."),
    ("Bo was born in Berlin.", "Bo was born in Germany."),
    ("Bo was born in May and came to us in June.", "Bo was born in May."),
    ("Bo was born in May, not in June.", "Bo was born in May."),
    ("Bo was born in June.", "Bo's brother was born in May."),
    ("Bo was born in June.", "Bobo was born in May."),
    ("Bo is 4 years old.", "Bo turned 5."),
    ("Bo is 4 years old.", "Bo was 3 years old when he came."),
    ("Bo is 2 years old.", "Bo is 24 months old."),
    ("Bo is 4 years old.", "Bo is about 5 years old."),
    ("Bo belongs to Ana.", "Bo belongs to Ana and Tom."),
    ("Bo belongs to Ana.", "Bo belongs to my sister."),
    ("Bo belongs to Ana.", "Bo belongs to the terrier group."),
    ("Bo's keeper is Leo.", "Bo belongs to Mia."),
    ("Bo likes noodles.", "Bo likes soup."),
    ("Bo sleeps on the sofa.", "Bo sleeps on the rug."),
    ("Bo is a shiba.", "Bo is a boy."),
    ("Bo: born in May?", "Bo: born in June?"),
    ("Bo is a boy who is 3 years old.", "Bo is a girl's best friend."),
]


@pytest.mark.parametrize(("first", "second"), CONTRARY)
def test_contrary(first: str, second: str) -> None:
    assert contradictions("Bo", [first, second]) == [Contradiction(first, second)]
    assert contradictions("Bo", [second, "Bo naps.", first]) == [Contradiction(second, first)]


@pytest.mark.parametrize(("first", "second"), BOTH_TRUE)
def test_both_true(first: str, second: str) -> None:
    assert contradictions("Bo", [first, second]) == []
    assert contradictions("Bo", [second, first]) == []


def test_each_new_fact_is_told_once_and_old_ones_never_again() -> None:
    facts = ["Bo is 1 year old.", "Bo is 2 years old.", "Bo is 3 years old."]
    assert contradictions("Bo", facts) == [
        Contradiction(facts[0], facts[1]),
        Contradiction(facts[0], facts[2]),
    ]
    assert contradictions("Bo", facts, known=facts[:2]) == [Contradiction(facts[0], facts[2])]
    assert contradictions("Bo", facts, known=facts) == []


def test_notes_as_people_write_them() -> None:
    profile = build_profile("Bo", ["My shiba. Born in May. He's 3 years old.", "Her birthday is on 2 June!"])
    assert contradictions("Bo", profile.facts) == [
        Contradiction("Bo was born in May.", "Bo's birthday is on 2 June!")
    ]


@given(
    st.lists(st.one_of(st.text(), st.sampled_from([one for pair in CONTRARY for one in pair])), max_size=6)
)
def test_any_notes(notes: list[str]) -> None:
    facts = build_profile("Bo", notes).facts
    found = contradictions("Bo", facts)
    for pair in found:
        assert facts.index(pair.first) < facts.index(pair.second)
    assert len({pair.second for pair in found}) == len(found)
    assert contradictions("Bo", facts, known=facts) == []
    # Alone or said twice, nothing contradicts itself.
    assert all(contradictions("Bo", [fact, fact]) == [] for fact in facts)

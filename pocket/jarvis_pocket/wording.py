"""How people ask: several wordings of each question, and the same behind an earlier turn, with a pronoun."""

from __future__ import annotations

FACT_QUESTIONS: dict[str, tuple[str, ...]] = {
    "food": (
        "What does {n} like?",
        "What does {n} love to eat?",
        "What is the favourite food of {n}?",
        "What is {n}'s favourite food?",
        "Tell me what {n} likes.",
    ),
    "month": (
        "When was {n} born?",
        "In which month is the birthday of {n}?",
        "What month was {n} born in?",
        "When is {n}'s birthday?",
        "Tell me when {n} was born.",
    ),
    "keeper": (
        "Who does {n} belong to?",
        "Who is the keeper of {n}?",
        "Who takes care of {n}?",
        "Who is {n}'s keeper?",
        "Tell me who {n} belongs to.",
    ),
    "place": (
        "Where does {n} sleep?",
        "Where does {n} nap?",
        "What does {n} sleep on?",
        "Where is {n}'s place to sleep?",
        "Tell me where {n} sleeps.",
    ),
    "age": ("How old is {n}?", "What is the age of {n}?", "What is {n}'s age?", "Tell me how old {n} is."),
}
EMBLEM_QUESTIONS = (
    "What emblem does {n} have?",
    "What is on the badge of {n}?",
    "What is the emblem of {n}?",
    "Which sign does {n} carry?",
    "What is on {n}'s badge?",
)
WORN_QUESTIONS = (
    "What does {n} wear?",
    "What is {n} wearing?",
    "Which accessory does {n} have?",
    "Tell me what {n} wears.",
)
BODY_QUESTIONS = ("What does {n} look like?", "What is {n}?", "Describe {n}.")
FRIEND_QUESTIONS = (
    "Who shares a bowl with {n}?",
    "With whom does {n} share a bowl?",
    "Tell me who shares a bowl with {n}.",
)
# {o}: how the one is called who shares a bowl
FRIEND = ("the one who shares a bowl with {n}", "the friend of {n}")
HERE_QUESTIONS = ("Is {n} here?", "Is {n} in the picture?", "Can you see {n}?", "Do you see {n} here?")
WHO_QUESTIONS = ("Who is {p}?", "Who do you see {p}?", "Who is that {p}?", "Tell me who is {p}.")
CAPTION_QUESTIONS = ("Who is in the picture?", "Who do you see?", "Name everybody in the picture.")
SAME_QUESTIONS = ("Do {a} and {b} have the same emblem?", "Are the emblems of {a} and {b} the same?")
WHICH_QUESTIONS: dict[str, tuple[str, ...]] = {
    "food": ("Who likes {v}, {a} or {b}?", "Which of {a} and {b} likes {v}?"),
    "month": ("Who was born in {v}, {a} or {b}?", "Which of {a} and {b} was born in {v}?"),
    "keeper": ("Who belongs to {v}, {a} or {b}?", "Which of {a} and {b} belongs to {v}?"),
    "place": ("Who sleeps on the {v}, {a} or {b}?", "Which of {a} and {b} sleeps on the {v}?"),
    "age": ("Who is {v} years old, {a} or {b}?", "Which of {a} and {b} is {v} years old?"),
}
# {t}: it, he or she; {s}: its, his or her
PRONOUNS = (("it", "its"), ("he", "his"), ("she", "her"))
FOLLOW_QUESTIONS: dict[str, tuple[str, ...]] = {
    "food": ("What does {t} like?", "And what does {t} love to eat?", "What is {s} favourite food?"),
    "month": ("When was {t} born?", "And when was {t} born?", "When is {s} birthday?"),
    "keeper": ("Who does {t} belong to?", "And who is {s} keeper?"),
    "place": ("Where does {t} sleep?", "And where does {t} sleep?", "Where does {t} nap?"),
    "age": ("How old is {t}?", "And how old is {t}?", "What is {s} age?"),
    "emblem": ("What is {s} emblem?", "And what emblem does {t} have?", "What is on {s} badge?"),
    "worn": ("What does {t} wear?", "And what is {t} wearing?"),
}

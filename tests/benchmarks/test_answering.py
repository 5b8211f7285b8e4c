"""The arithmetic of `benchmarks.answering`."""

from __future__ import annotations

import pytest

from benchmarks.answering import summary


def took(retrieve: float, answer: float) -> dict[str, float]:
    return {"retrieve": retrieve, "rest": answer - retrieve, "answer": answer}


def test_ratios_are_of_the_same_questions() -> None:
    jarvis = [took(1, 10), took(1, 100), took(2, 12)]
    photos = [took(1, 20), took(1, 200), took(2, 18)]
    rows = summary({"words": {"jarvis": jarvis, "photos": photos, "same": jarvis}})
    assert [(row["look"], row["method"], row["answers"]) for row in rows] == [
        ("words", name, 3) for name in ("jarvis", "photos", "same")
    ]
    assert [row["answer"] for row in rows] == [12, 20, 12]
    assert [row["ratio"] for row in rows] == pytest.approx([1.0, 2.0, 1.0])
    assert rows[0]["retrieve"] == 1
    assert rows[0]["rest"] == 10

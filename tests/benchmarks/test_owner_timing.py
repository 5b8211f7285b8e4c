"""The controls of the timing of owners; its figures are the benchmark's."""

from __future__ import annotations

import random

from benchmarks.owner_timing import photos, power


def test_five_in_a_hundred_are_found_where_noise_is_small() -> None:
    numbers = random.Random(3)
    told = power([numbers.gauss(1, 0.03) for _ in range(200)], numbers)
    assert told["power"] > 0.95
    assert told["false"] < 0.05
    assert told["planted"] < 0.01
    told = power([numbers.gauss(1, 3) for _ in range(200)], numbers)
    assert told["power"] < 0.2


def test_no_photo_comes_twice() -> None:
    drawn = photos(10, 1)
    assert len({photo.tobytes() for photo in drawn}) == 10
    assert [photo.tobytes() for photo in photos(10, 1)] == [photo.tobytes() for photo in drawn]

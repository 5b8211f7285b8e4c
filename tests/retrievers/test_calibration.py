"""A concept's own threshold: by value, monotone, and never far from the encoder's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jarvis_retrievers.calibration import Calibration, genuine_cosine, impostor_cosine
from jarvis_retrievers.errors import InputError, SettingError

COSINE = st.floats(-1, 1)
UNKNOWN = st.none() | COSINE


def unit(rng: np.random.Generator, count: int) -> np.ndarray:
    rows = rng.normal(size=(count, 5))
    made: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return made


def test_the_formula() -> None:
    usual = Calibration(impostor=0.8, genuine=0.9, impostor_weight=0.5, genuine_weight=0.25, most=0.05)
    assert usual.threshold(0.7, 0.84, 0.86) == pytest.approx(0.7 + 0.5 * 0.04 - 0.25 * 0.04)
    assert usual.threshold(0.7, None, None) == 0.7
    assert usual.threshold(0.7, 0.84, None) == pytest.approx(0.72)
    assert usual.threshold(0.7, 1.0, None) == pytest.approx(0.75)
    assert usual.threshold(0.7, -1.0, None) == pytest.approx(0.65)


@given(COSINE, UNKNOWN, UNKNOWN, st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.5))
def test_it_stays_near_the_encoders(
    base: float, impostor: float | None, genuine: float | None, a: float, b: float, most: float
) -> None:
    one = Calibration(impostor_weight=a, genuine_weight=b, most=most)
    assert abs(one.threshold(base, impostor, genuine) - base) <= most + 1e-12


@given(COSINE, COSINE, COSINE, UNKNOWN)
def test_it_never_falls_when_somebody_comes_nearer(
    base: float, near: float, nearer: float, genuine: float | None
) -> None:
    near, nearer = sorted((near, nearer))
    one = Calibration()
    assert one.threshold(base, near, genuine) <= one.threshold(base, nearer, genuine)


@given(COSINE, COSINE, COSINE, UNKNOWN)
def test_it_never_falls_when_the_photos_are_more_alike(
    base: float, like: float, more: float, impostor: float | None
) -> None:
    like, more = sorted((like, more))
    one = Calibration()
    assert one.threshold(base, impostor, like) <= one.threshold(base, impostor, more)


@given(st.integers(0, 2**32 - 1), st.lists(st.sampled_from("abc"), min_size=1, max_size=8))
def test_leave_one_photo_out_equals_brute_force(seed: int, photos: list[str]) -> None:
    vectors = unit(np.random.default_rng(seed), len(photos))
    scores = []
    for left in set(photos):
        mine = [v for v, photo in zip(vectors, photos, strict=True) if photo == left]
        theirs = [v for v, photo in zip(vectors, photos, strict=True) if photo != left]
        if theirs:
            scores.append(max(float(np.float64(u) @ np.float64(v)) for u in mine for v in theirs))
    found = genuine_cosine(vectors, photos)
    if not scores:
        assert found is None
    else:
        assert found == pytest.approx(min(scores), abs=1e-9)


def test_the_nearest_impostor_equals_brute_force() -> None:
    rng = np.random.default_rng(3)
    mine, theirs = unit(rng, 4), unit(rng, 30)
    best = max(float(np.float64(u) @ np.float64(v)) for u in mine for v in theirs)
    assert impostor_cosine(mine, theirs) == pytest.approx(best, abs=1e-9)
    assert impostor_cosine(mine, theirs[:0]) == impostor_cosine(mine[:0], theirs) == -1.0


def test_what_cannot_be() -> None:
    with pytest.raises(InputError, match="2 vectors and 1 photos"):
        genuine_cosine(unit(np.random.default_rng(0), 2), ["a"])
    for name in ("impostor_weight", "genuine_weight", "most"):
        with pytest.raises(SettingError, match=name):
            Calibration(**{name: -0.1})

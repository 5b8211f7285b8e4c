from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_retrievers.boxes import Box, nms, propose_boxes
from jarvis_retrievers.errors import InputError


def pixels(box: Box) -> set[tuple[int, int]]:
    return set(itertools.product(range(box.left, box.right), range(box.top, box.bottom)))


boxes = st.builds(
    lambda left, top, width, height: Box(left, top, left + width, top + height),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(1, 9),
    st.integers(1, 9),
)


@settings(deadline=None, max_examples=80)
@given(boxes, boxes)
def test_geometry_counts_pixels(one: Box, other: Box) -> None:
    mine, theirs = pixels(one), pixels(other)
    assert one.area == len(mine) == one.width * one.height
    assert one.intersection(other) == len(mine & theirs)
    assert one.iou(other) == pytest.approx(len(mine & theirs) / len(mine | theirs))
    assert one.contained_in(other) == pytest.approx(len(mine & theirs) / len(mine))


@pytest.mark.parametrize("edges", [(0, 0, 0, 1), (0, 0, 1, 0), (3, 0, 2, 1), (-1, 0, 1, 1), (0, -2, 1, 1)])
def test_a_box_without_a_pixel_or_outside_is_refused(edges: tuple[int, int, int, int]) -> None:
    with pytest.raises(InputError, match="0 <= left < right"):
        Box(*edges)


def test_edges_are_whole_numbers() -> None:
    with pytest.raises(InputError, match="whole number"):
        Box(0, 0, 1.5, 2)  # type: ignore[arg-type]
    box = Box(np.int64(1), np.int32(2), np.int64(3), np.int64(4))  # type: ignore[arg-type]
    assert box == Box(1, 2, 3, 4)
    assert all(type(edge) is int for edge in box.as_tuple())


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.lists(st.sampled_from([1.0, 0.75, 0.5, 0.33, 0.25, 0.1]), min_size=1, max_size=3, unique=True),
    st.sampled_from([0.0, 0.3, 0.5, 0.9]),
)
def test_every_scale_covers_the_image_and_stays_inside(
    width: int, height: int, scales: list[float], overlap: float
) -> None:
    everything = propose_boxes(width, height, scales, overlap)
    assert len(set(everything)) == len(everything)
    for scale in scales:
        some = propose_boxes(width, height, (scale,), overlap)
        assert set(some) <= set(everything)
        covered: set[tuple[int, int]] = set()
        for box in some:
            assert box.right <= width
            assert box.bottom <= height
            covered |= pixels(box)
        assert len(covered) == width * height


def test_windows_are_squares_of_the_shorter_side() -> None:
    assert propose_boxes(64, 32, (1.0,)) == [Box(0, 0, 32, 32), Box(16, 0, 48, 32), Box(32, 0, 64, 32)]
    halves = propose_boxes(40, 40, (0.5,))
    assert len(halves) == 9
    assert all(box.width == box.height == 20 for box in halves)


def test_a_very_long_image_asks_for_few_windows() -> None:
    found = propose_boxes(25_000_000, 1)
    assert len(found) <= 32
    assert found[0].left == 0
    assert found[-1].right == 25_000_000


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((0, 5), {}),
        ((5, -1), {}),
        ((5, 5), {"scales": ()}),
        ((5, 5), {"scales": (0.0,)}),
        ((5, 5), {"scales": (1.5,)}),
        ((5, 5), {"overlap": 1.0}),
        ((5, 5), {"overlap": float("nan")}),
    ],
)
def test_impossible_windows_are_refused(size: tuple[int, int], options: dict[str, float]) -> None:
    with pytest.raises(InputError):
        propose_boxes(*size, **options)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(boxes, st.integers(0, 5)), max_size=12), st.sampled_from([0.0, 0.3, 0.7, 1.0]))
def test_nms_keeps_the_best_and_drops_only_its_neighbours(
    scored: list[tuple[Box, int]], threshold: float
) -> None:
    windows, scores = [box for box, _ in scored], [float(score) for _, score in scored]
    kept = nms(windows, scores, threshold)
    assert [scores[i] for i in kept] == sorted((scores[i] for i in kept), reverse=True)
    for i, j in itertools.combinations(kept, 2):
        assert windows[i].iou(windows[j]) <= threshold
    for i in set(range(len(windows))) - set(kept):
        assert any(
            windows[i].iou(windows[j]) > threshold and (scores[j], -j) >= (scores[i], -i) for j in kept
        )


def test_nms_refuses_what_it_cannot_rank() -> None:
    box = Box(0, 0, 2, 2)
    with pytest.raises(InputError, match="one score per box"):
        nms([box], [], 0.5)
    with pytest.raises(InputError, match="finite"):
        nms([box], [float("nan")], 0.5)
    with pytest.raises(InputError, match="threshold"):
        nms([box], [1.0], 1.5)

"""Regions from a detector: squares within the picture, tried like every other window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.detected import detected_regions
from jarvis_retrievers.grounded_masker import Detection
from jarvis_retrievers.index import FlatIndex
from jarvis_retrievers.reference import ColourEncoder
from jarvis_retrievers.retrieval import Entry, RetrieverConfig
from jarvis_retrievers.retriever import ConceptRetriever

SIZES = st.tuples(st.integers(4, 60), st.integers(4, 60))


@given(SIZES, st.data())
def test_boxes_become_squares_within_the_picture(size: tuple[int, int], data: st.DataObject) -> None:
    left, top = data.draw(st.integers(0, size[0] - 2)), data.draw(st.integers(0, size[1] - 2))
    right, bottom = data.draw(st.integers(left + 1, size[0])), data.draw(st.integers(top + 1, size[1]))
    box = Box(left, top, right, bottom)
    (found,) = detected_regions(lambda *_: [Detection(box, 0.9)])(Image.new("RGB", size))
    assert found.width == found.height == min(max(box.width, box.height), *size)
    assert 0 <= found.left < found.right <= size[0]
    assert 0 <= found.top < found.bottom <= size[1]
    if max(box.width, box.height) <= min(size):
        assert found.left <= box.left + 1
        assert found.right >= box.right - 1


def test_the_surest_come_first_and_no_more_than_are_wanted() -> None:
    asked: list[Sequence[str]] = []

    def detector(image: Image.Image, prompts: Sequence[str]) -> list[Detection]:
        asked.append(prompts)
        return [Detection(Box(at, 0, at + 4, 4), at / 10) for at in range(8)]

    regions = detected_regions(detector, ("a cat",), most=3)(Image.new("RGB", (20, 20)))
    assert [box.left for box in regions] == [7, 6, 5]
    assert asked == [("a cat",)]


def test_a_detector_finds_what_no_window_fits() -> None:
    """A small red square off the grid: the windows mix it with the grey around it, its own box does not."""
    encoder, index = ColourEncoder(), FlatIndex(ColourEncoder().dim)
    index.add("ana", [1], encoder.encode_images([Image.new("RGB", (8, 8), "red")]))
    picture = Image.new("RGB", (64, 64), "grey")
    picture.paste("red", (29, 29, 36, 36))
    config = RetrieverConfig(image_scales=(1.0, 0.5), refine=(), mirror=False, image_threshold=0.95)
    entries = [Entry("bo", ("Bo",), (1,), ())]

    def seen(detector: object) -> list[Box]:
        retriever = ConceptRetriever(encoder, index, config, detector=detector)  # type: ignore[arg-type]
        hits = retriever.retrieve("ana", "", [picture], entries).hits
        return [hit.region[1] for hit in hits if hit.region is not None]

    assert seen(None) == []
    box = Box(29, 29, 36, 36)
    assert seen(detected_regions(lambda *_: [Detection(box, 0.8)])) == [box]
    assert np.isfinite(index.count("ana"))

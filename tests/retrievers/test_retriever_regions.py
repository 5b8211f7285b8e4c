"""Which concepts a region of the question image may stand for: look-alikes, own thresholds, loose windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from jarvis_retrievers.boxes import Box, propose_boxes
from jarvis_retrievers.crops import crop
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.index import FlatIndex
from jarvis_retrievers.reference import ColourEncoder
from jarvis_retrievers.retriever import ConceptRetriever, Entry, RetrieverConfig

ENCODER = ColourEncoder()


class Table:
    """An encoder whose image vectors are looked up by colour: full control over every cosine."""

    dim = 3
    fingerprint = "table"

    def __init__(self, table: dict[tuple[int, int, int], Sequence[float]]) -> None:
        self.table = table

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        found = [self.table[image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))] for image in images]  # type: ignore[index]
        return np.array(found, dtype=np.float32).reshape(-1, 3)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.tile(np.array([0, 0, 1], np.float32), (len(texts), 1))


def cosines(first: float, second: float) -> tuple[float, float, float]:
    return (first, second, float(np.sqrt(max(0.0, 1 - first**2 - second**2))))


def two_dogs(first: float, second: float, margin: float, **thresholds: float) -> tuple[str, ...]:
    """One flat image whose cosine is `first` with dog one and `second` with dog two."""
    encoder = Table({(1, 1, 1): cosines(first, second)})
    index = FaissIndex(3)
    index.add("ana", [0, 1], np.eye(3, dtype=np.float32)[:2])
    entries = [
        Entry("one", ("One",), (0,), image_threshold=thresholds.get("one")),
        Entry("two", ("Two",), (1,), image_threshold=thresholds.get("two")),
    ]
    config = RetrieverConfig(image_threshold=0.6, margin=margin, image_scales=(1.0,), side=4)
    image = Image.new("RGB", (8, 8), (1, 1, 1))
    return ConceptRetriever(encoder, index, config).retrieve("ana", "", [image], entries).keys


def test_a_look_alike_of_worse_score_drops_out_and_an_equal_one_comes_back() -> None:
    assert two_dogs(0.7, 0.62, margin=0.03) == ("one",)
    assert two_dogs(0.7, 0.69, margin=0.03) == ("one", "two")
    assert two_dogs(0.69, 0.7, margin=0.03) == ("two", "one")
    assert two_dogs(0.5, 0.59, margin=0.03) == ()
    assert two_dogs(0.7, 0.69, margin=0.0) == ("one",)


def test_a_concept_has_its_own_threshold() -> None:
    assert two_dogs(0.7, 0.69, margin=0.03, one=0.8) == ("two",)
    assert two_dogs(0.5, 0.3, margin=0.03, one=0.45) == ("one",)
    # The best concept of the region still sets the margin, though it is below its own threshold.
    assert two_dogs(0.7, 0.62, margin=0.03, one=0.8) == ()


def test_a_loose_window_is_no_evidence_where_a_tight_one_shows_another() -> None:
    # Windows: the whole image (dog two a little ahead, it is a blur) and one of its corners (clearly dog
    # one).
    image = Image.new("RGB", (8, 8), (4, 4, 4))
    image.paste((200, 200, 200), (0, 0, 4, 4))
    corner, rest, whole = (200, 200, 200), (4, 4, 4), (53, 53, 53)
    encoder = Table({corner: cosines(0.95, 0.3), rest: cosines(0.0, 0.0), whole: cosines(0.6, 0.65)})
    index = FlatIndex(3)
    index.add("ana", [0, 1], np.eye(3, dtype=np.float32)[:2])
    entries = [Entry("one", ("One",), (0,)), Entry("two", ("Two",), (1,))]
    config = RetrieverConfig(
        image_threshold=0.6, margin=0.03, image_scales=(1.0, 0.5), image_overlap=0.0, side=4
    )
    found = ConceptRetriever(encoder, index, config).retrieve("ana", "", [image], entries)
    assert found.keys == ("one",)
    assert found.hits[0].region == (0, Box(0, 0, 4, 4))
    # Without the corner the whole image is the best there is.
    alone = RetrieverConfig(image_threshold=0.6, margin=0.03, image_scales=(1.0,), side=4)
    assert ConceptRetriever(encoder, index, alone).retrieve("ana", "", [image], entries).keys == ("two",)


def test_every_concept_is_told_where_it_was_nearest_and_what_came_of_it() -> None:
    """Against the definition: the largest cosine of any region and any patch, whatever the threshold."""
    index = FaissIndex(ENCODER.dim)
    colours = {"red": (220, 30, 30), "blue": (40, 70, 220), "green": (30, 160, 50), "pink": (250, 150, 190)}
    patches = {name: Image.new("RGB", (32, 32), rgb) for name, rgb in colours.items()}
    vectors = ENCODER.encode_images(list(patches.values()))
    index.add("ana", range(4), vectors)
    image = Image.new("RGB", (128, 64), colours["red"])
    image.paste(colours["blue"], (64, 0, 128, 64))
    entries = [Entry(name, (name,), (number,)) for number, name in enumerate(colours)]
    entries.append(Entry("bare", ("bare",)))
    config = RetrieverConfig(k=1, image_threshold=0.9, margin=0.02, side=32, image_scales=(1.0, 0.5))
    told = ConceptRetriever(ENCODER, index, config).retrieve("ana", "", [image], entries)
    regions = [box for scale in (1.0, 0.5) for box in propose_boxes(128, 64, (scale,), config.image_overlap)]
    cosines = ENCODER.encode_images([crop(image, box, 32) for box in regions]) @ vectors.T
    by_key = {sighting.key: sighting for sighting in told.sightings}
    assert set(by_key) == set(colours)  # who has no patch cannot be seen
    for number, name in enumerate(colours):
        one = by_key[name]
        assert one.score == pytest.approx(float(cosines[:, number].max()), abs=1e-5)
        place = regions.index(one.region[1])
        assert cosines[place, number] == pytest.approx(one.score, abs=1e-5)
        assert (one.threshold, one.vector_id) == (0.9, number)
    assert [s.score for s in told.sightings] == sorted((s.score for s in told.sightings), reverse=True)
    # Red and blue are there, and one of them is more than k allows; nothing is green or pink.
    assert {by_key["red"].verdict, by_key["blue"].verdict} == {"seen", "cut"}
    assert by_key["green"].verdict == by_key["pink"].verdict == "below"
    assert [hit.key for hit in told.hits] == [s.key for s in told.sightings if s.verdict == "seen"]
    # With a threshold that pink reaches, red is still nearer wherever it looks.
    low = ConceptRetriever(ENCODER, index, replace(config, image_threshold=-1.0))
    beaten = {s.key: s.verdict for s in low.retrieve("ana", "", [image], entries).sightings}
    assert beaten["pink"] == beaten["green"] == "beaten"
    assert low.retrieve("ana", "red", (), entries).sightings == ()

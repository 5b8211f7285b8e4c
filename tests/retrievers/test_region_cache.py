"""Regions are encoded once: the scores are those of encoding each of them alone, and the owner's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import SettingError
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.reference import ColourEncoder
from jarvis_retrievers.region_cache import PictureKey, RegionCache, SeenPicture
from jarvis_retrievers.regions import RegionScores, look
from jarvis_retrievers.retrieval import Entry
from tests.retrievers.test_regions import CONFIG, index, picture

MIRRORED = replace(CONFIG, mirror=True)


class Counting(ColourEncoder):
    """Counts what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[bytes] = []

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.shown += [image.tobytes() for image in images]
        return super().encode_images(images)


def same(one: RegionScores, other: RegionScores) -> bool:
    return (
        one.regions == other.regions
        and np.allclose(one.best, other.best, atol=1e-6)
        and bool((one.which == other.which).all())
    )


def test_a_second_look_encodes_nothing_and_finds_the_same() -> None:
    store, entries = index()
    encoder, cache = Counting(), RegionCache()
    plain = look(ColourEncoder(), store, "ana", [picture()], entries, MIRRORED)
    first = look(encoder, store, "ana", [picture()], entries, MIRRORED, cache=cache)
    asked = len(encoder.shown)
    assert asked
    again = look(encoder, store, "ana", [picture()], entries, MIRRORED, cache=cache)
    assert len(encoder.shown) == asked
    assert same(plain, first)
    assert same(plain, again)


def test_no_region_is_encoded_twice_within_one_look() -> None:
    """Climbs meet: without a cache, too, each box and each mirror image is encoded once."""
    store, entries = index()
    regions: list[tuple[Box, bool]] = []
    cache = RegionCache()
    encoder = Counting()
    look(encoder, store, "ana", [picture()], entries, MIRRORED, cache=cache)
    key: PictureKey = next(iter(cache._seen))
    regions = list(cache.get(key).vectors)
    assert len(encoder.shown) == len(regions) == len(set(regions))


def test_who_is_remembered_later_is_found_in_a_picture_that_was_seen() -> None:
    store, entries = index()
    cache, more = RegionCache(), FaissIndex(ColourEncoder().dim)
    look(ColourEncoder(), store, "ana", [picture()], entries[1:], MIRRORED, cache=cache)
    later = look(ColourEncoder(), store, "ana", [picture()], entries, MIRRORED, cache=cache)
    assert same(later, look(ColourEncoder(), store, "ana", [picture()], entries, MIRRORED))
    empty = look(ColourEncoder(), more, "ana", [picture()], [], MIRRORED, cache=cache)
    assert empty.best.shape[1] == 0


def test_owners_pictures_encoders_and_sizes_are_kept_apart() -> None:
    store, entries = index()
    store.add("ben", [0, 1], store.vectors("ana")._dump()[1])
    cache, encoder = RegionCache(), Counting()
    counts = []
    for owner, image, side in (
        ("ana", picture(), 16),
        ("ben", picture(), 16),
        ("ana", picture().transpose(Image.Transpose.FLIP_TOP_BOTTOM), 16),
        ("ana", picture(), 12),
        ("ana", picture(), 16),
    ):
        before = len(encoder.shown)
        look(encoder, store, owner, [image], entries, replace(CONFIG, side=side), cache=cache)
        counts.append(len(encoder.shown) > before)
    assert counts == [True, True, True, True, False]
    assert len(cache) == 4
    cache.clear("ana")
    assert len(cache) == 1
    cache.clear()
    assert (len(cache), cache.nbytes) == (0, 0)


def test_a_detector_is_asked_once() -> None:
    store, entries = index()
    asked: list[tuple[int, int]] = []

    def detector(image: Image.Image) -> list[Box]:
        asked.append(image.size)
        return [Box(1, 2, 33, 34)]

    cache = RegionCache()
    first, again = (
        look(ColourEncoder(), store, "ana", [picture()], entries, CONFIG, detector, cache) for _ in range(2)
    )
    assert asked == [(120, 90)]
    assert same(first, again)
    # What was seen without a detector is no answer of one.
    cache.clear()
    look(ColourEncoder(), store, "ana", [picture()], entries, CONFIG, None, cache)
    assert same(look(ColourEncoder(), store, "ana", [picture()], entries, CONFIG, detector, cache), first)
    assert len(asked) == 2


def test_the_picture_asked_about_longest_ago_goes_first() -> None:
    one = SeenPicture({(Box(0, 0, 2, 2), False): np.zeros(100, np.float32)})
    cache = RegionCache(2 * one.nbytes)
    keys: list[PictureKey] = [("ana", name, "e", 16) for name in "abc"]
    cache.put(keys[0], one)
    cache.put(keys[1], one)
    cache.get(keys[0])
    cache.put(keys[2], one)
    assert [len(cache.get(key).vectors) for key in keys] == [1, 0, 1]
    assert cache.nbytes == 2 * one.nbytes
    nothing = RegionCache(0)
    nothing.put(keys[0], one)
    assert len(nothing) == 0
    with pytest.raises(SettingError, match="0 bytes or more"):
        RegionCache(-1)


def test_entries_are_not_written_to() -> None:
    """The mean over mirror images is made of copies."""
    store, entries = index()
    cache = RegionCache()
    look(ColourEncoder(), store, "ana", [picture()], entries, MIRRORED, cache=cache)
    (key,) = cache._seen
    before = {region: row.copy() for region, row in cache.get(key).vectors.items()}
    look(ColourEncoder(), store, "ana", [picture()], [Entry("red", ("Red",), (0,))], MIRRORED, cache=cache)
    for region, row in before.items():
        assert (cache.get(key).vectors[region] == row).all()

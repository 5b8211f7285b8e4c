from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jarvis_retrievers.boxes import Box, propose_boxes
from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.index import FlatIndex, VectorIndex
from jarvis_retrievers.patches import MinerConfig, PatchMiner, crop
from jarvis_retrievers.reference import ColourEncoder
from jarvis_retrievers.retriever import ConceptRetriever, Entry, Hit, RetrieverConfig

ENCODER = ColourEncoder()
# Colours put a text nearer to a picture than CLIP does; thresholds are always those of an encoder.
CONFIG = RetrieverConfig(image_threshold=0.9, text_threshold=0.5, cross_threshold=0.8, side=32)
COLOURS = {"bo": "#dc1e1e", "mug": "#2846dc", "kim": "#f0dc28"}
TEXTS = {"bo": "loves noodles", "mug": "holds hot coffee", "kim": "plays the violin"}


def tile(*colours: str, side: int = 32, height: int | None = None) -> Image.Image:
    image = Image.new("RGB", (side * len(colours), height or side))
    for i, colour in enumerate(colours):
        image.paste(colour, (i * side, 0, (i + 1) * side, height or side))
    return image


@pytest.fixture(params=[FlatIndex, FaissIndex])
def index(request: pytest.FixtureRequest) -> VectorIndex:
    kind: Callable[[int], VectorIndex] = request.param
    return kind(ENCODER.dim)


@pytest.fixture
def entries(index: VectorIndex) -> list[Entry]:
    """Three concepts of ana, each with one patch (0, 1, 2) and one profile text (10, 11, 12)."""
    index.add("ana", [0, 1, 2], ENCODER.encode_images([tile(colour) for colour in COLOURS.values()]))
    index.add("ana", [10, 11, 12], ENCODER.encode_texts(list(TEXTS.values())))
    names = {"bo": ("Bo",), "mug": ("Blue Mug", "muggy"), "kim": ("Kim",)}
    return [Entry(key, names[key], (i,), (10 + i,)) for i, key in enumerate(COLOURS)]


def test_a_name_is_enough(index: VectorIndex, entries: list[Entry]) -> None:
    found = ConceptRetriever(ENCODER, index, CONFIG).retrieve("ana", "What does Bo eat?", [], entries)
    assert found.hits == (Hit("bo", 1 / 61, name=1.0),)
    assert [(match.key, match.start, match.end) for match in found.names] == [("bo", 10, 12)]
    assert (found.regions, found.vectors_searched) == (0, 0)


def test_a_name_counts_even_with_no_vector_at_all() -> None:
    retriever = ConceptRetriever(ENCODER, FlatIndex(ENCODER.dim), CONFIG)
    assert retriever.retrieve("ana", "Is it Bo?", [tile("red")], [Entry("bo", ("Bo",))]).keys == ("bo",)


def test_text_alone_finds_by_the_profile(index: VectorIndex, entries: list[Entry]) -> None:
    question = "who loves noodles?"
    found = ConceptRetriever(ENCODER, index, CONFIG).retrieve("ana", question, [], entries)
    cosine = float(ENCODER.encode_texts([question])[0] @ ENCODER.encode_texts([TEXTS["bo"]])[0])
    assert found.keys == ("bo",)
    assert found.hits[0].text == pytest.approx(cosine, abs=1e-6)
    assert found.hits[0].name is None
    assert found.hits[0].image is None
    assert found.vectors_searched == 6


def test_text_finds_patches_across_modalities(index: VectorIndex, entries: list[Entry]) -> None:
    found = ConceptRetriever(ENCODER, index, CONFIG).retrieve("ana", "yellow", [], entries)
    cosine = float(ENCODER.encode_texts(["yellow"])[0] @ ENCODER.encode_images([tile(COLOURS["kim"])])[0])
    assert found.keys == ("kim",)
    assert found.hits[0].text == pytest.approx(cosine, abs=1e-6)
    high = RetrieverConfig(image_threshold=0.9, text_threshold=0.5, cross_threshold=0.9999, side=32)
    strict = ConceptRetriever(ENCODER, index, high)
    assert strict.retrieve("ana", "yellow", [], entries).hits == ()


def test_a_name_shuts_the_text_path(index: VectorIndex, entries: list[Entry]) -> None:
    found = ConceptRetriever(ENCODER, index, CONFIG).retrieve("ana", "Kim: who loves noodles?", [], entries)
    assert found.keys == ("kim",)
    assert found.hits[0].text is None


def test_nothing_above_a_threshold_is_an_answer(index: VectorIndex, entries: list[Entry]) -> None:
    retriever = ConceptRetriever(ENCODER, index, CONFIG)
    assert retriever.retrieve("ana", "what time is it", [], entries).hits == ()
    nothing = retriever.retrieve("ana", "who is this", [tile("#1ea032"), tile("white")], entries)
    assert nothing.hits == ()
    assert nothing.regions > 0
    for question in ("", "  "):
        assert retriever.retrieve("ana", question, [], entries).hits == ()
    assert retriever.retrieve("ana", "Bo", [tile("red")], []).hits == ()


@pytest.mark.parametrize("key", list(COLOURS))
def test_an_image_alone_finds_its_concept(index: VectorIndex, entries: list[Entry], key: str) -> None:
    found = ConceptRetriever(ENCODER, index, CONFIG).retrieve("ana", "", [tile(COLOURS[key])], entries)
    assert found.keys == (key,)
    hit = found.hits[0]
    assert hit.image == pytest.approx(1.0, abs=1e-5)
    assert hit.vector_id == list(COLOURS).index(key)
    assert hit.region is not None
    assert hit.region[0] == 0


def test_every_region_may_show_another_concept(index: VectorIndex, entries: list[Entry]) -> None:
    scene = tile("#1ea032", COLOURS["mug"], "#1ea032", COLOURS["bo"], side=24, height=24)
    found = ConceptRetriever(ENCODER, index, CONFIG).retrieve("ana", "", [tile("white"), scene], entries)
    assert set(found.keys) == {"bo", "mug"}
    truth = {"mug": Box(24, 0, 48, 24), "bo": Box(72, 0, 96, 24)}
    for hit in found.hits:
        assert hit.region is not None
        position, box = hit.region
        assert position == 1
        assert box.contained_in(truth[hit.key]) == 1.0


def test_image_scores_equal_brute_force(index: VectorIndex, entries: list[Entry]) -> None:
    scene = tile("#1ea032", "#8a4fd0", COLOURS["mug"], "#d03040", side=20, height=30)
    config = RetrieverConfig(image_threshold=-1.0, margin=2.0, side=32, image_scales=(1.0, 0.5), k=9)
    found = ConceptRetriever(ENCODER, index, config).retrieve("ana", "", [scene], entries)
    windows = propose_boxes(80, 30, (1.0, 0.5))
    regions = ENCODER.encode_images([crop(scene, box, 32) for box in windows]).astype(np.float64)
    patches = ENCODER.encode_images([tile(colour) for colour in COLOURS.values()]).astype(np.float64)
    scores = regions @ patches.T
    assert found.regions == len(windows)
    assert len(found.hits) == 3
    for hit in found.hits:
        column = list(COLOURS).index(hit.key)
        assert hit.image == pytest.approx(float(scores[:, column].max()), abs=1e-5)
        assert hit.region is not None
        row = windows.index(hit.region[1])
        assert scores[row, column] == pytest.approx(scores[:, column].max(), abs=1e-5)


def test_paths_are_fused_by_reciprocal_rank(index: VectorIndex, entries: list[Entry]) -> None:
    retriever = ConceptRetriever(ENCODER, index, CONFIG)
    found = retriever.retrieve(
        "ana", "Does Bo drink from this?", [tile(COLOURS["mug"], COLOURS["bo"])], entries
    )
    by_key = {hit.key: hit for hit in found.hits}
    assert found.keys == ("bo", "mug")
    image_ranks = sorted(by_key.values(), key=lambda hit: -(hit.image or 0))
    shared = by_key["bo"].image == by_key["mug"].image
    for key, hit in by_key.items():
        rank = 1 if shared else 1 + [h.key for h in image_ranks].index(key)
        assert hit.score == pytest.approx((1 / 61 if key == "bo" else 0.0) + 1 / (60 + rank))


def test_owners_are_apart(index: VectorIndex, entries: list[Entry]) -> None:
    index.add("ben", [0], ENCODER.encode_images([tile("#1ea032")]))
    retriever = ConceptRetriever(ENCODER, index, CONFIG)
    bens = [Entry("lawn", ("Lawn",), (0,))]
    assert retriever.retrieve("ben", "", [tile(COLOURS["bo"])], bens).hits == ()
    assert retriever.retrieve("ben", "", [tile("#1ea032")], bens).keys == ("lawn",)
    assert retriever.retrieve("ana", "", [tile("#1ea032")], entries).hits == ()
    assert retriever.retrieve("cleo", "", [tile(COLOURS["bo"])], entries).hits == ()


def test_vectors_of_no_entry_do_not_count(index: VectorIndex, entries: list[Entry]) -> None:
    found = ConceptRetriever(ENCODER, index, CONFIG).retrieve("ana", "", [tile(COLOURS["bo"])], entries[1:])
    assert found.hits == ()


def test_k_cuts_but_never_a_named_concept(index: VectorIndex, entries: list[Entry]) -> None:
    scene = tile(*COLOURS.values())
    one = RetrieverConfig(image_threshold=0.9, k=1, side=32)
    retriever = ConceptRetriever(ENCODER, index, one)
    assert len(retriever.retrieve("ana", "", [scene], entries).hits) == 1
    assert set(retriever.retrieve("ana", "Bo and Kim", [scene], entries).keys) == {"bo", "kim"}


def test_a_shared_name_brings_both(index: VectorIndex) -> None:
    twins = [Entry("dog", ("Max",)), Entry("brother", ("Max", "Maxi"))]
    found = ConceptRetriever(ENCODER, index, CONFIG).retrieve("ana", "Where is Max?", [], twins)
    assert found.keys == ("brother", "dog")
    assert found.hits[0].score == found.hits[1].score


def test_mined_patches_find_their_concept_in_a_scene() -> None:
    """From photos to an answer with the real parts: miner, index, retriever."""

    def photo(body: str, badge: str) -> Image.Image:
        image = Image.new("RGB", (64, 64), "#1ea032")
        image.paste(body, (8, 8, 56, 56))
        image.paste(badge, (24, 24, 40, 40))
        return image

    looks = {"bo": ("#dc1e1e", "#f0dc28"), "mug": ("#2846dc", "white"), "kim": ("#f0dc28", "black")}
    miner = PatchMiner(ENCODER, MinerConfig(background_prompts=("green",), logit_scale=20.0, side=32))
    index, entries, next_id = FaissIndex(ENCODER.dim), [], 0
    for key, look in looks.items():
        patches = miner.mine([photo(*look)], [key])
        ids = tuple(range(next_id, next_id + len(patches)))
        index.add("ana", ids, np.stack([patch.vector for patch in patches]))
        entries.append(Entry(key, (key,), ids))
        next_id += len(patches)
    config = RetrieverConfig(image_threshold=0.97, margin=0.01, side=32)
    retriever = ConceptRetriever(ENCODER, index, config)
    for key, look in looks.items():
        assert retriever.retrieve("ana", "", [photo(*look)], entries).keys[0] == key
    stranger = retriever.retrieve("ana", "who is it", [photo("#8c32aa", "#3cd2dc")], entries)
    assert stranger.hits == ()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 5), st.sampled_from([2, 5, 4096]))
def test_text_scores_equal_brute_force(seed: int, concepts: int, limit: int) -> None:
    chance = np.random.default_rng(seed)
    count = 4 * concepts
    vectors = chance.standard_normal((count, ENCODER.dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = chance.permutation(1000)[:count].tolist()
    index = FaissIndex(ENCODER.dim)
    index.add("ana", ids, vectors)
    groups = np.array(ids).reshape(concepts, 4)
    entries = [
        Entry(f"c{i}", (), tuple(row[:2].tolist()), tuple(row[2:].tolist())) for i, row in enumerate(groups)
    ]
    config = RetrieverConfig(text_threshold=0.0, cross_threshold=0.05, k=9, search_limit=limit)
    question = "does anybody here juggle"
    query = ENCODER.encode_texts([question])[0].astype(np.float64)
    found = ConceptRetriever(ENCODER, index, config).retrieve("ana", question, [], entries)
    scores = {key: float(query @ vector) for key, vector in zip(ids, vectors.astype(np.float64), strict=True)}
    reachable = set(sorted(ids, key=lambda key: -scores[key])[:limit])
    expected = {}
    for entry in entries:
        direct = [scores[key] for key in entry.text_vector_ids if key in reachable]
        across = [scores[key] for key in entry.vector_ids if key in reachable]
        if direct and max(direct) >= 0.0:
            expected[entry.key] = max(direct)
        elif across and max(across) >= 0.05:
            expected[entry.key] = max(across)
    assert {hit.key: hit.text for hit in found.hits} == pytest.approx(expected, abs=1e-5)


def test_bad_entries_are_refused(index: VectorIndex, entries: list[Entry]) -> None:
    retriever = ConceptRetriever(ENCODER, index, CONFIG)
    with pytest.raises(InputError, match="key 'bo'"):
        retriever.retrieve("ana", "Bo", [], [*entries, Entry("bo", ("Bo",))])
    with pytest.raises(InputError, match="vector id 1"):
        retriever.retrieve("ana", "Bo", [], [*entries, Entry("x", ("X",), (1,))])
    with pytest.raises(InputError, match="vector id 7"):
        retriever.retrieve("ana", "Bo", [], [Entry("x", ("X",), (7,), (7,))])
    with pytest.raises(InputError, match="owner"):
        retriever.retrieve("", "Bo", [], entries)


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 0},
        {"rrf_k": 0},
        {"image_threshold": 1.1},
        {"text_threshold": float("nan")},
        {"margin": -0.1},
        {"name_cutoff": 200.0},
        {"image_overlap": 1.0},
        {"image_scales": ()},
        {"image_scales": (2.0,)},
        {"search_limit": 0},
    ],
)
def test_bad_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingError):
        RetrieverConfig(**wrong)  # type: ignore[arg-type]

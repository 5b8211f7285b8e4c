"""What `ego` keeps of photos, against a full prefill, a brute choice of tokens, and its own keywords."""

from __future__ import annotations

import pytest
import torch

from jarvis_bench import Disguise, Introduction
from jarvis_bench.methods import Models
from jarvis_bench.methods.ego import EgoMemory, EgoMethod
from jarvis_bench.methods.record import Record
from jarvis_bench.pocket import Size, draw_split
from jarvis_memory.concept import Concept
from jarvis_memory.kv import Inputs, Mode
from jarvis_memory.profile import profile_text
from jarvis_memory.selecting import even_tokens, strongest_tokens
from jarvis_memory.vlm import Excerpt, SegmentSource


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Introduction, ...]:
    data = draw_split("heldout", tmp_path_factory.mktemp("data"), size=Size(4, pictures=1, questions=1))
    return tuple(Disguise(data, 0).introductions(data.concepts[:1]))


def ego(keep: str, models: Models, one: Introduction) -> EgoMemory:
    return EgoMemory(EgoMethod(models, keep), [one])


def whole(models: Models, record: Record, concept: Concept) -> Inputs:
    """All of a concept's photos as the model reads them, embeddings in 16 bits."""
    photos = tuple(Excerpt(photo) for photo in record.photos(concept))
    source = SegmentSource(concept.name, profile_text(concept.profile), (), photos)
    read = models.vlm.parts.concepts.read(source)[1]
    return Inputs(read.token_ids, read.positions, read.features.bfloat16().to(read.features))


def test_ego_with_all_tokens_is_a_prefill_of_the_photos(
    models: Models, told: tuple[Introduction, ...], record: Record
) -> None:
    memory, node = ego("full", models, told[0]), models.vlm
    (concept,) = record.known([told[0].name])
    oracle = node.parts.concepts.exact(node.prefix, [whole(models, record, concept)])
    kept = node.parts.concepts.exact(node.prefix, [memory.inputs(concept.name)])
    assert kept.token_ids == oracle.token_ids
    assert torch.equal(kept.keys, oracle.keys)
    assert torch.equal(kept.values, oracle.values)
    # Sixteen bits of the embeddings are close to all of them.
    photos = tuple(Excerpt(photo) for photo in record.photos(concept))
    source = SegmentSource(concept.name, profile_text(concept.profile), (), photos)
    exact = node.context([source], Mode.EXACT)
    assert torch.allclose(kept.keys, exact.keys, atol=0.1)
    memory.close()


def test_ego_keeps_evenly_spread_tokens(
    models: Models, told: tuple[Introduction, ...], record: Record
) -> None:
    memory, node = ego("uniform", models, told[0]), models.vlm
    (concept,) = record.known([told[0].name])
    features, at, chosen = whole(models, record, concept).features, 0, list[int]()
    for photo in record.photos(concept):
        rows, columns, tokens = node.sight.cells(photo)
        chosen += [at + i for i in even_tokens(rows, columns, round(0.2 * rows * columns))]
        at += tokens
    assert torch.equal(memory.inputs(concept.name).features.float(), features[:, chosen].float())
    memory.close()


def test_ego_keeps_what_keywords_attend_to(
    models: Models, told: tuple[Introduction, ...], record: Record
) -> None:
    method = EgoMethod(models)
    memory, node = EgoMemory(method, [told[0]]), models.vlm
    (concept,) = record.known([told[0].name])
    kept = memory.inputs(concept.name).features.float()
    features, at, chosen, counts = whole(models, record, concept).features.float(), 0, list[int](), 0
    words = memory.keywords(concept.name)
    assert len(words) >= 2
    for photo in record.photos(concept):
        rows, columns, tokens = node.sight.cells(photo)
        looked = node.sight.attention(photo, concept.name, words).numpy()
        importance = looked[list(method.layers), : rows * columns].mean(axis=0)
        most = round(0.2 * rows * columns)
        counts += most
        chosen += [at + i for i in strongest_tokens(importance.tolist(), most)]
        at += tokens
    # The subject's area may leave fewer than a fifth; here it fills most of a photo.
    assert kept.shape[1] == counts
    assert torch.equal(kept, features[:, chosen])
    bytes_of = memory.stored()[concept.name]
    assert 2 * kept.numel() < bytes_of < 2 * features.numel() + 20_000
    memory.close()


def test_ego_of_keywords_has_no_picture(models: Models, told: tuple[Introduction, ...]) -> None:
    memory = ego("keywords", models, told[0])
    inputs = memory.inputs(told[0].name)
    text = models.vlm.parts.encoder.decode(list(inputs.token_ids))
    assert inputs.seen == 0
    assert all(word.split()[-1] in text for word in memory.keywords(told[0].name))
    assert f"{told[0].name} wears" in text
    memory.close()

"""Training: gradients, what stays frozen, where learned rows stand, and that equal seeds learn alike."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from jarvis_bench import Introduction, Query
from jarvis_bench.methods import METHODS, Models, make_method
from jarvis_bench.methods.training.adapter import Adapting, adapted_node, train_adapter
from jarvis_bench.methods.training.aligner import Aligning, photo_views, train_aligner
from jarvis_bench.methods.training.classroom import draw_course, lesson_of
from jarvis_bench.methods.training.detector import seen_by, train_heads
from jarvis_bench.methods.training.fit import Schedule
from jarvis_bench.methods.training.heads import head_step, train_head
from jarvis_bench.methods.training.keep import digest_of, stored_weights
from jarvis_bench.methods.training.lesson import Lesson
from jarvis_bench.methods.training.pupil import Pupil
from jarvis_bench.methods.training.soft import noted_rows, soft_rows
from jarvis_bench.methods.training.teacher import Lectures
from jarvis_bench.methods.training.vectors import Training, train_vectors
from jarvis_memory.vlm.fingerprint import weights_digest
from jarvis_pocket.ask import ask_here
from jarvis_pocket.scene import draw_photo, draw_scene
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import PocketConcept, draw_concepts
from tests.kv.tiny import make_tiny

TRAINED = ("aligner", "concept-heads", "soft-tokens", "tuned")


@pytest.fixture(scope="module")
def known() -> list[PocketConcept]:
    return draw_concepts(random.Random(1), 2, "heldout")


def told(known: list[PocketConcept]) -> list[Introduction]:
    rng = random.Random(2)
    return [
        Introduction(one.name, "", f"{one.name} likes rice.", (draw_photo(rng, one.look, 96).image,))
        for one in known
    ]


def spoken(known: list[PocketConcept]) -> Mapping[str, Lectures]:
    """Lessons that need no teacher."""
    facts = {one.name: f"{one.name} likes {food}." for one, food in zip(known, ("rice", "soup"), strict=True)}
    return {
        name: Lectures((Lesson((name,), f"What does {name} like?", said),), (), ())
        for name, said in facts.items()
    }


def test_a_step_of_a_head_is_its_gradient() -> None:
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(9, 5)), (rng.random(9) < 0.4).astype(np.float64)
    weight, bias = rng.normal(size=5), 0.3
    loss, by_weight, by_bias = head_step(weight, bias, vectors, labels, 0.1)
    w = torch.tensor(weight, requires_grad=True)
    b = torch.tensor(bias, dtype=torch.float64, requires_grad=True)
    logits = torch.from_numpy(vectors) @ w + b
    oracle = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(labels))
    oracle = oracle + 0.05 * w.square().sum()
    oracle.backward()
    assert loss == pytest.approx(oracle.item(), abs=1e-12)
    assert w.grad is not None
    assert b.grad is not None
    np.testing.assert_allclose(by_weight, w.grad.numpy(), atol=1e-12)
    assert by_bias == pytest.approx(b.grad.item(), abs=1e-12)


def test_a_head_ends_where_its_gradient_is_nothing() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(40, 6))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    ones, zeros = rows[:15], rows[15:]
    head = train_head(ones, zeros, steps=2000, rate=4.0, decay=0.01)
    labels = np.r_[np.ones(15), np.zeros(25)]
    _, by_weight, by_bias = head_step(head.weight, head.bias, rows.astype(np.float64), labels, 0.01)
    assert np.abs([*by_weight, by_bias]).max() < 1e-9
    np.testing.assert_allclose(head.logits(rows), rows.astype(np.float64) @ head.weight + head.bias)


def test_heads_find_their_concept_in_scenes(models: Models, known: list[PocketConcept]) -> None:
    rng = random.Random(3)
    heads = train_heads(models, {one.name: one.photos for one in told(known)}, steps=500, decay=1e-4)
    one, other = known
    scenes = [draw_scene(rng, [Shown(one.look, one.name)]).image for _ in range(6)]
    seen = [seen_by(models, heads, [scene]) for scene in scenes]
    assert sum(logits[one.name] > 0 for logits in seen) >= 5
    assert sum(logits[other.name] > 0 for logits in seen) <= 1
    assert seen_by(models, heads, ()) == {}


@pytest.mark.parametrize("family", ["qwen3_vl", "qwen2_5_vl", "gemma3", "smolvlm"])
def test_learned_rows_stand_where_an_image_would(family: str) -> None:
    tiny = make_tiny(family)
    node, width = tiny.vlm, tiny.model.get_input_embeddings().weight.shape[1]
    vectors = torch.randn(3, width, generator=torch.Generator().manual_seed(0))
    rows = noted_rows(node, Introduction("Bo", "", "Bo likes rice.", ()), vectors)
    embeds, images = node.parts.runner.embeddings(rows)
    torch.testing.assert_close(embeds[0, images], vectors)
    pad = node.parts.tokens.pad
    words = [token for token in rows.token_ids if token != pad]
    torch.testing.assert_close(embeds[0, ~images], node.parts.runner.embed(torch.tensor([words]))[0])
    assert rows.token_ids[: len(node.parts.encoder.encode("Bo"))] == tuple(node.parts.encoder.encode("Bo"))


@pytest.mark.parametrize("family", ["qwen3_vl", "qwen2_5_vl", "gemma3", "smolvlm", "qwen3_5"])
def test_the_loss_is_that_of_what_the_node_answers_from(family: str) -> None:
    """The loss of one token, against the logits of the node behind the same context; padding changes none."""
    tiny = make_tiny(family)
    node, width = tiny.vlm, tiny.model.get_input_embeddings().weight.shape[1]
    tiny.model.requires_grad_(False)
    vectors = torch.randn(4, width, generator=torch.Generator().manual_seed(0)) * 0.2
    context = node.parts.concepts.exact(node.prefix, [soft_rows(node, "Bo", vectors)])
    oracle = node.first_logits(context, "What is Bo?").log_softmax(-1)
    pupil = Pupil(tiny.model, node, frozen=True)
    short = pupil.exercise(Lesson(("Bo",), "What is Bo?", "noodles"))
    long = pupil.exercise(Lesson(("Bo", "Bo"), "Where is the mug? On the shelf?", "yellow star"))
    first = type(short)(
        short.shown, short.asked.head(short.asked.tokens - len(short.answer) + 1, 0), short.answer[:1]
    )

    def rows(name: str) -> object:
        return soft_rows(node, name, vectors)

    alone = pupil.loss([first], rows)  # type: ignore[arg-type]
    assert alone.item() == pytest.approx(-oracle[short.answer[0]].item(), abs=1e-4)
    both, other = pupil.loss([short, long], rows), pupil.loss([long], rows)  # type: ignore[arg-type]
    count, more = len(short.answer), len(long.answer)
    single = pupil.loss([short], rows)  # type: ignore[arg-type]
    assert both.item() * (count + more) == pytest.approx(
        single.item() * count + other.item() * more, rel=1e-4
    )


def test_vectors_learn_and_weights_stay(models: Models, known: list[PocketConcept]) -> None:
    before, training = weights_digest(models.network), Training(5, Schedule(12, 0.4), told=1, seed=3)
    made, losses = train_vectors(models, spoken(known), training)
    assert losses[-1] < 0.5 * losses[0]
    assert weights_digest(models.network) == before
    again, repeated = train_vectors(models, spoken(known), training)
    assert repeated == losses
    for name, one in made.items():
        torch.testing.assert_close(again[name], one, rtol=0, atol=0)
    other, _ = train_vectors(models, spoken(known), Training(5, Schedule(1, 0.4), told=1, seed=4))
    assert any(not torch.equal(other[name], made[name]) for name in made)


def test_those_who_are_fixed_stay(models: Models, known: list[PocketConcept]) -> None:
    (one, some), (other, _) = spoken(known).items()
    fixed = {other: torch.ones(5, models.network.config.text_config.hidden_size)}
    made, _ = train_vectors(models, {one: some}, Training(5, Schedule(2, 0.4)), fixed)
    assert [*made] == [one]
    assert bool((fixed[other] == 1).all())


@pytest.mark.parametrize("family", ["pocket", "qwen3_vl"])
def test_an_adapter_that_is_off_is_not_there(family: str, models: Models, tmp_path: Path) -> None:
    from peft.tuners.tuners_utils import BaseTunerLayer

    if family != "pocket":
        models = tiny_models(tmp_path)
    question = "What is Bo?"
    oracle = models.photo_vlm.first_logits(None, question)
    before = weights_digest(models.network)
    network, node = adapted_node(models, 2)
    assert torch.equal(node.first_logits(None, question), oracle)  # B is 0: a fresh one adds nothing
    for name, one in network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(one, std=0.1, generator=torch.Generator().manual_seed(0))
    assert not torch.allclose(node.first_logits(None, question), oracle)
    for layer in network.modules():
        if isinstance(layer, BaseTunerLayer):
            layer.enable_adapters(False)
    assert torch.equal(node.first_logits(None, question), oracle)
    assert torch.equal(models.photo_vlm.first_logits(None, question), oracle)
    assert weights_digest(models.network) == before
    own, theirs = network.get_input_embeddings().weight, models.network.get_input_embeddings().weight
    assert own.data_ptr() == theirs.data_ptr()  # held once


def tiny_models(folder: Path) -> Models:
    """Random weights of a real architecture, loaded by name as any model is."""
    tiny = make_tiny("qwen3_vl")
    tiny.model.save_pretrained(folder / "tiny")
    tiny.processor.save_pretrained(folder / "tiny")
    (folder / "tiny" / "jarvis.json").write_text('{"patch_side": 32, "question_pixels": 2304}')
    return Models(str(folder / "tiny"), device="cpu", photo_side=32, keep=folder / "keep")


def test_an_adapter_learns_and_is_kept(models: Models, tmp_path: Path) -> None:
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    adapting = Adapting(2, 2, Schedule(1, 1e-3))
    made = train_adapter(models, adapting)
    assert any(bool(one.abs().sum() > 0) for name, one in made.items() if "lora_B" in name)
    kept = stored_weights(tmp_path / "keep", "x", lambda: made)
    read = stored_weights(tmp_path / "keep", "x", dict)  # from the file: nothing is made
    assert {*read} == {*kept} == {*made}
    assert all(torch.equal(read[name], one) for name, one in made.items())
    _, node = adapted_node(models, 2)
    set_peft_model_state_dict(node.parts.runner.text, dict(read))
    there = get_peft_model_state_dict(node.parts.runner.text)
    assert all(torch.equal(there[name], one) for name, one in made.items())


def test_an_aligner_is_the_mean_of_its_photos(models: Models, known: list[PocketConcept]) -> None:
    aligning = Aligning(4, 12, 2, Schedule(2, 0.02), lessons=4)
    made, losses = train_aligner(models, aligning)
    again, repeated = train_aligner(models, aligning)
    assert losses == repeated
    photos = [one.photos[0] for one in told(known)]
    views = photo_views(models, photos)
    whole = models.encoder.encode_images([photos[0].resize((96, 96))])
    assert float(views[0, : models.encoder.dim] @ torch.from_numpy(whole[0])) > 0.95
    torch.testing.assert_close(made(views), (made(views[:1]) + made(views[1:])) / 2, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(made(views), again(views), rtol=0, atol=0)


def test_lessons_in_plain_words(known: list[PocketConcept]) -> None:
    rng = random.Random(0)
    asked = ask_here(rng, [Shown(known[0].look, known[0].name)], known[1])
    question, answer = lesson_of(asked, plain=True)
    assert (question, answer) == (f"{asked.text}\nAnswer with Yes or No.", "No")
    assert lesson_of(asked, plain=False) == (asked.text, asked.answer)
    course = draw_course(rng, ("who", "detail"), concepts=3, photos=1, shown=2, plain=True)
    names = {one.name for one in course.concepts}
    assert {*course.lessons[0].shown} < names
    assert len(course.lessons[0].shown) == 2
    assert course.lessons[0].answer in names


def test_a_digest_changes_with_what_is_told(known: list[PocketConcept]) -> None:
    one, two = told(known)
    same = digest_of(told(known), {"k": 1})
    assert digest_of([one, two], {"k": 1}) == same
    bare = Introduction(two.name, "", two.notes, ())
    others = [
        digest_of([one, two], {"k": 2}),
        digest_of([two, one], {"k": 1}),
        digest_of([one, bare], {"k": 1}),
    ]
    assert same not in others


FEW = {
    "aligner": "aligner:photos=8:epochs=1:steps=1:k=4",
    "concept-heads": "concept-heads:steps=1:head_steps=20",
    "soft-tokens": "soft-tokens:steps=1:k=4",
    "tuned": "tuned:steps=1:rank=2",
}


def test_real_models_go_the_same_way(tmp_path: Path, known: list[PocketConcept]) -> None:
    """Every method trains and answers on another architecture; what random weights say means nothing."""
    models = tiny_models(tmp_path)
    pair = told(known)
    scene = draw_photo(random.Random(5), known[0].look, 96).image
    name = known[0].name
    assert {*FEW} == {*TRAINED} <= {*METHODS}
    for method in TRAINED:
        memory = make_method(FEW[method], models).open(pair)
        question = f"Is {name} here?"
        for form in ("yes_no", "open"):
            query = Query("q", "vqa", form, question, question, images=(scene,), told=(name,))
            reply = memory.answer(query)
            assert reply.found == (name,)
            assert reply.loaded
            assert sum(seconds for _, seconds in reply.stages) == pytest.approx(reply.first_token)
        assert {*memory.stored()} == {one.name for one in pair}
        memory.close()
    assert len([*(tmp_path / "keep").glob("*.safetensors")]) == 2

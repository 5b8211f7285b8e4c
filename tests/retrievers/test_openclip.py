from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.openclip import OpenCLIPEncoder

CONFIG: dict[str, Any] = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
WEIGHTS = "open_clip_model.safetensors"


def write(folder: Path, config: dict[str, Any]) -> Path:
    """A model of random weights in open_clip's own folder format."""
    folder.mkdir()
    torch.manual_seed(0)
    vision = open_clip.CLIPVisionCfg(**config["vision_cfg"])
    text = open_clip.CLIPTextCfg(**config["text_cfg"])
    model = open_clip.CLIP(embed_dim=config["embed_dim"], vision_cfg=vision, text_cfg=text)
    save_file({key: value.contiguous() for key, value in model.state_dict().items()}, folder / WEIGHTS)
    preprocess = {"mean": [0.5] * 3, "std": [0.5] * 3}
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config, "preprocess_cfg": preprocess})
    )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clip") / "tiny", CONFIG)


@pytest.fixture(scope="module")
def encoder(folder: Path) -> OpenCLIPEncoder:
    return OpenCLIPEncoder.load(str(folder), device="cpu", batch_size=3)


def pictures(count: int) -> list[Image.Image]:
    chance = np.random.default_rng(5)
    return [Image.fromarray(chance.integers(0, 256, (40, 40, 3), dtype=np.uint8)) for _ in range(count)]


def test_images_equal_open_clip_itself(folder: Path, encoder: OpenCLIPEncoder) -> None:
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    model.eval()
    images = pictures(7)
    with torch.no_grad():
        expected = [
            model.encode_image(preprocess(image)[None], normalize=True)[0].numpy() for image in images
        ]
    rows = encoder.encode_images(images)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, expected, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)


def test_texts_equal_open_clip_itself(folder: Path, encoder: OpenCLIPEncoder) -> None:
    model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    model.eval()
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    texts = [
        "a red mug",
        "A dog&amp;cat",
        "",
        "one two three four five six seven eight nine ten " + "many words " * 20,
    ]
    with torch.no_grad():
        expected = model.encode_text(tokenizer(texts), normalize=True).numpy()
    np.testing.assert_allclose(encoder.encode_texts(texts), expected, atol=1e-6)
    assert encoder.logit_scale == pytest.approx(float(model.logit_scale.detach().exp()))


def test_it_is_an_encoder_and_nothing_gives_no_rows(encoder: OpenCLIPEncoder) -> None:
    assert isinstance(encoder, ImageTextEncoder)
    assert encoder.dim == 16
    assert encoder.encode_images([]).shape == encoder.encode_texts([]).shape == (0, 16)
    assert encoder.encode_images([Image.new("L", (5, 9))]).shape == (1, 16)
    with pytest.raises(InputError, match="put it in a list"):
        encoder.encode_texts("red")


@pytest.mark.parametrize(
    "attack",
    [
        "<end_of_text>",
        "<start_of_text>",
        "<END_OF_TEXT>",
        "&lt;end_of_text&gt;",
        "&amp;lt;end_of_text&amp;gt;",
        "\uff1cend_of_text\uff1e",
        "<end_of_<end_of_text>text>",
        "<|endoftext|>",
        "</s>",
        "<pad>",
        "[UNK]",
    ],
)
@pytest.mark.parametrize("kind", ["clip", "hugging face"])
def test_text_cannot_become_a_control_token(
    attack: str, kind: str, encoder: OpenCLIPEncoder, wordy: OpenCLIPEncoder
) -> None:
    words = (encoder if kind == "clip" else wordy)._words
    tokenizer = words._tokenizer
    if kind == "clip":
        special, first, last = set(tokenizer.all_special_ids), tokenizer.sot_token_id, tokenizer.eot_token_id
        honest = tokenizer(["dog cat"])[0].tolist()
        naive = tokenizer([f"dog {attack} cat"])[0].tolist()
        if attack in ("<end_of_text>", "&lt;end_of_text&gt;", "\uff1cend_of_text\uff1e"):
            assert naive.count(last) == 2  # the attack is real
    else:
        inner = tokenizer.tokenizer
        special, first, last = set(inner.get_added_vocab().values()), inner.bos_token_id, inner.eos_token_id
        special -= {inner.unk_token_id}
        honest = inner("dog cat").input_ids
    row = words([f"dog {attack} cat"])[0].tolist()
    end = row.index(last)
    assert row[0] == first
    assert special.isdisjoint(row[1:end])
    assert len(set(row[end + 1 :])) <= 1  # padding
    # Both words still count: what follows the attack is not cut off.
    assert {honest[1], honest[2]} <= set(row[1:end])


@pytest.fixture(scope="module")
def wordy(tmp_path_factory: pytest.TempPathFactory) -> OpenCLIPEncoder:
    """A model with a Hugging Face tokenizer of its own in its folder."""
    vocabulary = [
        "<pad>",
        "<s>",
        "</s>",
        "[UNK]",
        "dog",
        "cat",
        "red",
        "end",
        "of",
        "text",
        "start",
        "pad",
        "s",
    ]
    config = {**CONFIG, "text_cfg": {**CONFIG["text_cfg"], "vocab_size": 13, "hf_tokenizer_name": "own"}}
    folder = write(tmp_path_factory.mktemp("clip") / "wordy", config)
    raw = Tokenizer(models.WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    from tokenizers.processors import TemplateProcessing

    raw.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "[UNK]"}
    PreTrainedTokenizerFast(tokenizer_object=raw, **names).save_pretrained(folder)
    return OpenCLIPEncoder.load(str(folder), device="cpu")


def test_a_hugging_face_tokenizer_gives_unit_rows(wordy: OpenCLIPEncoder) -> None:
    rows = wordy.encode_texts(["dog cat", "red", "dog </s> cat"])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)
    assert not np.allclose(rows[0], rows[1])


def test_half_an_emoji_is_text_too(encoder: OpenCLIPEncoder) -> None:
    assert np.isfinite(encoder.encode_texts(["\ud83d", "\0"])).all()


def test_threads_get_what_one_gets(encoder: OpenCLIPEncoder) -> None:
    images, texts = pictures(5), ["a red mug", "a dog", "Bo's collar"]
    expected = (encoder.encode_images(images), encoder.encode_texts(texts))
    results: list[tuple[np.ndarray, np.ndarray]] = []

    def work() -> None:
        for _ in range(3):
            results.append((encoder.encode_images(images), encoder.encode_texts(texts)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 12
    for got in results:
        np.testing.assert_allclose(got[0], expected[0], atol=1e-6)
        np.testing.assert_allclose(got[1], expected[1], atol=1e-6)


def test_the_fingerprint_follows_weights_and_preprocessing(
    folder: Path, encoder: OpenCLIPEncoder, tmp_path: Path
) -> None:
    moved = shutil.copytree(folder, tmp_path / "moved")
    assert OpenCLIPEncoder.load(str(moved), device="cpu").fingerprint == encoder.fingerprint
    weights = load_file(moved / WEIGHTS)
    weights["logit_scale"] = weights["logit_scale"] + 1e-3
    save_file(weights, moved / WEIGHTS)
    changed = OpenCLIPEncoder.load(str(moved), device="cpu").fingerprint
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["preprocess_cfg"]["mean"] = [0.4] * 3
    other = shutil.copytree(folder, tmp_path / "other")
    (other / "open_clip_config.json").write_text(json.dumps(config))
    prints = {encoder.fingerprint, changed, OpenCLIPEncoder.load(str(other), device="cpu").fingerprint}
    assert len(prints) == 3
    assert all(len(value) == 64 for value in prints)


def test_models_that_are_not_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="neither a folder nor"):
        OpenCLIPEncoder.load("No-Such-Model/tag")
    with pytest.raises(SettingError, match=r"known: .*laion2b_s34b_b79k"):
        OpenCLIPEncoder.load("ViT-B-32/no-such-tag")
    with pytest.raises(SettingError, match="ViT-B-32 has no weights ''"):
        OpenCLIPEncoder.load("ViT-B-32")
    with pytest.raises(SettingError, match="neither a folder nor"):
        OpenCLIPEncoder.load("")
    with pytest.raises(SettingError, match="holds no OpenCLIP model"):
        OpenCLIPEncoder.load(str(tmp_path))
    with pytest.raises(SettingError, match="device 'nowhere'"):
        OpenCLIPEncoder.load(str(folder), device="nowhere")
    with pytest.raises(SettingError, match="batch_size"):
        OpenCLIPEncoder.load(str(folder), device="cpu", batch_size=0)


def test_broken_models_are_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    cut = shutil.copytree(folder, tmp_path / "cut")
    (cut / WEIGHTS).write_bytes((cut / WEIGHTS).read_bytes()[:1000])
    misfit = shutil.copytree(folder, tmp_path / "misfit")
    (misfit / "open_clip_config.json").write_text("{")
    alien = shutil.copytree(folder, tmp_path / "alien")
    save_file({"a": torch.zeros(1)}, alien / WEIGHTS)
    for place in (cut, misfit, alien):
        with pytest.raises(SettingError, match="cannot be loaded") as caught:
            OpenCLIPEncoder.load(str(place), device="cpu")
        assert "\n" not in str(caught.value)


def test_weights_that_need_unpickling_are_refused(folder: Path, tmp_path: Path) -> None:
    old = shutil.copytree(folder, tmp_path / "old")
    (old / WEIGHTS).rename(old / "open_clip_pytorch_model.bin")
    with pytest.raises(SettingError, match="safetensors"):
        OpenCLIPEncoder.load(str(old), device="cpu")


def test_pocket_is_the_packaged_folder_or_a_clear_error(
    folder: Path, encoder: OpenCLIPEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path / package)
    with pytest.raises(SettingError, match="pocket OpenCLIP weights are not installed"):
        OpenCLIPEncoder.load("pocket", device="cpu")
    shutil.copytree(folder, tmp_path / "jarvis_pocket" / "weights" / "clip")
    pocket = OpenCLIPEncoder.load(device="cpu")
    image = pictures(1)
    np.testing.assert_allclose(pocket.encode_images(image), encoder.encode_images(image), atol=1e-6)
    assert pocket.fingerprint != encoder.fingerprint

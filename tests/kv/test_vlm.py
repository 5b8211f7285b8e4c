from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from jarvis_memory.kv import Mode, Storage
from jarvis_memory.vlm import VLM, ImageSettings
from jarvis_memory.vlm.families import (
    Family,
    InternVL,
    LlavaOnevision,
    Qwen3VL,
    Qwen25VL,
    Reach,
    SmolVLM,
    choose_family,
    reach_of,
)
from jarvis_memory.vlm.fingerprint import weights_digest
from jarvis_memory.vlm.settings import Measured
from jarvis_retrievers.errors import SettingError, UnsupportedModelError
from tests.kv.tiles import CONTROL, TILE_FAMILIES
from tests.kv.tiny import FAMILIES, GRID_FAMILIES, SETTINGS, Tiny, bo, make_config, make_tiny, make_tokenizer

QUESTION = "What hangs on Bo's collar?"


def fresh(tiny: Tiny, **change: Any) -> str:
    """The fingerprint of another node of the same model."""
    given: dict[str, Any] = {"name": tiny.vlm.name, "settings": SETTINGS}
    return VLM(tiny.model, tiny.processor, **{**given, **change}).fingerprint


@pytest.mark.parametrize("family", FAMILIES)
def test_the_fingerprint_names_all_that_matters(family: str) -> None:
    tiny = make_tiny(family)
    prints = [tiny.vlm.fingerprint]
    assert fresh(tiny) == make_tiny(family).vlm.fingerprint == prints[0]
    # Images of questions are in no segment.
    assert fresh(tiny, settings=ImageSettings(patch_side=32)) == prints[0]
    prints.append(fresh(tiny, name="other"))
    prints.append(fresh(tiny, revision="abc"))
    prints.append(fresh(tiny, settings=ImageSettings(patch_side=32, photo_pixels=48 * 48)))
    if family in GRID_FAMILIES:
        prints.append(fresh(tiny, settings=ImageSettings(patch_side=48)))
    template = tiny.processor.chat_template
    tiny.processor.chat_template = template.replace("{{ m.role }}\n", "{{ m.role }}\n\n")
    prints.append(fresh(tiny))
    tiny.processor.chat_template = template + "{# a comment #}"
    prints.append(fresh(tiny))
    tiny.processor.chat_template = template
    tiny.processor.image_processor.image_mean = [0.4, 0.4, 0.4]
    prints.append(fresh(tiny))
    with torch.no_grad():
        tiny.model.lm_head.weight[3, 5] += 1e-6
    prints.append(fresh(tiny))
    tiny.processor.tokenizer.add_tokens(["<more>"])
    prints.append(fresh(tiny))
    assert len(set(prints)) == len(prints) == 9 + (family in GRID_FAMILIES)


def test_the_digest_of_weights_reads_every_dtype() -> None:
    def digest(*tensors: torch.Tensor) -> str:
        named = {f"w{n}": tensor for n, tensor in enumerate(tensors)}
        return weights_digest(SimpleNamespace(state_dict=lambda: named))

    one = torch.ones(2, 3)
    lots = [
        digest(one),
        digest(one.bfloat16()),
        digest(one.reshape(3, 2)),
        digest(one, torch.tensor(1.0)),
        digest(one, torch.tensor(2.0)),
    ]
    assert len(set(lots)) == 5
    assert digest(one.t().contiguous().t()) == digest(one)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_from_a_folder(family: str, tmp_path: Path) -> None:
    tiny = make_tiny(family)
    folder = tmp_path / "tiny"
    tiny.model.save_pretrained(folder)
    tiny.processor.save_pretrained(folder)
    (folder / "jarvis.json").write_text(SETTINGS.model_dump_json())
    loaded = VLM.load(str(folder), device="cpu")
    assert (loaded.name, loaded.patch_side, loaded.settings) == ("tiny", 32, SETTINGS)
    expected = tiny.vlm.generate(tiny.vlm.context([bo()]), QUESTION, max_new_tokens=12)
    got = loaded.generate(loaded.context([bo()]), QUESTION, max_new_tokens=12)
    assert got.token_ids == expected.token_ids
    assert got.text == expected.text
    # Where the folder lies does not matter.
    moved = folder.rename(tmp_path / "elsewhere").rename(tmp_path / "tiny")
    assert VLM.load(str(moved), device="cpu").fingerprint == loaded.fingerprint
    assert VLM.load(str(moved), device="cpu", dtype=torch.bfloat16).fingerprint != loaded.fingerprint
    with pytest.raises(SettingError, match="device 'nowhere'"):
        VLM.load(str(folder), device="nowhere")
    (folder / "jarvis.json").write_text('{"patch_side": 33}')
    if family in TILE_FAMILIES:  # a tile has the size of the tower
        assert VLM.load(str(folder), device="cpu").patch_side == 32
        return
    with pytest.raises(SettingError, match=r"multiple of 16.*got 33"):
        VLM.load(str(folder), device="cpu")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "the file"),
        ('{"patch_side": 0}', "patch_side"),
        ('{"patchside": 32}', "patchside"),
        ("[]", "the file"),
    ],
)
def test_settings_that_cannot_be_read(text: str, told: str, tmp_path: Path) -> None:
    assert ImageSettings.read(tmp_path) == ImageSettings(patch_side=224, question_pixels=None)
    (tmp_path / "jarvis.json").write_text(text)
    with pytest.raises(SettingError, match=told):
        ImageSettings.read(tmp_path)


def test_a_verdict_comes_with_a_model(tmp_path: Path) -> None:
    assert Measured.read(tmp_path) is None
    file = tmp_path / "gate.json"
    file.write_text('{"mode": "link", "storage": "int8"}')
    assert Measured.read(tmp_path) == Measured(mode=Mode.LINK, storage=Storage.INT8)
    for text in ("{", '{"mode": "link"}', '{"mode": "guess", "storage": "bf16"}'):
        file.write_text(text)
        with pytest.raises(SettingError):
            Measured.read(tmp_path)


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be loaded"):
        VLM.load(str(tmp_path))
    with pytest.raises(SettingError, match="no/such/model"):
        VLM.load("no/such/model")


def test_another_family_is_refused_before_its_weights_are_read(tmp_path: Path) -> None:
    from transformers import LlavaConfig

    LlavaConfig().save_pretrained(tmp_path)
    with pytest.raises(UnsupportedModelError, match=r"'llava'.*Qwen2.5-VL.*Qwen3-VL"):
        VLM.load(str(tmp_path))


@pytest.mark.parametrize("family", FAMILIES)
def test_families_say_where_things_are(family: str) -> None:
    tiny = make_tiny(family)
    chosen = choose_family(tiny.model.config)
    assert isinstance(chosen, Family)
    assert chosen.model_type == family
    kinds = (Qwen25VL, Qwen3VL, InternVL, LlavaOnevision, SmolVLM)
    assert type(chosen) is dict(zip(FAMILIES, kinds, strict=True))[family]
    shape = chosen.shape(tiny.model.config)
    keys = tiny.vlm.prefix.keys
    assert (shape.layers, shape.kv_heads, shape.head_dim) == (keys.shape[0], keys.shape[1], keys.shape[3])
    assert 2 * chosen.inv_freq(tiny.model).numel() == shape.head_dim
    tokens = chosen.image_tokens(tiny.model.config, tiny.processor)
    names = tiny.processor.tokenizer.convert_ids_to_tokens([*tokens.start, tokens.pad, *tokens.end])
    fake = "<fake_token_around_image>"
    assert names == {
        "internvl": ["<img>", "<IMG_CONTEXT>", "</img>"],
        "llava_onevision": ["<image>"],
        "smolvlm": [fake, "<global-img>", "<image>", fake],
    }.get(family, ["<|vision_start|>", "<|image_pad|>", "<|vision_end|>"])


def test_idefics3_is_of_the_family_of_smolvlm() -> None:
    from transformers import Idefics3Config

    assert type(choose_family(Idefics3Config())) is SmolVLM


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("rope", ["dynamic", "longrope"])
def test_frequencies_that_change_with_the_length_are_never_stored(family: str, rope: str) -> None:
    config = make_config(family, make_tokenizer(CONTROL.get(family, ())))
    assert reach_of(config) == Reach()
    config.text_config.rope_parameters["rope_type"] = rope
    assert reach_of(config).segments == 0
    assert rope in reach_of(config).why


def test_layers_that_forget_are_never_stored() -> None:
    config = make_config("qwen2_5_vl", make_tokenizer())
    config.text_config.layer_types = ["full_attention", "sliding_attention", "full_attention"]
    assert reach_of(config).segments == 0
    assert "sliding_attention" in reach_of(config).why


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, jarvis_memory.kv, jarvis_memory.vlm, jarvis_memory.vlm.families\n"
        "jarvis_memory.kv.Mode('compose')\n"
        "heavy = {'torch', 'transformers', 'tokenizers', 'safetensors', 'numpy', 'PIL', 'faiss'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("name", ["kv", "vlm", "vlm.families"])
def test_every_name_is_there(name: str) -> None:
    from importlib import import_module

    package = import_module(f"jarvis_memory.{name}")
    assert set(package.__all__) == set(package._EXPORTS)
    assert all(getattr(package, exported) is not None for exported in package.__all__)
    with pytest.raises(AttributeError, match="missing"):
        _ = package.missing

"""What a node is made of, and how each part of it may be another."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import peft
import pytest
import torch
import transformers
from tokenizers import Tokenizer

from jarvis_memory import VLM
from jarvis_memory.kv import format as kv_format
from jarvis_memory.vlm import fingerprint
from jarvis_memory.vlm.settings import ImageSettings
from tests.kv.tiny import SETTINGS, Tiny, make_tiny


@dataclass
class Given:
    """What a node is made of."""

    model: Any
    processor: Any
    name: str = "tiny"
    revision: str | None = "a" * 40
    settings: ImageSettings = SETTINGS

    def node(self) -> VLM:
        return VLM(self.model, self.processor, self.name, settings=self.settings, revision=self.revision)


def given(adapter: bool = False) -> Given:
    tiny: Tiny = make_tiny("qwen2_5_vl")
    if adapter:
        torch.manual_seed(3)
        lora = peft.LoraConfig(r=2, lora_alpha=2, target_modules=["q_proj"], init_lora_weights=False)
        peft.inject_adapter_in_model(lora, tiny.model)
    return Given(tiny.model, tiny.processor)


Monkey = pytest.MonkeyPatch


def _layers(model: Any) -> list[Any]:
    return [module for module in model.modules() if isinstance(module, peft.tuners.lora.LoraLayer)]


def louder(one: Given, monkey: Monkey) -> None:
    for layer in _layers(one.model):
        layer.set_scale("default", 4.0)


def silent(one: Given, monkey: Monkey) -> None:
    for layer in _layers(one.model):
        layer.enable_adapters(False)


def added(one: Given, monkey: Monkey) -> None:
    peft.inject_adapter_in_model(peft.LoraConfig(r=2, target_modules=["v_proj"]), one.model)


def eager(one: Given, monkey: Monkey) -> None:
    one.model.set_attn_implementation("eager")


def eager_text(one: Given, monkey: Monkey) -> None:
    one.model.config.text_config._attn_implementation = "eager"


def template(one: Given, monkey: Monkey) -> None:
    # Behind the first words of the user: neither prefix nor segment have another token.
    one.processor.chat_template = one.processor.chat_template.replace("assistant\n", "assistant\n\n")


def norm(one: Given, monkey: Monkey) -> None:
    one.model.config.text_config.rms_norm_eps = 3e-4


def bfloat(one: Given, monkey: Monkey) -> None:
    one.model = one.model.to(torch.bfloat16)


def newer_format(one: Given, monkey: Monkey) -> None:
    for module in (kv_format, fingerprint):
        monkey.setattr(module, "FORMAT_VERSION", kv_format.FORMAT_VERSION + 1)


def renamed(one: Given, monkey: Monkey) -> None:
    one.name = "other"


def larger(one: Given, monkey: Monkey) -> None:
    one.settings = one.settings.model_copy(update={"patch_side": 48})


def photos(one: Given, monkey: Monkey) -> None:
    one.settings = one.settings.model_copy(update={"photo_pixels": 64 * 64})


def opened_otherwise(one: Given, monkey: Monkey) -> None:
    before = "{% for m in messages %}"
    one.processor.chat_template = "Listen. " + one.processor.chat_template
    assert before in one.processor.chat_template


def paler(one: Given, monkey: Monkey) -> None:
    one.processor.image_processor = copy.deepcopy(one.processor.image_processor)
    one.processor.image_processor.image_std = (0.3, 0.3, 0.3)


def of_the_processor(one: Given, monkey: Monkey) -> None:
    one.processor.image_seq_length = 7


def quantised(one: Given, monkey: Monkey) -> None:
    one.model.config.quantization_config = {"quant_method": "torchao", "quant_type": "int8_weight_only"}


def pulled(one: Given, monkey: Monkey) -> None:
    one.revision = "b" * 40


def retuned(one: Given, monkey: Monkey) -> None:
    """The table alone, as some programs stretch a model: no config and no file of weights says so."""
    one.model.model.language_model.rotary_emb.inv_freq.mul_(0.5)


def rescaled(one: Given, monkey: Monkey) -> None:
    one.model.model.language_model.rotary_emb.attention_scaling = 1.25


def retheta(one: Given, monkey: Monkey) -> None:
    one.model.config.text_config.rope_parameters["rope_theta"] = 5e5


def another_token(one: Given, monkey: Monkey) -> None:
    one.processor.tokenizer.add_tokens(["<never-used>"])


def merges(one: Given, monkey: Monkey) -> None:
    """One rule of merging fewer."""
    state = json.loads(one.processor.tokenizer.backend_tokenizer.to_str())
    state["model"]["merges"].pop()
    one.processor.tokenizer._tokenizer = Tokenizer.from_str(json.dumps(state))


def torch_version(one: Given, monkey: Monkey) -> None:
    monkey.setattr(torch, "__version__", "2.99.0")


def transformers_version(one: Given, monkey: Monkey) -> None:
    monkey.setattr(transformers, "__version__", "5.99.0")


def one_bit(one: Given, monkey: Monkey) -> None:
    with torch.no_grad():
        flat = one.model.model.language_model.layers[-1].mlp.down_proj.weight.view(torch.int32).view(-1)
        flat[-1] ^= 1


def of_the_tower(one: Given, monkey: Monkey) -> None:
    with torch.no_grad():
        next(iter(one.model.model.visual.parameters())).view(-1)[0] += 1


Change = Callable[[Given, Monkey], None]
CHANGES: dict[str, tuple[Change, ...]] = {
    "adapter": (louder, silent, added),
    "attention": (eager, eager_text),
    "chat_template": (template,),
    "config": (norm, retheta),
    "dtype": (bfloat,),
    "format": (newer_format,),
    "model": (renamed,),
    "patch_side": (larger,),
    "photo_pixels": (photos,),
    "prefix": (opened_otherwise,),
    "processor": (paler, of_the_processor),
    "quantisation": (quantised,),
    "revision": (pulled,),
    "rope": (retuned, rescaled),
    "tokenizer": (another_token, merges),
    "torch": (torch_version,),
    "transformers": (transformers_version,),
    "weights": (one_bit, of_the_tower),
}
# What a change of one field changes besides, because it cannot be otherwise.
WITH: dict[Change, set[str]] = {
    added: {"weights"},
    bfloat: {"weights", "rope"},
    opened_otherwise: {"chat_template"},
    merges: {"prefix"},
}
CASES = [
    pytest.param(field, change, id=f"{field}-{change.__name__}")
    for field, changes in CHANGES.items()
    for change in changes
]


def needs_adapter(change: Change) -> bool:
    return change in (louder, silent)

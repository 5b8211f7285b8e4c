"""If anything that a segment depends on is another, what is stored is a counted miss and encoded again."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers
from PIL import Image
from tokenizers import Tokenizer

from jarvis_memory import VLM, Answer, PersonalMemory
from jarvis_memory.kv import format as kv_format
from jarvis_memory.tally import LoadCounts
from jarvis_memory.vlm import fingerprint
from jarvis_memory.vlm.settings import ImageSettings
from jarvis_memory.watching import Loaded, watched
from jarvis_retrievers.reference import ColourEncoder
from tests.kv.tiny import SETTINGS, Tiny, make_tiny, picture


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
    import json

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


class House:
    """A home with one concept, and whoever opens it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def open(self, node: VLM) -> PersonalMemory:
        return PersonalMemory.open(self.home, owner="ana", model=node, clip=ColourEncoder())

    def ask(self, node: VLM) -> tuple[Answer, list[Loaded], LoadCounts]:
        """Open, ask about Bo, close."""
        heard: list[Any] = []
        with self.open(node) as memory, watched(heard.append):
            answer = memory.ask("What does Bo like?", max_new_tokens=4)
            return answer, [deed for deed in heard if isinstance(deed, Loaded)], memory.loads


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, House]:
    """With a plain model, and with one that has an adapter."""
    made = {}
    for adapter in (False, True):
        house = House(tmp_path_factory.mktemp("home"))
        with house.open(given(adapter).node()) as memory:
            memory.remember("Bo", [picture(1, (64, 64))], "My shiba. Bo likes noodles.")
        made[adapter] = house
    return made


def test_every_field_has_a_change() -> None:
    """A field that is new in the fingerprint has to be new here too."""
    assert tuple(sorted(CHANGES)) == fingerprint.FIELDS
    assert tuple(sorted(given().node().fields())) == fingerprint.FIELDS
    assert all(CHANGES.values())


@pytest.mark.parametrize(("field", "change"), CASES)
def test_a_change_is_a_counted_miss(
    field: str, change: Change, homes: dict[bool, House], monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = needs_adapter(change)
    house, before = homes[adapter], given(adapter).node().fields()
    one = given(adapter)
    change(one, monkeypatch)
    node = one.node()
    after = node.fields()
    assert {name for name in after if after[name] != before[name]} == {field} | WITH.get(change, set())

    answer, loaded, counts = house.ask(node)
    assert [(deed.origin, deed.miss) for deed in loaded] == [("encoded", "foreign")]
    assert counts == LoadCounts(foreign=1)
    assert counts.misses == answer.usage.missed == 1
    # Of the context only the prefix was there.
    assert answer.usage.reused == node.prefix.tokens

    # What it encoded is its own from now on, and the same.
    again, loaded, counts = house.ask(one.node())
    assert [(deed.origin, deed.miss) for deed in loaded] == [("store", None)]
    assert (counts, again.usage.missed, again.text) == (LoadCounts(store=1), 0, answer.text)


@pytest.mark.parametrize("adapter", [False, True])
def test_without_a_change_it_is_a_hit(adapter: bool, homes: dict[bool, House]) -> None:
    answer, loaded, counts = homes[adapter].ask(given(adapter).node())
    assert [(deed.origin, deed.miss) for deed in loaded] == [("store", None)]
    assert (counts, answer.usage.missed) == (LoadCounts(store=1), 0)
    assert answer.usage.reused > given(adapter).node().prefix.tokens


def test_a_path_is_no_change(homes: dict[bool, House]) -> None:
    """Where a model lies does not change what it computes."""
    one = given()
    one.model.config._name_or_path = "elsewhere"
    assert homes[False].ask(one.node())[2] == LoadCounts(store=1)


def test_other_tokens_are_a_counted_miss(homes: dict[bool, House], tmp_path: Path) -> None:
    """Digest, key and fingerprint are right, but the tokens are those of another text."""
    house, node = House(tmp_path / "home"), given().node()
    with house.open(node) as memory:
        for at, name in enumerate(("Bo", "Mia")):
            memory.remember(name, [Image.new("RGB", (64, 64), ("red", "blue")[at])], f"{name} likes noodles.")
        bo, mia = memory.show("Bo"), memory.show("Mia")
        foreign = memory._store.get_segment(mia.id, node.fingerprint)
        assert foreign is not None
        memory._store.put_segment(bo.id, node.fingerprint, foreign, updated=bo.updated)
    answer, loaded, counts = house.ask(node)
    assert [(deed.origin, deed.miss) for deed in loaded if deed.name == "Bo"] == [("encoded", "damaged")]
    assert counts.damaged == answer.usage.missed == 1
    assert "Bo" in answer.notices[0]


def test_nothing_stored_is_a_counted_miss(tmp_path: Path) -> None:
    house, node = House(tmp_path / "home"), given().node()
    with house.open(node) as memory:
        bo = memory.remember("Bo", [picture(3, (64, 64))], "Bo likes noodles.")
        memory._store.drop_segments(bo.id)
    assert house.ask(node)[2] == LoadCounts(missing=1)


def test_a_record_of_another_version_is_a_counted_miss(tmp_path: Path) -> None:
    """Under the right key, but written by another version, or for another model: told, and never used."""
    house, node = House(tmp_path / "home"), given().node()
    with house.open(node) as memory:
        bo = memory.remember("Bo", [picture(4, (64, 64))], "Bo likes noodles.")
        segment = node.segment_from_bytes(memory._store.get_segment(bo.id, node.fingerprint) or b"")
        data = kv_format.segment_to_bytes(replace(segment, fingerprint="0" * 64))
        memory._store.put_segment(bo.id, node.fingerprint, data, updated=bo.updated)
    answer, loaded, counts = house.ask(node)
    assert [(deed.origin, deed.miss) for deed in loaded] == [("encoded", "foreign")]
    assert (counts, answer.usage.missed) == (LoadCounts(foreign=1), 1)
    assert "fingerprint 000000" in answer.notices[0]

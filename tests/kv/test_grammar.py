"""Led along a schema, even a model of random weights writes a description."""

from __future__ import annotations

import json
import re
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jarvis_memory.profiling import Description, JsonProfiler, Subject
from jarvis_memory.profiling.schema import DESCRIPTION_SCHEMA
from jarvis_memory.vlm import VLM, Query
from jarvis_memory.vlm.text import TextEncoder
from jarvis_retrievers.errors import ExtraError, ProfileError, SettingError
from tests.kv.published import PUBLISHED, make_published
from tests.kv.tiny import CONTROL, SETTINGS, make_config, make_model, make_processor, picture

SHORT = json.dumps(
    {
        "type": "object",
        "properties": {
            "kind": {"enum": ["cat", "dog"]},
            "ear": {"type": "string", "pattern": "^[a-z]{1,6}$"},
        },
        "required": ["kind", "ear"],
        "additionalProperties": False,
    }
)
BO = Subject("Bo", None, ("Bo is a dog.",), (picture(1),), (picture(2), picture(3)))


def wide(seed: int = 0, window: int = 16_384) -> VLM:
    """A tiny model whose window holds the longest description that its bytes can spell."""
    processor = make_processor("qwen2_5_vl")
    config = make_config("qwen2_5_vl", processor.tokenizer)
    config.text_config.max_position_embeddings = window
    return VLM(make_model(config, seed), processor, "tiny", settings=SETTINGS)


@pytest.fixture(scope="module")
def vlm() -> VLM:
    pytest.importorskip("xgrammar")
    return wide()


@pytest.mark.parametrize("question", ["What is Bo?", "Describe Bo <|im_end|>"])
def test_an_answer_follows_its_schema(vlm: VLM, question: str) -> None:
    plain = vlm.generate(None, question, max_new_tokens=40)
    said = vlm.generate(None, question, max_new_tokens=40, schema=SHORT)
    assert said.text != plain.text
    found = json.loads(said.text)
    assert list(found) == ["kind", "ear"]
    assert found["kind"] in ("cat", "dog")
    assert 1 <= len(found["ear"]) <= 6
    control = {vlm.parts.processor.tokenizer.convert_tokens_to_ids(text) for text in CONTROL}
    assert not control & set(said.token_ids[:-1])
    assert said.token_ids[-1] in control
    again = Query(None, question, max_new_tokens=40, schema=SHORT)
    several = vlm.generate_many([again, Query(None, question, max_new_tokens=40)])
    assert [one.token_ids for one in several] == [said.token_ids, plain.token_ids]


def test_a_random_model_writes_a_description(vlm: VLM) -> None:
    profiler = JsonProfiler(vlm, max_new_tokens=8192)
    said = profiler.describe(BO)
    assert isinstance(said, Description)
    assert said.category
    assert said.caption
    assert said.state.pose
    assert profiler.describe(BO) == said


@pytest.mark.parametrize("part", json.loads(DESCRIPTION_SCHEMA)["properties"])
def test_every_field_of_a_description_is_asked_for(part: str) -> None:
    assert part in Description.model_fields
    assert set(json.loads(DESCRIPTION_SCHEMA)["properties"]) == set(Description.model_fields)


def test_an_answer_that_is_cut_off_is_refused(vlm: VLM) -> None:
    with pytest.raises(ProfileError, match="within 20 tokens"):
        JsonProfiler(vlm, max_new_tokens=20).describe(BO)


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xgrammar", None)
    with pytest.raises(ExtraError, match=r"jarvis-plugins\[profiles\]"):
        JsonProfiler(wide(window=4096)).describe(BO)


@pytest.mark.parametrize("schema", ["", "{", '{"type": "nothing"}'])
def test_a_schema_that_is_none_is_refused(vlm: VLM, schema: str) -> None:
    with pytest.raises(SettingError, match="JSON schema"):
        vlm.generate(None, "What is Bo?", schema=schema)


WORDS = json.loads(DESCRIPTION_SCHEMA)["properties"]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_the_schema_allows_is_a_description(data: st.DataObject) -> None:
    def written(pattern: str) -> str:
        return data.draw(st.from_regex(pattern.removesuffix("$"), fullmatch=True))

    said = {
        "state": {part: written(kind["pattern"]) for part, kind in WORDS["state"]["properties"].items()},
        "category": written(WORDS["category"]["pattern"]),
        "caption": written(WORDS["caption"]["pattern"]),
        "attributes": [written(WORDS["attributes"]["items"]["pattern"])],
        "facts": [written(WORDS["facts"]["items"]["pattern"])],
    }
    passed = Description.model_validate_json(json.dumps(said))
    assert passed.caption == said["caption"]


def test_the_longest_text_that_the_schema_allows_is_a_description() -> None:
    caption = " ".join(["x" * 15] * 25)
    assert re.fullmatch(WORDS["caption"]["pattern"], caption)
    assert Description(caption=caption).caption == caption
    assert not re.fullmatch(WORDS["caption"]["pattern"], f"{caption} x")


def test_a_schema_that_spells_control_tokens_gets_their_letters() -> None:
    """Names stand in schemas: whatever an answer is led to write, it is text."""
    wild = "".join(PUBLISHED["qwen3_vl"])
    tiny = make_published("qwen3_vl")
    schema = json.dumps({"type": "string", "enum": [wild]})
    said = tiny.vlm.generate(None, "What?", max_new_tokens=600, schema=schema)
    assert json.loads(said.text) == wild
    control = TextEncoder(tiny.processor.tokenizer).control_ids
    assert [i for i in said.token_ids if i in control] == [said.token_ids[-1]]

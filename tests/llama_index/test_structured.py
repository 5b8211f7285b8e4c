"""Objects out of `JarvisLLM`: led along the schema, or in LlamaIndex's own way."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.memory import Memory
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel, Field

from jarvis_memory import VLM
from jarvis_memory.chat import Abilities, Message, ToolCall
from jarvis_memory.testing import ScriptedVLM
from jarvis_plugins.llama_index import JarvisLLM
from jarvis_retrievers.images import pixel_digest
from tests.llama_index.chat import RED, asked, scripted


class Pet(BaseModel):
    """A pet."""

    kind: Literal["dog", "cat"]
    legs: int = Field(ge=0, le=8)


ASK = PromptTemplate("Tell me of a {what}.")


async def test_a_real_model_follows_the_schema(vlm: VLM) -> None:
    llm = JarvisLLM(model=vlm, max_tokens=60)
    pet = llm.structured_predict(Pet, ASK, what="pet")
    assert isinstance(pet, Pet)
    assert await llm.astructured_predict(Pet, ASK, what="pet") == pet
    assert list(llm.stream_structured_predict(Pet, ASK, what="pet"))[-1] == pet
    stream = await llm.astream_structured_predict(Pet, ASK, what="pet")
    assert [one async for one in stream][-1] == pet
    structured = llm.as_structured_llm(Pet)
    assert structured.complete("Tell me of a pet.").raw == pet
    assert structured.chat([asked("Tell me of a pet.")]).raw == pet
    assert (await structured.achat([asked("Tell me of a pet.")])).raw == pet
    with pytest.raises(ValueError, match="Invalid JSON"):
        JarvisLLM(model=vlm, max_tokens=2).structured_predict(Pet, ASK, what="pet")


def test_schema_options_images_and_instructions_arrive() -> None:
    llm, node = scripted('{"kind": "dog", "legs": 4}')
    mine = llm.model_copy(update={"system_prompt": "Be brief."})
    found = mine.as_structured_llm(Pet).chat([asked("A {dog}?", RED)], max_tokens=40)
    assert found.raw == Pet(kind="dog", legs=4)
    (request,) = node.given
    assert '"const"' in str(request.schema) or '"enum"' in str(request.schema)
    assert (request.max_new_tokens, request.tools) == (40, [])
    assert [message.role for message in request.messages] == ["system", "user"]
    assert [pixel_digest(image) for image in request.messages[1].images] == [pixel_digest(RED)]


class Unled(ScriptedVLM):
    """Has tools, and cannot be led along a schema."""

    @property
    def abilities(self) -> Abilities:
        return Abilities(self.window, tools=True, schemas=False)


async def test_where_nothing_can_be_led_an_object_is_a_call() -> None:
    made: dict[str, Any] = {"kind": "cat", "legs": 3}
    node = Unled(lambda request: Message("assistant", (), (ToolCall("", "Pet", made),)))
    llm = JarvisLLM(model=node)
    assert llm.structured_predict(Pet, ASK, what="pet") == Pet(kind="cat", legs=3)
    assert await llm.astructured_predict(Pet, ASK, what="pet") == Pet(kind="cat", legs=3)
    assert [request.choice for request in node.given] == ["any", "any"]
    assert all(request.schema is None for request in node.given)


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
async def test_an_agent_answers_in_a_schema() -> None:
    llm, node = scripted("A dog.", '{"kind": "dog", "legs": 4}')
    output: Any = await FunctionAgent(llm=llm, output_cls=Pet).run("A pet?", memory=Memory.from_defaults())
    assert output.get_pydantic_model(Pet) == Pet(kind="dog", legs=4)
    assert [request.schema is None for request in node.given] == [True, False]

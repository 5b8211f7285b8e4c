"""`ChatJarvis` with a memory: alone, behind the middleware, and with the tools."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRequest, ModelResponse
from langchain_core.caches import InMemoryCache
from langchain_core.exceptions import (
    ModelInvalidRequestError,
)
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.messages import (
    HumanMessage,
)
from langgraph.checkpoint.memory import InMemorySaver

from jarvis_memory import PersonalMemory
from jarvis_memory.chat import ChatRequest, Message, Reply, ToolCall
from jarvis_memory.testing import ScriptedVLM
from jarvis_plugins.langchain import (
    ChatJarvis,
    PersonalMemoryMiddleware,
    memory_tools,
    picture_block,
)
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import (
    InputError,
    SettingError,
    UnknownConceptError,
)
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.langchain.chat import scripted


def test_a_memory_answers_about_whom_is_asked(shared: PersonalMemory, exam: Exam) -> None:
    model = ChatJarvis(memory=shared)
    for item in exam.items:
        images = [] if item.image is None else [item.image]
        blocks: list[Any] = [*map(picture_block, images), {"type": "text", "text": item.question.text}]
        message = model.invoke([HumanMessage(blocks)])
        answer = shared.ask(item.question.text, images)
        assert message.text == answer.text
        assert message.response_metadata["concepts"] == list(answer.concepts)
        usage = message.usage_metadata
        assert usage is not None
        assert usage["input_token_details"]["cache_read"] >= answer.usage.reused
    assert model.invoke("What does Qwertz like?").response_metadata["concepts"] == []


def test_ids_say_whom_it_answers_from(shared: PersonalMemory, exam: Exam) -> None:
    model, there = ChatJarvis(memory=shared), shared.list()
    question = f"What does {there[0].name} like?"
    chosen = model.invoke(question, concepts=[there[1].id, there[0].id])
    assert chosen.response_metadata["concepts"] == [there[1].name, there[0].name]
    assert model.invoke(question, concepts=[]).response_metadata["concepts"] == []
    with pytest.raises(UnknownConceptError) as told:
        model.invoke(question, concepts=["of somebody else"])
    assert isinstance(told.value, ModelInvalidRequestError)
    with pytest.raises(InputError, match="knows no concepts"):
        scripted()[0].invoke("Hi", concepts=["x"])


def test_the_middleware_gives_ids_and_leaves_nothing_behind(
    household: PersonalMemory, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[ChatRequest] = []
    chat = household.chat

    def kept(request: ChatRequest) -> Reply:
        requests.append(request)
        return chat(request)

    monkeypatch.setattr(household, "chat", kept)
    saver, concept = InMemorySaver(), household.show(exam.concepts[0].name)
    agent = create_agent(
        ChatJarvis(memory=household, max_tokens=16),
        middleware=[PersonalMemoryMiddleware(household)],
        checkpointer=saver,
    )
    for turn in range(20):
        asked = HumanMessage(f"Turn {turn}: what does {concept.name} like?")
        result = agent.invoke({"messages": [asked]}, {"configurable": {"thread_id": "1"}})
    assert [request.concepts for request in requests] == [[concept.id]] * 20
    assert all("do not instruct" not in message.text for message in requests[-1].messages)
    assert result["messages"][-1].usage_metadata["input_token_details"]["cache_read"] > 0
    everything = repr([(item.checkpoint, item.metadata, item.pending_writes) for item in saver.list(None)])
    everything += repr(saver.storage) + repr(saver.writes) + repr(saver.blobs)
    photo = str(picture_block(household.photo(concept.photos[0].id))["base64"])
    assert "Turn 19" in everything
    for trace in (photo[:200], concept.id, concept.profile.facts[1]):
        assert trace not in everything


def test_no_cache_of_answers_stands_before_a_memory(household: PersonalMemory, exam: Exam) -> None:
    before = get_llm_cache()
    set_llm_cache(InMemoryCache())
    try:
        model, name = ChatJarvis(memory=household), exam.concepts[0].name
        first = model.invoke(f"What does {name} like?").text
        household.edit(name, facts=[f"{name} likes noodles."])
        assert model.invoke(f"What does {name} like?").text != first
    finally:
        set_llm_cache(before)


def test_tools_of_the_memory_work_beside(household: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    call = Message("assistant", (), (ToolCall("", "recall_concepts", {"query": f"Who is {name}?"}),))
    node = ScriptedVLM([call, "done"])
    agent = create_agent(ChatJarvis(model=node), memory_tools(household, show=1))
    agent.invoke({"messages": [HumanMessage("Hi")]})
    told = node.given[1].messages[-1]
    assert name in told.text
    assert len(told.images) == 1


def test_it_is_made_of_one_model_or_of_one_memory(shared: PersonalMemory) -> None:
    with pytest.raises(ValueError, match="one of model and memory"):
        ChatJarvis(model="pocket", memory=shared)
    with pytest.raises(ValueError, match="model is a name"):
        ChatJarvis(model=3)
    with pytest.raises(ValueError, match="temperature"):
        ChatJarvis(model="pocket", temperature=-1)
    with pytest.raises(SettingError, match="nowhere"):
        ChatJarvis(model="nowhere").invoke("Hi")
    assert "memory" not in repr(ChatJarvis(memory=shared))


def test_the_profile_says_what_it_can(shared: PersonalMemory, encoder: OpenCLIPEncoder) -> None:
    profile = scripted()[0].profile
    assert profile is not None
    assert (profile["max_input_tokens"], profile["tool_calling"], profile["image_inputs"]) == (
        32_768,
        True,
        True,
    )
    assert ChatJarvis(memory=shared).profile is not None


def test_whom_a_tool_forgot_in_the_same_turn_is_not_asked_for(household: PersonalMemory, exam: Exam) -> None:
    first, second = (household.show(concept.name) for concept in exam.concepts[:2])
    middleware, model = PersonalMemoryMiddleware(household), ChatJarvis(memory=household, max_tokens=16)
    asked = HumanMessage(f"Compare {first.name} with {second.name}")
    state: Any = {"messages": [asked]}
    found: Any = middleware.before_agent(state, None)  # type: ignore[arg-type]
    assert set(found["jarvis_concepts"]) == {first.id, second.id}
    household.forget(first.name)

    def answer(request: ModelRequest[Any]) -> ModelResponse[Any]:
        return ModelResponse([request.model.bind(**request.model_settings).invoke(request.messages)])

    state |= found
    request: ModelRequest[Any] = ModelRequest(model=model, messages=[asked], state=state)
    reply: Any = middleware.wrap_model_call(request, answer)
    assert reply.result[0].response_metadata["concepts"] == [second.name]

"""Agents of LlamaIndex over a memory: three turns, two concepts, a picture in the second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, ImageBlock
from llama_index.core.memory import Memory
from llama_index.core.workflow import Context, JsonSerializer

from jarvis_memory import PersonalMemory
from jarvis_plugins.llama_index import JarvisLLM, JarvisToolSpec, PersonalMemoryBlock
from jarvis_plugins.llama_index.images import picture_of
from jarvis_pocket.exam import Exam
from jarvis_retrievers.images import pixel_digest
from jarvis_retrievers.sources import ImagePolicy
from tests.llama_index.chat import asked, calls, clock, scripted, strangers
from tests.llama_index.two_minds import TwoMinds

# LlamaIndex's agents look at all of their attributes, deprecated ones too.
# A context leaves the memory out of what it writes, and says so in each turn.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::workflows.context.state_store.UnserializableKeyWarning"),
]

Turn = tuple[ChatMessage, str, list[str]]


def turns(memory: PersonalMemory, exam: Exam) -> list[Turn]:
    """What is asked, what a right answer holds, and the concept that it is about."""
    first, second = (memory.show(concept.name) for concept in exam.concepts[:2])
    return [
        (asked(f"When was {first.name} born?"), "December", [first.id]),
        (
            asked(exam.photos[1][0], f"Is {second.name} in the picture?"),
            f"{second.name} is here",
            [second.id],
        ),
        (asked(f"Where does {second.name} sleep?"), "sofa", [second.id]),
    ]


def agent_of(kind: str, node: TwoMinds, memory: PersonalMemory) -> FunctionAgent | AgentWorkflow:
    llm, tools = JarvisLLM(model=node), JarvisToolSpec(memory).to_tool_list()
    keeper = FunctionAgent(name="keeper", description="Knows the user's own.", llm=llm, tools=[*tools])
    if kind == "function":
        return keeper
    door = FunctionAgent(
        name="door", description="Hands over.", llm=llm, tools=[clock], can_handoff_to=["keeper"]
    )
    return AgentWorkflow(agents=[door, keeper], root_agent="door")


@pytest.mark.parametrize("kind", ["function", "workflow"])
async def test_three_turns_two_concepts_and_a_picture(shared: PersonalMemory, exam: Exam, kind: str) -> None:
    name = exam.concepts[0].name
    over: list[tuple[str, dict[str, object]]] = [("handoff", {"to_agent": "keeper", "reason": "own"})]
    recall: list[tuple[str, dict[str, object]]] = [("recall_concepts", {"query": name})]
    node = TwoMinds(shared, {name: [*(over if kind == "workflow" else []), *recall]})
    agent = agent_of(kind, node, shared)
    memory = Memory.from_defaults(memory_blocks=[PersonalMemoryBlock(memory=shared, share="ids")])
    context: Context[Any] = Context(agent)
    used = []
    planned = turns(shared, exam)
    for number, (question, expected, ids) in enumerate(planned):
        if number == 2:  # the program starts anew: the context is kept, the memory has to be given again
            context = await again(agent, context)
        handler = agent.run(question, ctx=context, memory=memory)
        async for event in handler.stream_events():
            if isinstance(event, ToolCallResult):
                used.append(event)
        output: Any = await handler
        assert expected in (output.response.content or "")
        assert node.answered[-1].concepts == ids
    assert [one.tool_name for one in used] == (["handoff"] if kind == "workflow" else []) + [
        "recall_concepts"
    ]
    assert any(isinstance(block, ImageBlock) for block in used[-1].tool_output.blocks)
    # The whole conversation, with its picture, is what the last answer was made of.
    last = node.answered[-1].messages
    photo = pixel_digest(exam.photos[1][0])
    assert [message.text for message in last if message.role == "user"][-3:] == [
        question.content for question, _, _ in planned
    ]
    assert photo in [pixel_digest(image) for message in last for image in message.images]
    stored = [block for message in await memory.aget_all() for block in message.blocks]
    assert photo in [
        pixel_digest(picture_of(block, ImagePolicy())) for block in stored if isinstance(block, ImageBlock)
    ]


def test_it_is_the_picture_that_is_answered_from(shared: PersonalMemory, exam: Exam) -> None:
    first, second = exam.concepts[0].name, exam.concepts[1].name
    before = [asked(f"When was {first} born?"), ChatMessage(role="assistant", content="In May.")]
    answers = [
        JarvisLLM(memory=shared).chat([*before, asked(photo, f"Is {second} in the picture?")]).message.content
        for photo in (exam.photos[1][1], strangers()[0])
    ]
    assert [f"{second} is here" in (answer or "") for answer in answers] == [True, False]


async def again(agent: FunctionAgent | AgentWorkflow, context: Context[Any]) -> Context[Any]:
    """A context that was written to JSON and read again."""
    kept = json.dumps(context.to_dict(serializer=JsonSerializer()))
    restored: Context[Any] = Context.from_dict(agent, json.loads(kept), serializer=JsonSerializer())
    assert await restored.store.get("memory", default=None) is None
    return restored


async def test_tools_that_show_pictures_show_them_to_the_model(shared: PersonalMemory, exam: Exam) -> None:
    node_calls = calls("Rome")
    llm, node = scripted(node_calls, "It is noon.")
    agent = FunctionAgent(llm=llm, tools=[clock, *JarvisToolSpec(shared).to_tool_list()])
    output = await agent.run("When is it?", memory=Memory.from_defaults())
    assert str(output) == "It is noon."
    told = node.given[1].messages[-1]
    assert (told.role, told.text) == ("tool", "noon in Rome")
    assert told.call_id == node.given[1].messages[-2].calls[0].id != ""


async def test_a_model_of_somebody_else_is_told_in_words(shared: PersonalMemory, exam: Exam) -> None:
    llm, node = scripted("ok")
    concept = shared.show(exam.concepts[0].name)
    block = PersonalMemoryBlock(memory=shared, share="crops", show=1)
    agent = FunctionAgent(llm=llm, system_prompt="Be brief.")
    await agent.run(f"What does {concept.name} like?", memory=Memory.from_defaults(memory_blocks=[block]))
    (request,) = node.given
    assert [message.role for message in request.messages] == ["system", "user", "user"]
    assert concept.profile.facts[0] in request.messages[1].text
    assert len(request.messages[1].images) == 1


async def test_a_model_that_knows_no_tools_is_refused_by_agents(shared: PersonalMemory) -> None:
    with pytest.raises(ValueError, match="FunctionCallingLLM"):
        await FunctionAgent(llm=JarvisLLM(memory=shared)).run("Hi", memory=Memory.from_defaults())


async def test_a_chat_store_in_a_file_keeps_pictures(
    shared: PersonalMemory, exam: Exam, tmp_path: Path
) -> None:
    uri = f"sqlite+aiosqlite:///{tmp_path / 'chats.db'}"
    photo = exam.photos[0][0]
    await Memory.from_defaults("1", async_database_uri=uri).aput(asked(photo, "Who is this?"))
    (said,) = await Memory.from_defaults("1", async_database_uri=uri).aget()
    block = said.blocks[0]
    assert isinstance(block, ImageBlock)
    assert pixel_digest(picture_of(block, ImagePolicy())) == pixel_digest(photo)

"""`JarvisToolSpec`: what each tool does, and what is told where it cannot."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import FunctionTool, call_tool_with_selection

from jarvis_memory import PersonalMemory
from jarvis_plugins.llama_index import ConceptRetrievalEvent, JarvisToolSpec
from jarvis_plugins.llama_index.images import picture_of
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.images import load_image, pixel_digest
from jarvis_retrievers.sources import ImagePolicy
from tests.llama_index.chat import events, png, strangers


def by_name(memory: PersonalMemory, **more: Any) -> dict[str, FunctionTool]:
    tools = JarvisToolSpec(memory, **more).to_tool_list()
    return {tool.metadata.get_name(): tool for tool in tools}


def test_a_model_is_told_what_they_take(shared: PersonalMemory) -> None:
    tools = by_name(shared)
    assert set(tools) == {
        "recall_concepts", "list_concepts", "remember_concept", "update_concept", "forget_concept",
    }  # fmt: skip
    assert set(by_name(shared, writes=False)) == {"recall_concepts", "list_concepts"}
    listed = tools["remember_concept"].metadata.to_openai_tool()["function"]
    assert listed["parameters"]["required"] == ["name", "photos"]
    assert listed["description"] == "Remember a pet, person or thing of the user."
    assert "owner" not in str([tool.metadata.to_openai_tool() for tool in tools.values()])


async def test_recalled_concepts_come_with_their_patches(shared: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[1].name
    tool = by_name(shared, show=2)["recall_concepts"]
    with events() as seen:
        outputs = [tool(query=f"Who is {name}?"), await tool.acall(query=f"Who is {name}?")]
    for output in outputs:
        assert [type(block) for block in output.blocks] == [TextBlock, ImageBlock, ImageBlock]
        assert output.content.startswith(f"{name}\n")
        block = output.blocks[1]
        assert isinstance(block, ImageBlock)
        assert picture_of(block, ImagePolicy()).size == (224, 224)
    assert [event.concepts[0]["name"] for event in seen.of(ConceptRetrievalEvent)] == [name, name]
    (text,) = by_name(shared, show=0)["recall_concepts"](query=name).blocks
    assert isinstance(text, TextBlock)
    assert "Nothing" in by_name(shared)["recall_concepts"](query="Qwertz").content
    with pytest.raises(InputError, match="show"):
        JarvisToolSpec(shared, show=-1)


def test_a_concept_is_remembered_updated_and_forgotten(household: PersonalMemory) -> None:
    tools, photo = by_name(household), strangers()[0]
    url = "data:image/png;base64," + base64.b64encode(png(photo)).decode()
    tools["remember_concept"](name="Zorbino", photos=[url], about="Zorbino likes rice.")
    kept = household.show("Zorbino")
    assert kept.about == ("Zorbino likes rice.",)
    assert kept.photos[0].digest == pixel_digest(load_image(png(photo)))
    tools["update_concept"](name="Zorbino", about="Zorbino was born in May.")
    assert "Zorbino was born in May." in household.show("Zorbino").profile.facts
    assert "Zorbino" in tools["list_concepts"]().content
    tools["forget_concept"](name="Zorbino")
    assert "Zorbino" not in [concept.name for concept in household.list()]


def test_what_cannot_be_done_is_told_to_the_model_and_changes_nothing(
    household: PersonalMemory, tmp_path: Path
) -> None:
    tools, before = by_name(household), household.list()
    outside = tmp_path / "secret.png"
    outside.write_bytes(b"x")
    for name, arguments, reason in (
        ("forget_concept", {"name": "Nobody"}, "Nobody"),
        ("remember_concept", {"name": "X", "photos": []}, "at least one photo"),
        ("remember_concept", {"name": "X", "photos": [str(outside)]}, "no files are read"),
        ("remember_concept", {"name": "X", "photos": ["https://127.0.0.1/a.png"]}, "none are fetched"),
        ("remember_concept", {"name": "X"}, "photos of remember_concept cannot be used"),
        ("recall_concepts", {"query": "x", "k": 1000}, "k of recall_concepts cannot be used"),
        ("recall_concepts", {"query": "x", "owner": "eve"}, "owner of recall_concepts cannot be used"),
    ):
        chosen = ToolSelection(tool_id="1", tool_name=name, tool_kwargs=arguments)
        output = call_tool_with_selection(chosen, [*tools.values()])
        assert output.is_error
        assert reason in output.content
        with pytest.raises(InputError):
            tools[name](**arguments)
    assert household.list() == before
    with pytest.raises(InputError, match="there is no tool"):
        JarvisToolSpec(household).get_fn_schema_from_fn_name("x")

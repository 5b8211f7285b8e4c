"""`memory_tools`: LangChain's own suites, and what each tool does."""

from __future__ import annotations

import base64
import random
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_plugins.langchain import memory_tools, picture_block
from jarvis_pocket import scene, world
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.images import encode_png, load_image, pixel_digest
from jarvis_retrievers.sources import ImagePolicy


def by_name(memory: PersonalMemory, **more: Any) -> dict[str, BaseTool]:
    return {tool.name: tool for tool in memory_tools(memory, **more)}


def call(tool: BaseTool, **arguments: Any) -> ToolMessage:
    message = tool.invoke(ToolCall(name=tool.name, args=arguments, id="1", type="tool_call"))
    assert isinstance(message, ToolMessage)
    return message


def of_another() -> Image.Image:
    """A photo of somebody who is not of the household."""
    look = world.draw_look(random.Random("another"), "heldout")
    return scene.draw_photo(random.Random("photo"), look).image


class _OfTheHousehold:
    memory: PersonalMemory
    of: tuple[str, dict[str, Any]]

    @pytest.fixture(autouse=True)
    def _remembered(self, household: PersonalMemory) -> None:
        self.memory = household

    @property
    def tool_constructor(self) -> BaseTool:
        return by_name(self.memory)[self.of[0]]

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return self.of[1]


RECALL = ("recall_concepts", {"query": "Who likes noodles?"})
LIST: tuple[str, dict[str, Any]] = ("list_concepts", {})
UPDATE = ("update_concept", {"name": "Bo", "about": "Bo likes noodles."})


class TestRecallUnit(_OfTheHousehold, ToolsUnitTests):
    of = RECALL


class TestRecall(_OfTheHousehold, ToolsIntegrationTests):
    of = RECALL


class TestListUnit(_OfTheHousehold, ToolsUnitTests):
    of = LIST


class TestList(_OfTheHousehold, ToolsIntegrationTests):
    of = LIST


class TestUpdateUnit(_OfTheHousehold, ToolsUnitTests):
    of = UPDATE


def test_recalled_concepts_come_with_their_patches(household: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[1].name
    message = call(by_name(household, show=2)["recall_concepts"], query=f"What does {name} look like?")
    assert isinstance(message.content, list)
    kinds = [block["type"] for block in message.content if isinstance(block, dict)]
    assert kinds == ["text", "image", "image"]
    first = message.content_blocks[0]
    assert first["type"] == "text"
    assert name in first["text"]
    assert [document.metadata["concept"] for document in message.artifact] == [name]
    best = max(household.show(name).patches, key=lambda patch: patch.score)
    block = message.content_blocks[1]
    assert block["type"] == "image"
    shown = load_image(base64.b64decode(block["base64"]))
    assert shown.size == (224, 224)
    box = best.box
    middle = household.photo(best.photo_id).getpixel(
        ((box.left + box.right) // 2, (box.top + box.bottom) // 2)
    )
    assert isinstance(middle, tuple)
    near = shown.getpixel((112, 112))
    assert isinstance(near, tuple)
    assert max(abs(a - b) for a, b in zip(middle, near, strict=True)) < 60
    text = call(by_name(household, show=0)["recall_concepts"], query=name)
    assert isinstance(text.content, str)


def test_a_concept_is_remembered_updated_and_forgotten(household: PersonalMemory, exam: Exam) -> None:
    tools = by_name(household)
    photo = of_another()
    data = picture_block(photo)
    url = f"data:image/png;base64,{data['base64']}"
    told = call(tools["remember_concept"], name="Zorbino", photos=[url], about="Zorbino likes rice.")
    assert told.status == "success"
    kept = household.show("Zorbino")
    assert kept.about == ("Zorbino likes rice.",)
    assert kept.photos[0].digest == pixel_digest(load_image(encode_png(photo)))
    call(tools["update_concept"], name="Zorbino", about="Zorbino was born in May.")
    assert "Zorbino was born in May." in household.show("Zorbino").profile.facts
    listed = call(tools["list_concepts"])
    assert "Zorbino" in str(listed.content)
    call(tools["forget_concept"], name="Zorbino")
    assert "Zorbino" not in [concept.name for concept in household.list()]


def test_what_cannot_be_done_is_told_to_the_model_and_changes_nothing(
    household: PersonalMemory, tmp_path: Path
) -> None:
    tools, before = by_name(household), household.list()
    outside = tmp_path / "secret.png"
    outside.write_bytes(b"x")
    for tool, arguments, reason in (
        ("forget_concept", {"name": "Nobody"}, "Nobody"),
        ("remember_concept", {"name": "X", "photos": []}, "at least one photo"),
        ("remember_concept", {"name": "X", "photos": [str(outside)]}, "no files are read"),
        ("remember_concept", {"name": "X", "photos": ["http://127.0.0.1/a.png"]}, "must be data: or https:"),
        ("remember_concept", {"name": "X", "photos": ["https://127.0.0.1/a.png"]}, "none are fetched"),
        ("remember_concept", {"name": "<|im_end|>", "photos": []}, "control tokens"),
        ("update_concept", {"name": before[0].name}, "nothing to update"),
    ):
        message = call(tools[tool], **arguments)
        assert message.status == "error"
        assert reason in str(message.content)
        assert "\n" not in str(message.content)
    assert household.list() == before


def test_files_are_read_under_the_allowed_folder_alone(
    household: PersonalMemory, exam: Exam, tmp_path: Path
) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    (root / "a.png").write_bytes(encode_png(of_another()))
    (tmp_path / "b.png").write_bytes(encode_png(of_another()))
    (root / "link.png").symlink_to(tmp_path / "b.png")
    tool = by_name(household, policy=ImagePolicy(root=root))["remember_concept"]
    for path in ("../b.png", str(tmp_path / "b.png"), "link.png"):
        message = call(tool, name="X", photos=[path])
        assert message.status == "error"
        assert "not under the allowed folder" in str(message.content)
    assert call(tool, name="X", photos=["a.png"]).status == "success"


def test_an_agent_may_be_kept_from_writing(household: PersonalMemory) -> None:
    assert set(by_name(household, writes=False)) == {"recall_concepts", "list_concepts"}
    with pytest.raises(InputError, match="show must be 0 or more"):
        memory_tools(household, show=-1)


async def test_tools_work_asynchronously(household: PersonalMemory, exam: Exam) -> None:
    tool = by_name(household)["recall_concepts"]
    name = exam.concepts[2].name
    message = await tool.ainvoke(ToolCall(name=tool.name, args={"query": name}, id="2", type="tool_call"))
    assert [document.metadata["concept"] for document in message.artifact] == [name]

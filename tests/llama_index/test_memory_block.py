"""`PersonalMemoryBlock` in LlamaIndex's `Memory`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.memory import Memory
from llama_index.core.utils import get_tokenizer

from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.chat import ChatRequest
from jarvis_memory.profile import profile_text
from jarvis_memory.testing import ScriptedVLM
from jarvis_plugins.llama_index import JarvisLLM, PersonalMemoryBlock, picture_block
from jarvis_plugins.llama_index.images import picture_of
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import ImageError, SettingError
from jarvis_retrievers.images import pixel_digest
from jarvis_retrievers.openclip import OpenCLIPEncoder
from jarvis_retrievers.sources import ImagePolicy
from tests.llama_index.chat import RED, asked, strangers


def memory_of(block: PersonalMemoryBlock, **more: Any) -> Memory:
    return Memory.from_defaults(memory_blocks=[block], **more)


def digest(block: Any) -> str:
    assert isinstance(block, ImageBlock)
    return pixel_digest(picture_of(block, ImagePolicy()))


async def test_images_of_bytes_survive_memory(shared: PersonalMemory, exam: Exam) -> None:
    photo = exam.photos[0][0]
    memory = memory_of(PersonalMemoryBlock(memory=shared, share="crops", show=1))
    await memory.aput(asked(photo, "Who is this?"))
    told, said = await memory.aget()
    assert digest(said.blocks[0]) == pixel_digest(photo)
    assert [type(block) for block in told.blocks] == [TextBlock, TextBlock, ImageBlock]
    node = ScriptedVLM(["ok"])
    await JarvisLLM(model=node).achat([told, said])
    arrived = [pixel_digest(image) for message in node.given[0].messages for image in message.images]
    assert arrived == [digest(told.blocks[2]), pixel_digest(photo)]


@pytest.mark.parametrize("share", ["text", "crops", "photos"])
async def test_the_llm_is_told_of_whom_the_user_speaks_and_of_nobody_else(
    shared: PersonalMemory, exam: Exam, share: Any
) -> None:
    concept = shared.show(exam.concepts[0].name)
    memory = memory_of(PersonalMemoryBlock(memory=shared, share=share, show=1))
    await memory.aput(asked(f"What does {concept.name} like?"))
    told, _ = await memory.aget()
    text = told.content or ""
    assert all(fact in text for fact in concept.profile.facts)
    for other in exam.concepts[1:]:
        assert not any(fact in text for fact in shared.show(other.name).profile.facts)
    assert "do not instruct" in text
    assert told.role == "user"  # never a system message
    pictures = [block for block in told.blocks if isinstance(block, ImageBlock)]
    assert len(pictures) == (share != "text")
    if share == "photos":
        assert digest(pictures[0]) == concept.photos[0].digest
    assert [message.content for message in await memory.aget_all()] == [f"What does {concept.name} like?"]


async def test_a_stranger_brings_nothing_to_mind(shared: PersonalMemory) -> None:
    memory = memory_of(PersonalMemoryBlock(memory=shared))
    assert await memory.aget() == []
    await memory.aput(asked("What does Qwertz like?"))
    assert [message.content for message in await memory.aget()] == ["What does Qwertz like?"]


async def test_a_picture_and_the_turn_before_say_who_is_meant(shared: PersonalMemory, exam: Exam) -> None:
    first, second, _ = exam.concepts
    block = PersonalMemoryBlock(memory=shared)
    (told,) = await block.aget([asked(exam.photos[1][0], "Who is this?")])
    assert second.name in (told.content or "")
    before = [asked(f"And {first.name}?"), ChatMessage(role="assistant", content="Hm.")]
    call = ChatMessage(role="tool", content=f"{second.name} is here.")
    (told,) = await block.aget([*before, call, asked("When was she born?")])
    assert first.name in (told.content or "")
    assert f"\n{second.name}\n" not in f"\n{told.content}\n"


async def test_ids_reach_the_llm_and_nothing_else_does(
    household: PersonalMemory, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[ChatRequest] = []
    stream = household.stream_chat

    def kept(request: ChatRequest) -> Any:
        requests.append(request)
        return stream(request)

    monkeypatch.setattr(household, "stream_chat", kept)
    concept = household.show(exam.concepts[0].name)
    memory = memory_of(PersonalMemoryBlock(memory=household, share="ids"))
    for question, ids in ((f"What does {concept.name} like?", [concept.id]), ("And Qwertz?", [])):
        await memory.areset()
        await memory.aput(asked(question))
        llm = JarvisLLM(memory=household)
        response = await llm.achat(await memory.aget())
        assert requests[-1].concepts == ids
        assert [message.text for message in requests[-1].messages] == [question]
        assert response.message.content == llm.complete(question, concepts=ids).text


async def test_ids_of_another_owner_are_refused(
    shared: PersonalMemory, tmp_path: Path, vlm: VLM, encoder: OpenCLIPEncoder, exam: Exam
) -> None:
    with PersonalMemory.open(tmp_path / "home", owner="eve", model=vlm, clip=encoder) as eve:
        block = PersonalMemoryBlock(memory=eve, share="ids")
        await block.aremember("Zorbino", [picture_block(exam.photos[0][0])], "Zorbino likes rice.")
        question = asked("What does Zorbino like?")
        told = await block.aget([question])
        with pytest.raises(ValueError, match="no concept with the id"):
            await JarvisLLM(memory=shared).achat([*told, question])


async def test_remembering_is_explicit(household: PersonalMemory, exam: Exam) -> None:
    block = PersonalMemoryBlock(memory=household)
    before = household.list()
    memory = memory_of(block, token_limit=60, token_flush_size=20)
    for turn in range(6):  # far more than the limit, so that messages leave the short-term memory
        await memory.aput(asked(f"Turn {turn}: remember that my dog Rex likes rice and beans and tea."))
        await memory.aput(ChatMessage(role="assistant", content="Yes."))
    assert len(await memory.aget_all()) > len([m for m in await memory.aget() if m.role == "user"])
    assert household.list() == before
    first, second = strangers()
    kept = await block.aremember("Rex", [picture_block(first), second], "Rex likes rice.", aliases=["Rexy"])
    assert [one.digest for one in kept.photos] == [pixel_digest(first), pixel_digest(second)]
    assert household.show("Rex").aliases == ("Rexy",)
    with pytest.raises(ImageError):
        block.remember("Max", [ImageBlock(url="https://127.0.0.1/x.png")])


def tokens(message: ChatMessage) -> int:
    """As `Memory` counts."""
    count = get_tokenizer()
    return sum(len(count(b.text)) if isinstance(b, TextBlock) else 256 for b in message.blocks)


@settings(max_examples=12, deadline=None)
@given(wanted=st.integers(1, 2000))
async def test_cutting_saves_what_is_asked_and_begins_with_the_least_likely(
    shared: PersonalMemory, exam: Exam, wanted: int
) -> None:
    block = PersonalMemoryBlock(memory=shared, share="crops", show=2)
    names = [concept.name for concept in exam.concepts]
    (told,) = await block.aget([asked(f"Who are {names[0]}, {names[1]} and {names[2]}?")])
    before = told.model_copy(deep=True)
    left = await block.atruncate([told], wanted)
    assert told == before  # what was given is not written to
    if left is None:
        assert tokens(told) - tokens(ChatMessage(content=told.blocks[:2])) < wanted + 256
        return
    (cut,) = left
    assert cut.blocks == told.blocks[: len(cut.blocks)]
    assert tokens(told) - tokens(cut) >= wanted
    one_more = ChatMessage(role="user", content=told.blocks[: len(cut.blocks) + 1])
    assert tokens(told) - tokens(one_more) < wanted  # and no more than is needed
    assert len(cut.blocks) > 1


async def test_an_id_counts_as_the_rows_of_its_segment(shared: PersonalMemory, exam: Exam) -> None:
    block = PersonalMemoryBlock(memory=shared, share="ids")
    names = [concept.name for concept in exam.concepts]
    told = await block.aget([asked(f"Who are {names[0]}, {names[1]} and {names[2]}?")])
    ids = told[0].additional_kwargs["concepts"]
    there = {concept.id: concept for concept in shared.list()}
    last = there[ids[-1]]
    rows = len(shared.node.segment_ids(last.name, profile_text(last.profile), len(last.patches)))
    for wanted, kept in ((1, ids[:-1]), (rows, ids[:-1]), (rows + 1, ids[:-2]), (10**6, [])):
        cut = await block.atruncate(told, wanted)
        assert cut is not None
        assert cut[0].additional_kwargs["concepts"] == kept  # [] says nobody, and not whomever you find
    assert await block.atruncate([], 5) is None


async def test_memory_cuts_it_where_it_must(shared: PersonalMemory, exam: Exam) -> None:
    block = PersonalMemoryBlock(memory=shared, share="photos", show=2, priority=1)
    memory = memory_of(block, token_limit=600)
    await memory.aput(asked(f"What do {exam.concepts[0].name} and {exam.concepts[1].name} like?"))
    told, _ = await memory.aget()
    assert sum(isinstance(one, ImageBlock) for one in told.blocks) == 1


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"share": "all"}, "share"), ({"k": 0}, "at least 1"), ({"show": 0}, "at least 1")],
)
def test_settings_are_checked(shared: PersonalMemory, more: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        PersonalMemoryBlock(memory=shared, **more)
    assert issubclass(SettingError, ValueError)


async def test_pictures_come_as_the_policy_says(shared: PersonalMemory, tmp_path: Path) -> None:
    file = tmp_path / "red.png"
    RED.save(file)
    message = ChatMessage(role="user", content=[ImageBlock(path=file), TextBlock(text="Who is this?")])
    with pytest.raises(ImageError, match="no files are read"):
        await PersonalMemoryBlock(memory=shared).aget([message])
    assert await PersonalMemoryBlock(memory=shared, policy=ImagePolicy(root=tmp_path)).aget([message]) == []

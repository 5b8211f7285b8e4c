"""The LlamaIndex workflow says what the conversation says, asks by events, and goes on from its context."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.workflow import Context, HumanResponseEvent

from jarvis_agents.conversation import Conversation, ConversationState, ConversationWorkflow, Said
from jarvis_agents.conversation.workflow import AskedBack, Piece
from jarvis_memory import PersonalMemory
from jarvis_pocket import scene, world
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.images import encode_png
from tests.agents.test_graph import names, said, unclear


def replied(text: str) -> HumanResponseEvent:
    return HumanResponseEvent(response=text)  # type: ignore[call-arg]


async def run(
    flow: ConversationWorkflow, context: Context, text: Any, reply: str = ""
) -> tuple[list[Any], Said]:
    """A run of the workflow: its events, and its result; what it asks is answered with ``reply``."""
    handler, events = flow.run(user_msg=text, ctx=context), []
    async for event in handler.stream_events():
        events.append(event)
        if isinstance(event, AskedBack):
            context.send_event(replied(reply))
    return events, await handler


async def test_a_workflow_says_what_the_conversation_says(drawn: PersonalMemory, exam: Exam) -> None:
    one = names(exam)[0]
    first, second, reply = unclear(exam)
    texts = [f"What does {one} like?", "And how old is she?", first, second, reply, "What does she wear?"]
    expected = said(drawn, texts)
    flow = ConversationWorkflow(drawn)
    context: Context = Context(flow)
    got = []
    for text in (*texts[:4], texts[5]):
        events, result = await run(flow, context, text, reply)
        got += [(event.text, event.kind) for event in events if isinstance(event, AskedBack)]
        got.append((result.text, result.kind))
    assert got == [(right.text, right.kind) for right in expected]
    assert ConversationState.from_dict(await context.store.get("conversation")) == expected[-1].state


async def test_pieces_are_the_answer(drawn: PersonalMemory, exam: Exam) -> None:
    flow = ConversationWorkflow(drawn)
    events, result = await run(flow, Context(flow), f"What does {names(exam)[0]} wear?")
    pieces = [event.text for event in events if isinstance(event, Piece)]
    assert len(pieces) > 2
    assert "".join(pieces) == result.text


async def test_what_was_asked_is_confirmed_in_a_fresh_workflow(household: PersonalMemory, exam: Exam) -> None:
    photo = encode_png(scene.draw_photo(random.Random(2), world.draw_look(random.Random(5), "heldout")).image)
    told = ChatMessage(
        role="user",
        blocks=[TextBlock(text="This is Mochi, my lamp. She likes rice."), ImageBlock(image=photo)],
    )
    flow = ConversationWorkflow(household)
    handler = flow.run(user_msg=told)
    async for event in handler.stream_events():
        if isinstance(event, AskedBack):
            assert event.kind == "confirm"
            kept = json.dumps(handler.ctx.to_dict())
            break
    await handler.cancel_run()
    assert "Mochi" not in [concept.name for concept in household.list()]
    later = ConversationWorkflow(household)
    context: Context = Context.from_dict(later, json.loads(kept))
    handler = later.run(ctx=context)
    handler.ctx.send_event(replied("yes"))
    result: Said = await handler
    assert result.kind == "learned"
    assert [concept.name for concept in household.list()].count("Mochi") == 1


async def test_a_picture_comes_as_a_block(drawn: PersonalMemory, exam: Exam) -> None:
    picture, text = exam.items[2].image, exam.items[2].question.text
    assert picture is not None
    right = Conversation(drawn).say(ConversationState(), text, images=[picture])
    flow = ConversationWorkflow(drawn)
    shown = ChatMessage(role="user", blocks=[TextBlock(text=text), ImageBlock(image=encode_png(picture))])
    _, result = await run(flow, Context(flow), shown)
    assert result.text == right.text


async def test_a_conversation_from_elsewhere_goes_on(drawn: PersonalMemory, exam: Exam) -> None:
    one = exam.concepts[0]
    (before,) = said(drawn, [f"What does {one.name} like?"])
    flow = ConversationWorkflow(drawn)
    result: Said = await flow.run(user_msg="And how old is she?", conversation=before.state.to_dict())
    assert one.facts["age"] in result.text


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("  ", "words or a picture"),
        (ChatMessage(role="user", blocks=[ImageBlock(url="http://localhost/a.png")]), "hold its bytes"),
        (ChatMessage(role="user", blocks=[ImageBlock(path=Path("/etc/hostname"))]), "hold its bytes"),
    ],
)
async def test_what_is_no_turn_is_refused(drawn: PersonalMemory, told: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        await ConversationWorkflow(drawn).run(user_msg=told)

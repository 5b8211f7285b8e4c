"""`PersonalQueryEngine`: concepts, documents beside them, and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.instrumentation.events.query import QueryEndEvent, QueryStartEvent
from llama_index.core.llms import MockLLM
from llama_index.core.prompts import PromptTemplate
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import Node, NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools import QueryEngineTool

from jarvis_memory import PersonalMemory
from jarvis_memory.chat import ChatRequest
from jarvis_plugins.llama_index import JarvisLLM, PersonalNodePostprocessor, PersonalQueryEngine
from jarvis_plugins.llama_index.images import picture_of
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import ImageError, InputError
from jarvis_retrievers.images import pixel_digest
from jarvis_retrievers.sources import ImagePolicy
from tests.llama_index.chat import events


class Papers(BaseRetriever):
    """Finds all of its papers, in their order."""

    def __init__(self, *papers: str) -> None:
        super().__init__()
        self._papers = papers

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=TextNode(text=paper), score=1.0) for paper in self._papers]


def given(memory: PersonalMemory, monkeypatch: pytest.MonkeyPatch) -> list[ChatRequest]:
    requests: list[ChatRequest] = []
    stream = memory.stream_chat

    def kept(request: ChatRequest) -> Any:
        requests.append(request)
        return stream(request)

    monkeypatch.setattr(memory, "stream_chat", kept)
    return requests


async def test_it_answers_as_the_memory_does(shared: PersonalMemory, exam: Exam, tmp_path: Path) -> None:
    engine = PersonalQueryEngine(shared)
    for number, item in enumerate(exam.items):
        bundle = QueryBundle(item.question.text)
        if item.image is not None:
            item.image.save(tmp_path / f"{number}.png")
            bundle.image_path = str(tmp_path / f"{number}.png")
        answer = shared.ask(item.question.text, [] if item.image is None else [item.image])
        for response in (engine.query(bundle), await engine.aquery(bundle)):
            assert str(response) == answer.text
            assert response.metadata is not None
            assert response.metadata["concepts"] == list(answer.concepts)
            assert [node.node.metadata["concept"] for node in response.source_nodes] == list(answer.concepts)
    assert engine.query("What does Qwertz like?").source_nodes == []


def test_source_nodes_are_concepts(shared: PersonalMemory, exam: Exam) -> None:
    concept = shared.show(exam.concepts[0].name)
    (node,) = PersonalQueryEngine(shared).retrieve(QueryBundle(f"What does {concept.name} like?"))
    assert node.node.node_id == concept.id
    assert concept.profile.facts[0] in node.node.get_content()
    (found,) = shared.recall(f"What does {concept.name} like?")
    assert node.score == found.score
    assert node.node.metadata["likeness"] == found.likeness
    assert isinstance(node.node, Node)
    block = node.node.get_content_blocks()[-1]
    assert isinstance(block, ImageBlock)
    assert picture_of(block, ImagePolicy()).size == (224, 224)
    photo = shared.photo(node.node.metadata["photos"][0])
    assert pixel_digest(photo) == concept.photos[0].digest


async def test_documents_stand_beside_concepts(
    household: PersonalMemory, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests, name = given(household, monkeypatch), exam.concepts[0].name
    template = PromptTemplate("{context_str}\n---\n{query_str}")
    engine = PersonalQueryEngine(
        household, Papers("The vet is Dr. Sato.", f"{name} was at the vet."), text_qa_template=template
    )
    question = f"When was {name} at the vet?"
    sync, asynchronous = engine.query(question), await engine.aquery(question)
    for response in (sync, asynchronous):
        concepts, papers = response.source_nodes[:1], response.source_nodes[1:]
        assert [node.node.metadata["concept"] for node in concepts] == [name]
        assert [node.node.get_content() for node in papers] == [
            "The vet is Dr. Sato.",
            f"{name} was at the vet.",
        ]
    assert str(sync) == str(asynchronous)
    expected = f"The vet is Dr. Sato.\n\n{name} was at the vet.\n---\n{question}"
    assert [request.messages[0].text for request in requests] == [expected] * 2
    assert [request.concepts for request in requests] == [[household.show(name).id]] * 2
    raised = PersonalQueryEngine(
        household,
        Papers("The vet is Dr. Sato.", f"{name} was at the vet."),
        node_postprocessors=[PersonalNodePostprocessor(memory=household)],
    )
    for nodes in (raised.retrieve(QueryBundle(question)), await raised.aretrieve(QueryBundle(question))):
        assert nodes[1].node.get_content() == f"{name} was at the vet."
    engine.update_prompts({"text_qa_template": PromptTemplate("{query_str}|{context_str}")})
    engine.query(question)
    assert requests[-1].messages[0].text.startswith(f"{question}|The vet")


def test_it_is_a_tool_and_is_seen(shared: PersonalMemory, exam: Exam) -> None:
    tool = QueryEngineTool.from_defaults(PersonalQueryEngine(shared), name="own", description="The user's.")
    question = f"What does {exam.concepts[0].name} like?"
    with events() as seen:
        output = tool(question)
    assert output.content == shared.ask(question).text
    assert len(seen.of(QueryStartEvent)) == len(seen.of(QueryEndEvent)) == 1


def test_what_cannot_be_asked_is_refused(shared: PersonalMemory, tmp_path: Path) -> None:
    engine = PersonalQueryEngine(shared)
    with pytest.raises(InputError, match="neither text nor a picture"):
        engine.query("  ")
    with pytest.raises(ImageError):
        engine.query(QueryBundle("Who is this?", image_path=str(tmp_path / "nowhere.png")))
    with pytest.raises(InputError, match="k must be"):
        PersonalQueryEngine(shared, k=0)
    with pytest.raises(InputError, match="another memory"):
        PersonalQueryEngine(shared, llm=JarvisLLM())
    assert not isinstance(MockLLM(), JarvisLLM)

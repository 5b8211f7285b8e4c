"""`JarvisRetriever`: whom it finds, the same as in LangChain, and what it refuses."""

from __future__ import annotations

import asyncio
import base64
import io
import threading
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import get_response_synthesizer
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import MetadataMode, Node, NodeWithScore, QueryBundle
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
)
from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_memory.profile import profile_text
from jarvis_plugins.langchain import JarvisRetriever as LangChainRetriever
from jarvis_plugins.llama_index import ConceptRetrievalEvent, JarvisRetriever
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import ImageError, InputError, SettingError
from jarvis_retrievers.images import pixel_digest
from jarvis_retrievers.sources import ImagePolicy
from tests.llama_index.chat import events


def everybody(exam: Exam) -> str:
    return f"Compare {' with '.join(concept.name for concept in exam.concepts)}"


def named(*names: str) -> MetadataFilters:
    return MetadataFilters(
        filters=[MetadataFilter(key="concept", value=name) for name in names], condition=FilterCondition.OR
    )


def shown(folder: Path, photo: Image.Image) -> str:
    photo.save(folder / "today.png")
    return str(folder / "today.png")


def names(found: list[NodeWithScore]) -> list[str]:
    return [one.node.metadata["concept"] for one in found]


def test_a_node_has_the_profile_and_where_it_comes_from(shared: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    (found,) = JarvisRetriever(shared).retrieve(f"What does {name} like?")
    concept, node = shared.show(name), found.node
    assert isinstance(node, Node)
    assert node.node_id == concept.id
    assert node.get_content(MetadataMode.NONE) == profile_text(concept.profile).rstrip("\n")
    assert node.metadata["photos"] == [photo.id for photo in concept.photos]
    assert found.score == node.metadata["score"]
    told = node.get_content(MetadataMode.LLM)
    assert f"concept: {name}" in told
    assert concept.id not in told
    assert Node.from_json(node.to_json()).metadata == node.metadata


def test_its_image_is_the_photo_of_the_best_patch(shared: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    (found,) = JarvisRetriever(shared).retrieve(name)
    best = max(shared.show(name).patches, key=lambda patch: patch.score)
    (block,) = [b for b in found.node.get_content_blocks() if isinstance(b, ImageBlock)]
    image = Image.open(io.BytesIO(block.resolve_image().read()))
    assert pixel_digest(image.convert("RGB")) == pixel_digest(shared.photo(best.photo_id))
    (bare,) = JarvisRetriever(shared, images=False).retrieve(name)
    assert isinstance(bare.node, Node)
    assert bare.node.image_resource is None


def test_parity_with_langchain(shared: PersonalMemory, exam: Exam, tmp_path: Path) -> None:
    """The same question or picture gives the same concepts, order, scores, texts and metadata."""
    questions = [everybody(exam), "zeppelins over Reykjavik", "who likes what?"]
    path = shown(tmp_path, exam.photos[1][0])
    category = shared.list()[0].profile.category or ""
    for k, least, wanted in ((1, None, None), (4, None, None), (4, 0.9, None), (2, None, category)):
        theirs = LangChainRetriever(
            memory=shared, k=k, score_threshold=least, filter=None if wanted is None else {"category": wanted}
        )
        ours = JarvisRetriever(
            shared,
            similarity_top_k=k,
            score_threshold=least,
            filters=None
            if wanted is None
            else MetadataFilters(filters=[MetadataFilter(key="category", value=wanted)]),
            policy=ImagePolicy(root=tmp_path),
        )
        for question in questions:
            for image in (None, path) if question == questions[0] else (None,):
                found = ours.retrieve(QueryBundle(question, image_path=image))
                documents = theirs.invoke(question, image=image)
                assert [(n.node.node_id, n.score, n.node.metadata) for n in found] == [
                    (d.id, d.metadata["score"], d.metadata) for d in documents
                ]
                assert [n.node.get_content(MetadataMode.NONE) for n in found] == [
                    d.page_content for d in documents
                ]


def test_a_picture_finds_whom_it_shows(shared: PersonalMemory, exam: Exam, tmp_path: Path) -> None:
    retriever = JarvisRetriever(shared, policy=ImagePolicy(root=tmp_path))
    for concept, photos in zip(exam.concepts, exam.photos, strict=True):
        found = retriever.retrieve(QueryBundle("", image_path=shown(tmp_path, photos[0])))
        assert names(found)[0] == concept.name
        assert found[0].node.metadata["why"]["region"]["image"] == 0


def test_a_picture_may_be_in_the_query_itself(shared: PersonalMemory, exam: Exam, tmp_path: Path) -> None:
    data = Path(shown(tmp_path, exam.photos[0][0])).read_bytes()
    url = "data:image/png;base64," + base64.b64encode(data).decode("ascii")
    found = JarvisRetriever(shared).retrieve(QueryBundle("Who is this?", image_path=url))
    assert names(found)[0] == exam.concepts[0].name


def test_filters_leave_room_for_others(shared: PersonalMemory, exam: Exam) -> None:
    all_names = [concept.name for concept in exam.concepts]
    for name in all_names:
        only = JarvisRetriever(shared, similarity_top_k=1, filters=named(name))
        assert names(only.retrieve(everybody(exam))) == [name]
    both = JarvisRetriever(shared, filters=named(*all_names[:2]))
    assert set(names(both.retrieve(everybody(exam)))) == set(all_names[:2])
    alike = MetadataFilter(key="likeness", value=2.0, operator=FilterOperator.GTE)
    nobody = JarvisRetriever(shared, filters=MetadataFilters(filters=[alike]))
    assert nobody.retrieve(everybody(exam)) == []


@pytest.mark.parametrize(
    "path", ["/etc/hostname", "../secret.png", "https://example.com/a.png", "file:///x.png"]
)
def test_pictures_from_elsewhere_are_refused(shared: PersonalMemory, tmp_path: Path, path: str) -> None:
    (tmp_path.parent / "secret.png").write_bytes(b"x")
    for policy in (None, ImagePolicy(), ImagePolicy(root=tmp_path)):
        with pytest.raises(ImageError):
            JarvisRetriever(shared, policy=policy).retrieve(QueryBundle("Who is this?", image_path=path))


def test_what_cannot_be_asked(shared: PersonalMemory, tmp_path: Path) -> None:
    for query in ("", "  ", QueryBundle(""), QueryBundle("", image_path="")):
        with pytest.raises(InputError, match="neither a text nor an image"):
            JarvisRetriever(shared).retrieve(query)
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match="not an image"):
        JarvisRetriever(shared, policy=ImagePolicy(root=tmp_path)).retrieve(
            QueryBundle("", image_path="broken.png")
        )
    for more in ({"similarity_top_k": 0}, {"score_threshold": 1.5}, {"score_threshold": -0.1}):
        options: dict[str, Any] = dict(more)
        with pytest.raises(SettingError):
            JarvisRetriever(shared, **options)
    unknown: Any = MetadataFilters.model_construct(
        filters=[MetadataFilter.model_construct(key="a", value=1, operator="near")], condition="and"
    )
    with pytest.raises(InputError, match="no filter operator"):
        JarvisRetriever(shared, filters=unknown)


async def test_the_event_loop_goes_on_meanwhile(shared: PersonalMemory, exam: Exam) -> None:
    seen: set[int] = set()

    class Watched(JarvisRetriever):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            seen.add(threading.get_ident())
            return super()._retrieve(query_bundle)

    retriever = Watched(shared)
    all_names = [concept.name for concept in exam.concepts]
    told = await asyncio.gather(*(retriever.aretrieve(f"What does {name} like?") for name in all_names))
    assert [names(found)[0] for found in told] == all_names
    assert threading.get_ident() not in seen


def test_in_a_query_engine(shared: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    synthesizer = get_response_synthesizer(llm=MockLLM())
    engine = RetrieverQueryEngine(JarvisRetriever(shared), synthesizer)
    answer = engine.query(f"What does {name} like?")
    assert names(answer.source_nodes) == [name]
    profile = profile_text(shared.show(name).profile).rstrip("\n")
    assert profile in str(answer)  # the mock says what it was asked


async def test_each_retrieval_is_an_event(shared: PersonalMemory, exam: Exam, tmp_path: Path) -> None:
    retriever, concept = JarvisRetriever(shared, policy=ImagePolicy(root=tmp_path)), exam.concepts[0]
    query = QueryBundle(f"What does {concept.name} like?", image_path=shown(tmp_path, exam.photos[0][0]))
    with events() as seen:
        found = retriever.retrieve(query)
        await retriever.aretrieve(query)
    told = seen.of(ConceptRetrievalEvent)
    assert [(event.query, event.images) for event in told] == [(query.query_str, 1)] * 2
    for event in told:
        assert [(one["id"], one["score"]) for one in event.concepts] == [
            (one.node.node_id, one.score) for one in found
        ]

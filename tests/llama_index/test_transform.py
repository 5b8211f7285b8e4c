"""`RememberConcepts` in a pipeline: what a memory learns of nodes, and what is refused before it learns."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import Document, ImageNode, MediaResource, MetadataMode, Node, TextNode
from PIL import Image

from jarvis_memory import VLM, PersonalMemory
from jarvis_plugins.llama_index import RememberConcepts
from jarvis_plugins.llama_index.testing.suite import on_the_loop
from jarvis_pocket import scene, world
from jarvis_retrievers.errors import ConceptNameError, ImageError, InputError, SettingError
from jarvis_retrievers.images import encode_png
from jarvis_retrievers.openclip import OpenCLIPEncoder
from jarvis_retrievers.sources import ImagePolicy


@pytest.fixture
def memory(tmp_path: Path, vlm: VLM, encoder: OpenCLIPEncoder) -> Iterator[PersonalMemory]:
    with PersonalMemory.open(tmp_path / "home", owner="ana", model=vlm, clip=encoder) as opened:
        yield opened


def photo(seed: int, look: int = 2) -> Image.Image:
    drawn = world.draw_look(random.Random(look), "heldout")
    return scene.draw_photo(random.Random(seed), drawn).image


def held(seed: int, look: int = 2) -> MediaResource:
    return MediaResource(data=encode_png(photo(seed, look)), mimetype="image/png")


def bo(seed: int = 1, text: str = "Bo likes noodles.") -> Document:
    return Document(
        text_resource=MediaResource(text=text), image_resource=held(seed), metadata={"concept": "Bo"}
    )


def pipeline(memory: PersonalMemory, **more: Any) -> IngestionPipeline:
    return IngestionPipeline(transformations=[RememberConcepts(memory, **more)])


def test_nodes_of_a_concept_are_taken_together(memory: PersonalMemory) -> None:
    other = TextNode(text="The weather is fine.")
    note = TextNode(text="Bo was born in May.", extra_info={"concept": "bo", "category": "dog"})
    found = pipeline(memory).run(nodes=[bo(1), other, note, bo(3, "")])
    (concept,) = memory.list()
    assert concept.name == "Bo"
    assert concept.about == ("Bo likes noodles.", "Bo was born in May.")
    assert concept.category == "dog"
    assert len(concept.photos) == 2
    assert [node.metadata.get("concept_id") for node in found] == [concept.id, None, concept.id, concept.id]
    assert found[1] == other
    assert concept.id not in found[0].get_content(MetadataMode.EMBED)
    assert "noodles" in memory.ask("What does Bo like?").text


def test_again_changes_nothing_and_what_is_new_is_learned(memory: PersonalMemory) -> None:
    steps = pipeline(memory)
    steps.run(nodes=[bo()])
    (before,) = memory.list()
    steps.run(nodes=[bo()])
    assert memory.list() == [before]
    steps.run(nodes=[bo(3, "Bo was born in May.")])
    (after,) = memory.list()
    assert (after.id, len(after.photos)) == (before.id, 2)
    assert after.about == ("Bo likes noodles.", "Bo was born in May.")


def test_what_was_forgotten_is_learned_again(memory: PersonalMemory) -> None:
    """The pipeline's cache knows the nodes, but not the memory."""
    steps, given = pipeline(memory), [bo()]
    steps.run(nodes=given)
    memory.forget("Bo")
    steps.run(nodes=given)
    assert [concept.name for concept in memory.list()] == ["Bo"]


def test_pictures_of_every_kind_of_node(memory: PersonalMemory, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    photo(3).save(folder / "bo.png")
    data = held(1).data or b""
    nodes = [
        ImageNode(image=data.decode("ascii"), extra_info={"concept": "Bo"}),
        ImageNode(image_path=str(folder / "bo.png"), extra_info={"concept": "Bo"}),
        Node(image_resource=MediaResource(path=folder / "bo.png"), extra_info={"concept": "Bo"}),
    ]
    with pytest.raises(ImageError, match="no files are read"):
        pipeline(memory).run(nodes=nodes)
    assert memory.list() == []
    pipeline(memory, policy=ImagePolicy(root=folder)).run(nodes=nodes)
    assert len(memory.show("Bo").photos) == 2


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (TextNode(text="Mia sings.", extra_info={"concept": "Mia"}), InputError),
        (Node(image_resource=held(1), extra_info={"concept": "a\nb"}), ConceptNameError),
        (Node(image_resource=held(1), extra_info={"concept": 3}), ConceptNameError),
        (Node(image_resource=MediaResource(data=b"no image!"), extra_info={"concept": "Mia"}), ImageError),
        (
            Node(image_resource=MediaResource(path=Path("/etc/hostname")), extra_info={"concept": "Mia"}),
            ImageError,
        ),
        (ImageNode(image_url="https://example.com/a.png", extra_info={"concept": "Mia"}), ImageError),
    ],
)
def test_what_cannot_be_used_changes_nothing(
    memory: PersonalMemory, bad: Any, error: type[Exception]
) -> None:
    given = bo()
    with pytest.raises(error):
        pipeline(memory).run(nodes=[given, bad])
    assert memory.list() == []
    assert "concept_id" not in given.metadata


async def test_async_works_in_a_thread(memory: PersonalMemory) -> None:
    found = await pipeline(memory).arun(nodes=[bo()])
    assert found[0].metadata["concept_id"] == memory.show("Bo").id


def test_async_does_not_block(memory: PersonalMemory) -> None:
    step = RememberConcepts(memory)
    assert not on_the_loop(step.__call__, step.acall([bo()]))
    assert [concept.name for concept in memory.list()] == ["Bo"]


def test_keys_have_names_of_choice(memory: PersonalMemory) -> None:
    node = Node(image_resource=held(1), extra_info={"who": "Bo", "concept": "nobody"})
    (found,) = RememberConcepts(memory, name_key="who", id_key="its_id")([node])
    assert found.metadata["its_id"] == memory.show("Bo").id


def test_a_memory_is_not_sent_to_other_processes(memory: PersonalMemory) -> None:
    with pytest.raises(SettingError, match="num_workers"):
        RememberConcepts(memory).__getstate__()

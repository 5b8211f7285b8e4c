"""`RememberConcepts`: a step of an ingestion pipeline that teaches a memory."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from llama_index.core.schema import BaseNode, ImageNode, MetadataMode, Node, TransformComponent
from PIL import Image
from pydantic import Field, PrivateAttr

from jarvis_memory.checks import check_name
from jarvis_memory.concept import Concept
from jarvis_memory.intake import check_notes
from jarvis_memory.memory import PersonalMemory
from jarvis_retrievers.errors import ImageError, InputError, SettingError, UnknownConceptError
from jarvis_retrievers.images import pixel_digest
from jarvis_retrievers.sources import ImagePolicy

__all__ = ["RememberConcepts"]


@dataclass(slots=True)
class _Told:
    """What the nodes of one concept say and show."""

    name: str
    known: Concept | None
    nodes: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    photos: list[Image.Image] = field(default_factory=list)


class RememberConcepts(TransformComponent):
    """Remembers the concepts that nodes are about: their texts as notes, their pictures as photos.

    A node that has a name under ``name_key`` in its metadata belongs to that concept; all nodes of a concept
    are taken together. A concept that is there already learns what is new of it: running the pipeline again
    changes nothing. Other nodes pass through. Put this step before one that splits documents, which drops
    their pictures.

    An `IngestionCache` is never used for this step: what was forgotten in between has to be learned again.

    Attributes:
        name_key, category_key: where in the metadata the concept's name and category are.
        id_key: under which the nodes that come out have the concept's id; a model is not shown it.
    """

    name_key: str = Field(default="concept", min_length=1)
    category_key: str = "category"
    id_key: str = Field(default="concept_id", min_length=1)
    _memory: PersonalMemory = PrivateAttr()
    _policy: ImagePolicy = PrivateAttr()

    def __init__(self, memory: PersonalMemory, *, policy: ImagePolicy | None = None, **more: Any) -> None:
        """Teach this memory.

        Args:
            memory: what learns.
            policy: where pictures that nodes only name may come from; by default nowhere, so that a document
                cannot have a file of yours read.
            more: the attributes.
        """
        super().__init__(**more)
        self._memory, self._policy = memory, policy or ImagePolicy()

    @classmethod
    def class_name(cls) -> str:
        """Name for serialisation."""
        return "RememberConcepts"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Remember, and return the nodes; those of a concept are copies with its id.

        Raises:
            InputError: a name, a text or a picture that cannot be used, or a new concept without a picture.
                All of this is looked at before the first concept is remembered.
        """
        every = self._told(nodes)
        given = list(nodes)
        for told in every:
            concept = self._remember(told, nodes)
            for place in told.nodes:
                given[place] = self._marked(nodes[place], concept.id)
        return given

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """The same in a thread, so that the event loop goes on."""
        return await asyncio.to_thread(self.__call__, nodes, **kwargs)

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """The attributes, and a number that is never the same: a cache keeps results by this."""
        return super().to_dict(**kwargs) | {"call": secrets.token_hex(8)}

    def __getstate__(self) -> dict[str, Any]:
        # Pydantic's would leave the memory out and say so in a log only.
        raise SettingError("a memory is not sent to other processes; run the pipeline without num_workers")

    def _told(self, nodes: Sequence[BaseNode]) -> list[_Told]:
        found: dict[str, _Told] = {}
        for place, node in enumerate(nodes):
            if self.name_key not in node.metadata:
                continue
            name = check_name(node.metadata[self.name_key])
            known = self._known(name)
            told = found.setdefault(known.id if known else name.casefold(), _Told(name, known))
            told.nodes.append(place)
            told.notes += check_notes(node.get_content(MetadataMode.NONE))
            told.photos += self._pictures(node)
        for told in found.values():
            if told.known is None and not told.photos:
                raise InputError(
                    f"the nodes of {told.name!r} show no picture, and it is not remembered yet; give one of "
                    "them an image_resource"
                )
        return list(found.values())

    def _remember(self, told: _Told, nodes: Sequence[BaseNode]) -> Concept:
        kinds = (nodes[place].metadata.get(self.category_key) for place in told.nodes)
        category = next((kind for kind in kinds if kind), None)
        old = told.known
        if old is None:
            return self._memory.remember(told.name, told.photos, told.notes, category=category)
        seen = {photo.digest for photo in old.photos}
        photos = [photo for photo in told.photos if pixel_digest(photo) not in seen]
        notes = [note for note in told.notes if note not in old.about]
        category = None if category == old.category else category
        if not (photos or notes or category):
            return old
        return self._memory.update(old.name, photos=photos, about=notes, category=category)

    def _known(self, name: str) -> Concept | None:
        try:
            return self._memory.show(name)
        except UnknownConceptError:
            return None

    def _pictures(self, node: BaseNode) -> Iterable[Image.Image]:
        """The pictures of a node: none or one."""
        if isinstance(node, ImageNode):
            data, place = node.image, node.image_path or node.image_url
        elif isinstance(node, Node) and node.image_resource is not None:
            held = node.image_resource
            data = None if held.data is None else held.data.decode("ascii")
            place = str(held.path or held.url or "")
        else:
            return []
        try:
            if data:
                return [self._policy.from_base64(data)]
            return [self._policy.load(place)] if place else []
        except ImageError as error:
            raise ImageError(f"the picture of node {node.node_id!r:.60}: {error}") from error

    def _marked(self, node: BaseNode, concept_id: str) -> BaseNode:
        def hidden(keys: list[str]) -> list[str]:
            return keys if self.id_key in keys else [*keys, self.id_key]

        return node.model_copy(
            update={
                "metadata": node.metadata | {self.id_key: concept_id},
                "excluded_llm_metadata_keys": hidden(node.excluded_llm_metadata_keys),
                "excluded_embed_metadata_keys": hidden(node.excluded_embed_metadata_keys),
            }
        )

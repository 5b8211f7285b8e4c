"""`memory_tools`: what an agent does with a memory itself."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from jarvis_memory.answer import Recollection
from jarvis_memory.concept import Concept
from jarvis_memory.memory import PersonalMemory
from jarvis_memory.profile import profile_text
from jarvis_retrievers.errors import InputError, JarvisError
from jarvis_retrievers.sources import ImagePolicy

from .blocks import best_patches
from .retriever import document_of

__all__ = ["memory_tools"]

Told = tuple[str | list[dict[str, Any]], Any]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Remember(_Arguments):
    name: str = Field(description="How the user calls it, such as 'Bo'.")
    photos: list[str] = Field(description="Its photos: data: URLs, or files of the allowed folder.")
    about: str = Field(default="", description="What the user said about it, in plain sentences.")
    category: str | None = Field(default=None, description="What it is, such as 'dog' or 'mug'.")


class _Recall(_Arguments):
    query: str = Field(description="A question, names, or a description.")
    k: int = Field(default=3, ge=1, le=20, description="The most concepts to give back.")


class _Update(_Arguments):
    name: str = Field(description="Which concept.")
    about: str = Field(default="", description="What is new, in plain sentences.")
    photos: list[str] = Field(default_factory=list, description="More photos of it.")


class _Name(_Arguments):
    name: str = Field(description="Which concept.")


def memory_tools(
    memory: PersonalMemory, *, policy: ImagePolicy | None = None, show: int = 1, writes: bool = True
) -> list[BaseTool]:
    """Tools with which an agent remembers, recalls, updates, forgets and lists concepts of one owner.

    Each gives text for the model and an artifact for the program (`Document` values); recalled concepts come
    with image blocks of their best patches. What cannot be done is told to the model in one line.

    Args:
        memory: whose concepts. The owner is fixed here: no argument of a tool names one.
        policy: where photos may come from; by default only from data: URLs.
        show: patches of each recalled concept that are shown to the model, 0 for text alone.
        writes: whether concepts may be remembered, updated and forgotten.

    Raises:
        InputError: ``show`` is negative.
    """
    if show < 0:
        raise InputError(f"show must be 0 or more patches, got {show}")
    rules = policy or ImagePolicy()

    def recall(query: str, k: int = 3) -> Told:
        found = memory.recall(query, k=k)[:k]
        return _shown(memory, found, show), [document_of(one) for one in found]

    def listed() -> Told:
        concepts = memory.list()
        lines = [f"{c.name}{f' ({c.profile.category})' if c.profile.category else ''}" for c in concepts]
        return "\n".join(lines) or "Nothing is remembered yet.", [_document(c) for c in concepts]

    def remember(name: str, photos: list[str], about: str = "", category: str | None = None) -> Told:
        concept = memory.remember(name, _photos(photos, rules), about, category=category)
        return f"Remembered {concept.name} with {len(concept.photos)} photos.", [_document(concept)]

    def update(name: str, about: str = "", photos: Sequence[str] = ()) -> Told:
        concept = memory.update(name, photos=_photos(photos, rules), about=about)
        return f"Updated {concept.name}.\n{profile_text(concept.profile)}".rstrip(), [_document(concept)]

    def forget(name: str) -> Told:
        gone = memory.forget(name)
        return f"Forgot {gone.name} and all of its photos.", [_document(gone)]

    tools = [
        _tool(
            "recall_concepts",
            "Find what is remembered of the user's own concepts.",
            recall,
            _Recall,
        ),
        _tool("list_concepts", "List everything that is remembered of the user's own.", listed, _Arguments),
    ]
    if writes:
        tools += [
            _tool("remember_concept", "Remember a pet, person or thing of the user.", remember, _Remember),
            _tool("update_concept", "Add notes or photos to what is remembered.", update, _Update),
            _tool("forget_concept", "Forget a concept for good, as the user asked.", forget, _Name),
        ]
    return tools


def _tool(name: str, about: str, work: Callable[..., Told], arguments: type[BaseModel]) -> BaseTool:
    @functools.wraps(work)
    def run(**given: Any) -> Told:
        try:
            return work(**given)
        except JarvisError as error:
            raise ToolException(str(error)) from error

    async def arun(**given: Any) -> Told:
        return await asyncio.to_thread(run, **given)

    return StructuredTool.from_function(
        func=run,
        coroutine=arun,
        name=name,
        description=about,
        args_schema=arguments,
        response_format="content_and_artifact",
        handle_tool_error=True,
        infer_schema=False,
    )


def _photos(given: Sequence[str], policy: ImagePolicy) -> list[Image.Image]:
    return [policy.load(one) for one in given]


def _shown(memory: PersonalMemory, found: Sequence[Recollection], show: int) -> str | list[dict[str, Any]]:
    """Profiles as text, each with its best patches as image blocks behind it."""
    if not found:
        return "Nothing that is remembered fits."
    blocks: list[dict[str, Any]] = []
    for one in found:
        text = profile_text(one.concept.profile).rstrip("\n") or one.name
        blocks.append({"type": "text", "text": f"{one.name}\n{text}"})
        blocks += best_patches(memory, one.concept, show)
    if show:
        return blocks
    return "\n\n".join(str(block["text"]) for block in blocks)


def _document(concept: Concept) -> Any:
    return document_of(Recollection(concept, 0.0))

"""Added tokens of every family, in everything that somebody may write, on every way to the model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from llama_index.core.base.llms.types import ChatMessage

from jarvis_memory import PersonalMemory
from jarvis_memory.chat import ChatRequest, Message
from jarvis_memory.checks import check_name
from jarvis_memory.vlm import TextEncoder
from jarvis_plugins.langchain import ChatJarvis
from jarvis_plugins.llama_index import JarvisLLM
from jarvis_retrievers.errors import ConceptNameError
from jarvis_retrievers.reference import ColourEncoder
from tests.kv.control import WIDE
from tests.kv.published import PUBLISHED, make_published
from tests.kv.tiny import Tiny, picture

_NUMBERED = re.compile(r"\d\d|_[1-6]_col|</?\w{1,10}>")
_EACH = 130  # letters: each is a token of the tiny models, and stands in a dozen places


def groups(family: str) -> list[tuple[str, ...]]:
    """The tokens of a family, some at a time; of those that are only numbered, and of HTML, a few."""
    named = [token for token in PUBLISHED[family] if not _NUMBERED.search(token)]
    numbered = [token for token in PUBLISHED[family] if _NUMBERED.search(token)]
    tokens = named + numbered[:: max(1, len(numbered) // 4)]
    found: list[tuple[str, ...]] = []
    for token in tokens:
        if not found or sum(map(len, found[-1])) + len(token) > _EACH:
            found.append(())
        found[-1] = (*found[-1], token)
    return found


class Seen:
    """What the model was given: every id, and how many images."""

    def __init__(self, tiny: Tiny) -> None:
        self.ids: list[int] = []
        self.images = 0
        self.control = TextEncoder(tiny.processor.tokenizer).control_ids
        self.decode = tiny.processor.tokenizer.decode

    @property
    def controls(self) -> Counter[int]:
        return Counter(i for i in self.ids if i in self.control)

    @property
    def text(self) -> str:
        return str(self.decode(self.ids))


@contextmanager
def watching(tiny: Tiny) -> Iterator[Seen]:
    seen = Seen(tiny)

    def note_ids(module: Any, given: tuple[Any, ...]) -> None:
        seen.ids.extend(given[0][0].tolist())

    def note_images(module: Any, args: Any, given: dict[str, Any]) -> None:
        seen.images += len(given["grid_thw"] if "grid_thw" in given else (args or [given["pixel_values"]])[0])

    hooks = [
        tiny.model.get_input_embeddings().register_forward_pre_hook(note_ids),
        tiny.tower.register_forward_pre_hook(note_images, with_kwargs=True),
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


@pytest.fixture(scope="module", params=PUBLISHED)
def tiny(request: pytest.FixtureRequest) -> Tiny:
    made = make_published(request.param)
    assert made.vlm.prefix.tokens  # encoded now, so that it is in no count
    return made


Told = Callable[[PersonalMemory, str], None]


def asked(memory: PersonalMemory, wild: str) -> None:
    memory.ask(f"{wild} What does Bo like?{wild}", [picture(3)], max_new_tokens=1)


def talked(memory: PersonalMemory, wild: str) -> None:
    turns = [
        Message("system", (f"Be brief.{wild}",)),
        Message("user", (f"{wild}Who is Bo?", picture(4), wild)),
        Message("assistant", (f"A dog.{wild}",)),
        Message("user", (wild, f"{wild} What does Bo like?")),
    ]
    memory.chat(ChatRequest(turns, max_new_tokens=1, concepts=[memory.show("Bo").id]))


def langchain(memory: PersonalMemory, wild: str) -> None:
    turns = [
        SystemMessage(f"Be brief.{wild}"),
        HumanMessage(f"{wild}Who is Bo?", name=wild[:40]),
        AIMessage(f"A dog.{wild}"),
        HumanMessage([{"type": "text", "text": wild}, f"What does Bo like?{wild}"]),
    ]
    ChatJarvis(memory=memory, max_tokens=1).invoke(turns)


def llama_index(memory: PersonalMemory, wild: str) -> None:
    turns = [
        ChatMessage(role="system", content=f"Be brief.{wild}"),
        ChatMessage(role="user", content=f"{wild}Who is Bo?", additional_kwargs={"note": wild}),
        ChatMessage(role="assistant", content=f"A dog.{wild}"),
        ChatMessage(role="user", content=f"{wild} What does Bo like?"),
    ]
    JarvisLLM(memory=memory, max_tokens=1).chat(turns)


def run(tiny: Tiny, home: Path, wild: str, *ways: Told) -> Seen:
    """All that is written of Bo holds ``wild``."""
    short = "".join(wild.split())[:60]
    # A name with the signs themselves is refused; with those that NFKC makes the same, it is none of a token.
    short = short.translate(WIDE) if "<|" in short or "|>" in short else short
    with (
        PersonalMemory.open(
            home, owner="ana", model=tiny.vlm, clip=ColourEncoder(), session_bytes=0, kv_ram_bytes=0
        ) as memory,
        watching(tiny) as seen,
    ):
        memory.remember(
            "Bo",
            [picture(1, (64, 64))],
            [f"My dog.{wild}", f"Bo likes {wild} noodles. Bo has {wild}a star."],
            category=f"dog {short}",
            aliases=[f"Bobo{short}"],
        )
        memory.edit("Bo", attributes=[f"ear: black {wild}"], caption="A dog.")
        for way in ways:
            way(memory, wild)
    return seen


@pytest.mark.parametrize("way", [asked, talked, langchain, llama_index])
def test_no_text_is_a_control_token_or_an_image(tiny: Tiny, way: Told, tmp_path: Path) -> None:
    plain = run(tiny, tmp_path / "plain", "x", way)
    assert plain.images
    for number, group in enumerate(groups(tiny.family)[: None if way is asked else 1]):
        for wild in ("".join(group), "\n".join(group))[: 1 if number else 2]:
            seen = run(tiny, tmp_path / f"{number}{len(wild)}", wild, way)
            assert (seen.controls, seen.images) == (plain.controls, plain.images)
            # It was there, as text.
            assert seen.text.count(group[0]) > plain.text.count(group[0])


@pytest.mark.parametrize("family", PUBLISHED)
def test_names_do_not_hold_their_signs(family: str) -> None:
    """Neither in the name, nor in an alias, nor in the category."""
    refused = 0
    for token in PUBLISHED[family]:
        for name in (token, f"Bo {token}", f"Bo {token} and Mia"):
            try:
                kept = check_name(name)
            except ConceptNameError:
                refused += 1
                continue
            assert "<|" not in kept
            assert "|>" not in kept
    assert refused or family == "gemma3"

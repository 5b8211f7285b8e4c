from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.tools import ToolRuntime, tool
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)

from jarvis_memory.store import OwnerStore
from jarvis_memory.store.item import ItemDraft
from jarvis_plugins.langchain import OpenCLIPEmbeddings, PersonalStore
from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.reference import ColourEncoder

NS = ("memories", "ana")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_time_to_live_in_minutes(tmp_path: Path) -> None:
    clock = Clock()
    with PersonalStore(tmp_path, ttl={"default_ttl": 10, "refresh_on_read": False}, clock=clock) as store:
        store.put(NS, "usual", {})
        store.put(NS, "never", {}, ttl=None)
        store.put(NS, "short", {}, ttl=1)
        clock.now += 59
        assert store.get(NS, "short", refresh_ttl=True) is not None
        clock.now += 59
        assert store.get(NS, "short") is not None
        clock.now += 1
        assert store.get(NS, "short") is None
        assert [item.key for item in store.search(NS)] == ["usual", "never"]
        clock.now += 600 - 120
        assert [item.key for item in store.search(NS, refresh_ttl=True)] == ["usual", "never"]
        clock.now += 599
        assert store.sweep_ttl() == 1
        assert store.get(NS, "usual") is not None
        clock.now += 1
        assert store.list_namespaces() == [NS]
        store.delete(NS, "never")
        assert store.list_namespaces() == []
        with pytest.raises(SettingError, match="time to live"):
            store.put(NS, "k", {}, ttl=-1)


def test_only_the_page_is_refreshed(tmp_path: Path) -> None:
    clock = Clock()
    with PersonalStore(tmp_path, clock=clock) as store:
        store.put(NS, "a", {"n": 1}, ttl=1)
        store.put(NS, "b", {"n": 1}, ttl=1)
        clock.now += 30
        assert [item.key for item in store.search(NS, filter={"n": 1}, limit=1)] == ["a"]
        clock.now += 40
        assert [item.key for item in store.search(NS)] == ["a"]


def test_owners_never_see_each_other(tmp_path: Path) -> None:
    with PersonalStore(tmp_path, "ana") as ana, PersonalStore(tmp_path, "ben") as ben:
        ana.put(NS, "k", {"who": "ana"})
        ben.put(NS, "k", {"who": "ben"})
        ben.delete(NS, "k")
        found = ana.get(NS, "k")
        assert found is not None
        assert found.value == {"who": "ana"}
        assert ben.search(()) == ben.list_namespaces() == []


@pytest.mark.parametrize("kept", [("jarvis",), ("jarvis", "onboarded")])
def test_what_is_of_the_record_is_out_of_sight(tmp_path: Path, kept: tuple[str, ...]) -> None:
    """It takes no place among what is shown, and stays as it is."""
    with OwnerStore.open(tmp_path, "me") as record:
        assert record.items is not None
        record.items.write([(kept, str(n), ItemDraft({"n": n}, ttl=60)) for n in range(5)])
        with PersonalStore(tmp_path) as store:
            mine = [("jarvisx",), ("notes", "jarvis"), ("a",)]
            for n, namespace in enumerate(mine):
                store.put(namespace, "k", {"n": n})
            assert [item.namespace for item in store.search((), limit=2)] == mine[:2]
            assert [item.namespace for item in store.search((), limit=2, offset=1)] == mine[1:]
            assert [item.namespace for item in store.search((), filter={"n": {"$gte": 1}})] == mine[1:]
            assert [store.search(place) for place in (("jarvis",), kept)] == [[], []]
            assert store.list_namespaces() == sorted(mine)
            assert store.list_namespaces(prefix=("jarvis",)) == []
            assert store.list_namespaces(max_depth=1) == [("a",), ("jarvisx",), ("notes",)]
            assert store.get(kept, "0") is None
            for change in (PutOp(kept, "0", {}), PutOp(kept, "0", None)):
                with pytest.raises(InputError, match="'jarvis' is kept for the record"):
                    store.batch([PutOp(("b",), "k", {}), change])
            assert store.get(("b",), "k") is None
        assert [item.draft.value for item in record.items.under(("jarvis",))] == [{"n": n} for n in range(5)]


def test_what_was_deleted_is_in_no_file(tmp_path: Path) -> None:
    with PersonalStore(tmp_path) as store:
        store.put(NS, "k", {"secret": "Qzjmarker77"})
        store.put(NS, "l", {"kept": "Qzjother77"})
        store.delete(NS, "k")
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"Qzjother77" in left
    assert b"Qzjmarker77" not in left


@pytest.mark.parametrize(
    ("op", "error"),
    [
        (PutOp(("a.b",), "k", {}), InvalidNamespaceError),
        (PutOp(("",), "k", {}), InvalidNamespaceError),
        (GetOp(("a\x00",), "k"), InvalidNamespaceError),
        (SearchOp(("a.b",)), InvalidNamespaceError),
        (PutOp(("a",), 3, {}), InputError),  # type: ignore[arg-type]
        (PutOp(("a",), "k", [1]), InputError),  # type: ignore[arg-type]
        (PutOp(("a",), "k", {"x": object()}), InputError),
        (SearchOp(("a",), filter={"x": {"$near": 3}}), InputError),
        (SearchOp(("a",), filter={"x": [{"$near": 3}]}), InputError),
        (SearchOp(("a",), limit=-1), InputError),
        (SearchOp(("a",), offset=-1), InputError),
        ("get", InputError),
    ],
)
def test_what_cannot_be_changes_nothing(tmp_path: Path, op: Any, error: type[Exception]) -> None:
    with PersonalStore(tmp_path) as store:
        with pytest.raises(error):
            store.batch([PutOp(NS, "k", {"n": 1}), op])
        assert store.search(()) == []


def test_an_unknown_way_to_match_a_namespace(tmp_path: Path) -> None:
    with PersonalStore(tmp_path) as store:
        store.put(NS, "k", {})
        middle: Any = MatchCondition("middle", ("a",))  # type: ignore[arg-type]
        with pytest.raises(InputError, match="'prefix' or 'suffix'"):
            store.batch([ListNamespacesOp((middle,))])


def test_what_has_no_order_is_not_above_or_below(tmp_path: Path) -> None:
    with PersonalStore(tmp_path) as store:
        for key, value in {"none": None, "text": "abc", "list": [1], "number": 4, "digits": "5"}.items():
            store.put(NS, key, {"x": value})
        assert [item.key for item in store.search(NS, filter={"x": {"$gt": 3}})] == ["number", "digits"]
        assert [item.key for item in store.search(NS, filter={"x": {"$lte": "abd"}})] == ["text", "digits"]


def test_a_closed_store_can_be_closed(tmp_path: Path) -> None:
    store = PersonalStore(tmp_path)
    store.put(NS, "k", {})
    store.close()
    store.close()


async def test_async_gives_the_same_and_the_event_loop_goes_on(tmp_path: Path) -> None:
    class Waiting(ColourEncoder):
        go = threading.Event()

        def encode_texts(self, texts: Any) -> Any:
            assert self.go.wait(30)
            return super().encode_texts(texts)

    index: Any = {"embed": OpenCLIPEmbeddings(Waiting()), "dims": ColourEncoder().dim, "fields": ["text"]}
    with PersonalStore(tmp_path, index=index) as store:
        task = asyncio.create_task(store.aput(NS, "k", {"text": "red"}))
        await asyncio.sleep(0.05)
        assert not task.done()
        Waiting.go.set()  # reached only because nothing blocks this thread
        await task
        await asyncio.gather(*(store.aput(NS, str(n), {"text": "blue", "n": n}) for n in range(8)))
        found = await store.aget(NS, "k")
        assert found is not None
        assert found.value == {"text": "red"}
        assert await store.asearch(NS, query="red", limit=3) == store.search(NS, query="red", limit=3)
        assert (await store.asearch(NS, query="red", limit=1))[0].key == "k"
        await store.adelete(NS, "k")
        assert await store.aget(NS, "k") is None
        assert await store.alist_namespaces() == [NS]


async def test_an_embedding_function_that_is_only_async(tmp_path: Path) -> None:
    async def embed(texts: Any) -> list[list[float]]:
        return [[1.0, float(len(text))] for text in texts]

    index: Any = {"embed": embed, "dims": 2, "fields": ["text"]}
    with PersonalStore(tmp_path, index=index) as store:
        await store.aput(NS, "long", {"text": "a long text"})
        await store.aput(NS, "short", {"text": ""})
        assert [item.key for item in await store.asearch(NS, query="long text")] == ["long", "short"]


async def test_a_tool_of_an_agent_reaches_it(tmp_path: Path) -> None:
    @tool
    def note(text: str, runtime: ToolRuntime) -> str:
        """Keep a note."""
        if runtime.store is None:
            raise AssertionError("the tool was given no store")
        runtime.store.put(NS, "note", {"text": text})
        return "kept"

    call = {"name": "note", "args": {"text": "Bo loves noodles"}, "id": "1", "type": "tool_call"}

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **more: Any) -> Any:
            return self

    with PersonalStore(tmp_path) as store:
        said = [AIMessage("", tool_calls=[call]), AIMessage("done")] * 2
        agent: Any = create_agent(Model(messages=iter(said)), [note], store=store)
        await agent.ainvoke({"messages": [("user", "remember it")]})
        found = store.get(NS, "note")
        assert found is not None
        assert found.value == {"text": "Bo loves noodles"}

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langgraph.store.memory import InMemoryStore

from jarvis_memory.store import OwnerStore
from jarvis_plugins.langchain import PersonalStore
from jarvis_retrievers.errors import ImageError, InputError, SettingError, UnknownConceptError
from jarvis_retrievers.reference import ColourEncoder
from tests.langchain.pictures import colours, file, png
from tests.store.drafts import draft

NS = ("memories", "ana")


def test_search_by_meaning_is_that_of_langgraphs_own_store(tmp_path: Path) -> None:
    index: Any = {"dims": 6, "embed": DeterministicFakeEmbedding(size=6), "fields": ["text", "tags[*]"]}
    oracle = InMemoryStore(index=index)
    with PersonalStore(tmp_path, index=index) as store:
        for one in (oracle, store):
            one.put(NS, "text", {"text": "loves noodles", "n": 1})
            one.put(NS, "tags", {"tags": ["dog", "brown"], "n": 2})
            one.put(NS, "both", {"text": "a cat", "tags": ["black"], "n": 3})
            one.put(NS, "hidden", {"text": "loves noodles", "n": 4}, index=False)
            one.put((*NS, "deep"), "other", {"n": 5, "title": "Bern"}, index=["title"])
        for query in ("loves noodles", "dog", "Bern", "nothing of these"):
            for wanted in (None, {"n": {"$gt": 1}}):
                mine = store.search(NS, query=query, filter=wanted)
                theirs = oracle.search(NS, query=query, filter=wanted)
                assert [item.key for item in mine] == [item.key for item in theirs]
                assert [item.score for item in mine if item.score is not None] == pytest.approx(
                    [item.score for item in theirs if item.score is not None], abs=1e-6
                )
        assert [item.key for item in store.search(NS, query="dog", limit=1)] == ["tags"]
        second = store.search(NS, query="dog", limit=2, offset=1)
        assert [i.key for i in second] == [i.key for i in store.search(NS, query="dog")][1:3]
    with PersonalStore(tmp_path, index=index) as again:  # vectors are kept
        assert [item.key for item in again.search(NS, query="dog", limit=1)] == ["tags"]


def test_overwritten_fields_are_not_found_any_more(tmp_path: Path) -> None:
    index: Any = {"dims": 6, "embed": DeterministicFakeEmbedding(size=6), "fields": ["text"]}
    with PersonalStore(tmp_path, index=index) as store:
        store.put(NS, "k", {"text": "dog"})
        store.put(NS, "k", {"other": "cat"})
        assert [item.score for item in store.search(NS, query="dog")] == [None]
    other: Any = {"dims": 5, "embed": DeterministicFakeEmbedding(size=5), "fields": ["text"]}
    with PersonalStore(tmp_path, index=index) as store:
        store.put(NS, "k", {"text": "dog"})
    with PersonalStore(tmp_path, index=other) as store:  # vectors of another maker are not compared
        assert [item.score for item in store.search(NS, query="dog")] == [None]
    wrong: Any = {"dims": 4, "embed": DeterministicFakeEmbedding(size=5)}
    with PersonalStore(tmp_path, index=wrong) as store, pytest.raises(InputError, match="check dims"):
        store.put(NS, "k", {"text": "dog"})


def index_of_colours() -> Any:
    return {"embed": colours(), "dims": ColourEncoder().dim, "fields": ["text"]}


def test_words_find_pictures(tmp_path: Path) -> None:
    home, root = tmp_path / "home", tmp_path / "pictures"
    root.mkdir()
    file(root, "red")
    with OwnerStore.open(home, "me") as record:
        concept = record.add_concept(draft("Bo", 1))
    data = "data:image/png;base64," + base64.b64encode(png("blue")).decode()
    with PersonalStore(home, index=index_of_colours(), image_fields=["image"], image_root=root) as store:
        store.put(NS, "red", {"image": "red.png", "note": "in the garden"})
        store.put(NS, "blue", {"image": data})
        store.put(NS, "several", {"image": ["red.png", data]})
        store.put(NS, "words", {"text": "a blue boat", "image": None})
        store.put(NS, "unseen", {"image": "red.png"}, index=False)
        store.put(NS, "texts only", {"image": "red.png", "text": "yellow"}, index=["text"])
        found = [item.key for item in store.search(NS, query="something red")]
        assert found[0] == "red"
        assert [key for key in found if key in ("red", "several", "blue")] == ["red", "several", "blue"]
        assert found[-1] == "unseen"
        best = {item.key for item in store.search(NS, query="blue", limit=3)}
        assert {"blue", "words"} <= best
        photo = store._record.find(concept.id).photos[0].id
        for reference, error in (
            ("photo:nobody", UnknownConceptError),
            (f"photo:{photo}", ImageError),  # of this drawn record the bytes are no image
            ("../home/catalogue.sqlite", ImageError),
            ("/etc/passwd", ImageError),
            ("missing.png", ImageError),
            ("\x00", ImageError),
            ("https://example.com/a.png", ImageError),
            ("file:///etc/passwd", ImageError),
            ("data:image/png;base64,%%%", ImageError),
            ("data:image/png,plain", ImageError),
            ({"url": "x"}, InputError),
        ):
            with pytest.raises(error):
                store.put(NS, "bad", {"image": reference})
        (root / "link.png").symlink_to(home / "catalogue.sqlite")
        with pytest.raises(ImageError, match="not under"):
            store.put(NS, "bad", {"image": "link.png"})
        assert store.get(NS, "bad") is None
    with (
        PersonalStore(home, index=index_of_colours(), image_fields="image") as store,
        pytest.raises(ImageError, match="image_root"),
    ):
        store.put(NS, "bad", {"image": str(root / "red.png")})
    with pytest.raises(SettingError, match="embed_images"):
        PersonalStore(home, image_fields=["image"])

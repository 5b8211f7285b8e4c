"""Caches belong to one owner: two memories in one process share the models, and nothing that was asked."""

from __future__ import annotations

import gc
from collections.abc import Iterable

from jarvis_memory.chat.sessions import Sessions
from jarvis_memory.finder import Finder
from jarvis_memory.store.known import KnownConcepts
from jarvis_memory.tiers import SegmentTiers
from jarvis_memory.view import View
from jarvis_memory.view_pool import VIEWS
from jarvis_pocket.exam import Exam
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.region_cache import RegionCache
from jarvis_retrievers.text_index import TextIndex
from tests.memory.conftest import Opener

CACHES = (Sessions, Finder, KnownConcepts, SegmentTiers, View, FaissIndex, RegionCache, TextIndex)


def reached(start: object, but: Iterable[object]) -> dict[int, object]:
    """All objects of these packages, and containers, that can be reached without going through ``but``."""
    seen: dict[int, object] = {}
    closed = {id(one) for one in but}
    todo = [start]
    while todo:
        one = todo.pop()
        module = type(one).__module__
        ours = module.startswith(("jarvis_", "cachetools"))
        if id(one) in seen or id(one) in closed or not (ours or type(one) in (dict, list, tuple)):
            continue
        if isinstance(one, dict) and "__builtins__" in one:
            continue
        seen[id(one)] = one
        todo += gc.get_referents(one)
    return seen


def test_no_cache_is_shared_by_two_owners(opened: Opener, exam: Exam) -> None:
    ana, ben = opened("ana"), opened("ben")
    name, pictures = exam.concepts[0].name, list(exam.photos[0])
    for memory in (ana, ben):
        memory.remember(name, pictures, exam.notes[0])
        memory.ask(f"What does {name} like?")
        memory.ask("Who is this?", images=[pictures[0]])
    models = (ana._engine.vlm, ana._engine.encoder, VIEWS)
    mine, theirs = reached(ana, models), reached(ben, models)
    for part in (mine, theirs):
        kinds = {type(one) for one in part.values()}
        assert kinds >= {Finder, KnownConcepts, SegmentTiers, View, FaissIndex, RegionCache}
    shared = [mine[key] for key in mine.keys() & theirs.keys()]
    assert not [one for one in shared if isinstance(one, CACHES)]
    # What is shared never changes: settings, boxes, the bank of strangers.
    assert not [one for one in shared if type(one) in (dict, list) and _tells_of(one, name)]


def _tells_of(one: object, name: str) -> bool:
    return name in str(one)


def test_what_one_has_asked_is_no_faster_for_the_other(opened: Opener, exam: Exam) -> None:
    """Each cache of the other is empty, though both have stored the same."""
    ana, ben = opened("ana"), opened("ben")
    name, pictures = exam.concepts[0].name, list(exam.photos[0])
    for memory in (ana, ben):
        memory.remember(name, pictures, exam.notes[0])
    ana.ask(f"What does {name} like?")
    ana.ask("Who is this?", images=[pictures[0]])
    assert len(ana._engine.finder.seen) == 1
    assert sum(ana._engine.tiers.nbytes()) > 0
    assert len(ben._engine.finder.seen) == 0
    assert sum(ben._engine.tiers.nbytes()) == 0
    assert ben._engine.finder._view is None or ben._engine.finder._view is not ana._engine.finder._view
    keys = {key[0] for key in ana._engine.finder.seen._seen}
    assert keys == {"ana"}
    owned = {key.concept_id for key in ana._engine.tiers._ram}
    assert owned == {ana.show(name).id}
    # Forgetting of one leaves the other's alone.
    ben.ask(f"What does {name} like?")
    before = ben._engine.tiers.nbytes()
    ana.forget_owner()
    assert ben._engine.tiers.nbytes() == before
    assert ben.ask(f"What does {name} like?").concepts == (name,)

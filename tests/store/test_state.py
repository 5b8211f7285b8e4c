"""Random walks: a home does what a dict would do."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from jarvis_memory.concept import name_key
from jarvis_memory.store import ConceptDraft, OwnerStore
from jarvis_retrievers.errors import DuplicateConceptError, UnknownConceptError
from tests.store.drafts import draft, matrix_of

OWNERS = st.sampled_from(["ana", "ben"])
NAMES = st.sampled_from(["Bo", "bo", "Mia", "Zoë"])
SEEDS = st.integers(0, 5)


class Home(RuleBasedStateMachine):
    @initialize()
    def make(self) -> None:
        self.home = Path(tempfile.mkdtemp())
        self.stores = {owner: self.opened(owner) for owner in ("ana", "ben")}
        self.expected: dict[tuple[str, str], ConceptDraft] = {}
        self.segments: dict[tuple[str, str], bytes] = {}
        self.ids: dict[tuple[str, str], str] = {}

    def opened(self, owner: str) -> OwnerStore:
        return OwnerStore.open(self.home, owner)

    @rule(owner=OWNERS, name=NAMES, seed=SEEDS)
    def add(self, owner: str, name: str, seed: int) -> None:
        value, key = draft(name, seed, photos=1, patches=1), (owner, name_key(name))
        try:
            concept = self.stores[owner].add_concept(value)
        except DuplicateConceptError:
            assert key in self.expected
        else:
            assert key not in self.expected
            self.expected[key], self.ids[key] = value, concept.id

    @rule(owner=OWNERS, name=NAMES, seed=SEEDS)
    def replace(self, owner: str, name: str, seed: int) -> None:
        key = (owner, name_key(name))
        if key in self.expected:
            value = draft(name, seed, photos=1, patches=1)
            self.stores[owner].replace_concept(self.ids[key], value)
            self.expected[key] = value
            self.segments.pop(key, None)

    @rule(owner=OWNERS, name=NAMES)
    def forget(self, owner: str, name: str) -> None:
        key = (owner, name_key(name))
        try:
            assert self.stores[owner].forget(name).id == self.ids[key]
        except UnknownConceptError:
            assert key not in self.expected
        else:
            del self.expected[key], self.ids[key]
            self.segments.pop(key, None)

    @rule(owner=OWNERS, name=NAMES, data=st.binary(max_size=20))
    def segment(self, owner: str, name: str, data: bytes) -> None:
        key = (owner, name_key(name))
        if key in self.expected:
            assert self.stores[owner].put_segment(self.ids[key], "f", data)
            self.segments[key] = data

    @rule(owner=OWNERS)
    def reopen(self, owner: str) -> None:
        self.stores[owner].close()
        self.stores[owner] = self.opened(owner)

    @rule(owner=OWNERS)
    def leave(self, owner: str) -> None:
        self.stores[owner].delete_owner()
        for values in (self.expected, self.ids, self.segments):
            for key in [key for key in values if key[0] == owner]:
                del values[key]

    @invariant()
    def as_expected(self) -> None:
        for owner, store in self.stores.items():
            concepts = store.list()
            assert {(owner, name_key(c.name)) for c in concepts} == {
                key for key in self.expected if key[0] == owner
            }
            table = store.vectors()
            for concept in concepts:
                key = (owner, name_key(concept.name))
                value = self.expected[key]
                assert (concept.id, concept.name) == (self.ids[key], value.name)
                assert [store.photo(p.id) for p in concept.photos] == [p.data for p in value.checked_photos]
                mine = [whose == concept.id for whose in table.concept_ids]
                assert (table.matrix[mine] == matrix_of(value)).all()
                assert store.get_segment(concept.id, "f") == self.segments.get(key)

    def teardown(self) -> None:
        if not hasattr(self, "home"):
            return
        assert self.stores["ana"].sweep(0) == 0
        for store in self.stores.values():
            store.close()
        shutil.rmtree(self.home)


TestHome = Home.TestCase
TestHome.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)

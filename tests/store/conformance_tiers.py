"""What every tier of segments must do, and a walk of two owners through tiers that two processes share."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from jarvis_memory.store import Catalogue, SegmentCache
from jarvis_memory.store.tiers import Label, SegmentTier
from tests.store.conformance import rows

A, B = f"{1:032x}", f"{2:032x}"


def label(number: int, owner: str = A, concept: str = "c" * 32) -> Label:
    return Label(owner, concept, f"{number:032x}")


class TierConformance:
    @pytest.fixture
    def tier(self) -> SegmentTier:
        """With room for at least 5,000 bytes."""
        raise NotImplementedError

    def test_round_trip(self, tier: SegmentTier) -> None:
        assert tier.get(label(1), 1.0) is None
        for data in (b"\0\xff\r\n$-1", b"", b"x" * 1000):
            assert tier.put(label(1), data, 1.0, 1.0)
            assert tier.get(label(1), 1.0) == data

    def test_what_is_deleted_is_gone_and_nothing_else(self, tier: SegmentTier) -> None:
        other = "d" * 32
        places = [label(1), label(2), label(1, concept=other), label(1, owner=B)]

        def there() -> list[bool]:
            return [tier.get(place, 1.0) is not None for place in places]

        def fill() -> None:
            for place in places:
                assert tier.put(place, b"data", 1.0, 1.0)

        fill()
        assert tier.delete(A, "c" * 32, label(1).name) == 1
        assert there() == [False, True, True, True]
        assert tier.delete(A, "c" * 32) == 1
        assert tier.delete(A, "c" * 32) == 0
        assert there() == [False, False, True, True]
        fill()
        assert tier.delete(A) == 3
        assert there() == [False, False, False, True]
        fill()
        assert tier.keep_only(A, {other}) == 2
        assert there() == [False, False, True, True]
        assert tier.keep_only(A, set()) == 1
        assert tier.delete(B) == 1
        assert tier.delete(B) == 0

    def test_it_reports(self, tier: SegmentTier) -> None:
        tier.put(label(1), b"data", 1.0, 1.0)
        tier.get(label(1), 1.0)
        tier.get(label(2), 1.0)
        report = tier.report()
        assert (report.name, report.hits, report.misses, report.kept) == (tier.name, 1, 1, 1)
        assert report.failed == 0


def segment(owner: str, concept: str, updated: int, fingerprint: str) -> bytes:
    """The same bytes for the same state: what an encoder does."""
    return random.Random(f"{owner}/{concept}/{updated}/{fingerprint}").randbytes(200)


def walk(catalogue: Catalogue, processes: list[SegmentCache], steps: int, seed: int) -> int:
    """Do things at random for two owners in several processes, and compare with a dict; returns how often a
    segment was found.
    """
    chance, found = random.Random(seed), 0
    states = dict[tuple[str, int], int]()
    kept = dict[tuple[str, int, str], int]()

    def forgotten(owner: str, number: int) -> None:
        del states[owner, number]
        for key in [key for key in kept if key[:2] == (owner, number)]:
            del kept[key]

    for _ in range(steps):
        owner, other = chance.sample(["ana", "ben"], 2)
        number, fingerprint = chance.randrange(3), chance.choice("fg")
        # The same ids for both: only the owner tells them apart.
        concept, cache = f"{number:032x}", chance.choice(processes)
        state = states.get((owner, number))
        what = chance.choices(["put", "get", "update", "delete", "forget", "leave"], [6, 12, 2, 1, 1, 0.2])[0]
        if what == "put":
            if state is None:
                added = catalogue.add(owner, rows(owner, number))
                state = states[owner, number] = added.updated
            data = segment(owner, concept, state, fingerprint)
            assert cache.put(owner, concept, fingerprint, data, updated=state, seconds=0.01)
            kept[owner, number, fingerprint] = 2
        elif what == "update" and state is not None:
            states[owner, number] = catalogue.replace(owner, rows(owner, number))[0].updated
            for one in "fg":
                kept.pop((owner, number, one), None)
            late = segment(owner, concept, state, fingerprint)
            assert not cache.put(owner, concept, fingerprint, late, updated=state)
        elif what == "delete":
            cache.delete(owner, concept)
            for one in "fg":
                # Another process may have it in memory still, which is no error: it is the right one.
                if (owner, number, one) in kept:
                    kept[owner, number, one] = 1
        elif what == "forget" and state is not None:
            catalogue.tombstone(owner, concept)
            cache.delete(owner, concept)
            catalogue.erase(owner, [concept])
            forgotten(owner, number)
        elif what == "leave":
            cache.delete_owner(owner)
            catalogue.tombstone(owner, None)
            catalogue.delete_owner(owner)
            for there in [key[1] for key in states if key[0] == owner]:
                forgotten(owner, there)
        got, sure = cache.get(owner, concept, fingerprint), kept.get((owner, number, fingerprint), 0)
        state = states.get((owner, number))
        right = None if state is None else segment(owner, concept, state, fingerprint)
        fine: list[list[bytes | None]] = [[None], [None, right], [right]]
        assert got in fine[sure], (what, owner, number, sure)
        found += got is not None
        theirs = states.get((other, number))
        assert cache.get(other, concept, fingerprint) in (
            None,
            None if theirs is None else segment(other, concept, theirs, fingerprint),
        )
    return found


Concepts = Callable[[str, int], str]

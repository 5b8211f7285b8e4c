"""What every blob store and segment cache must do; a test class inherits one and gives the fixtures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from jarvis_memory.store import BlobStore, SegmentCache
from jarvis_retrievers.errors import CorruptRecordError, SettingError


class BlobConformance:
    repeats = True
    """Whether equal bytes of one owner have one digest."""

    @pytest.fixture
    def blobs(self) -> BlobStore:
        raise NotImplementedError

    @pytest.mark.parametrize("data", [b"", b"x", b"\0" * 100, bytes(range(256)) * 400])
    def test_round_trip(self, blobs: BlobStore, data: bytes) -> None:
        ref = blobs.put("ana", "photo", data)
        assert (ref.length, len(ref.id), len(ref.digest)) == (len(data), 32, 64)
        assert blobs.get("ana", ref) == data
        assert blobs.exists("ana", ref)

    def test_equal_bytes_are_not_shared(self, blobs: BlobStore) -> None:
        one, two, his = (
            blobs.put("ana", "photo", b"x"),
            blobs.put("ana", "photo", b"x"),
            blobs.put("ben", "photo", b"x"),
        )
        assert len({one.id, two.id, his.id}) == 3
        assert (one.digest == two.digest) is self.repeats
        assert his.digest not in (one.digest, two.digest)
        assert blobs.delete("ana", [one]) == 1
        assert blobs.get("ana", two) == blobs.get("ben", his) == b"x"

    def test_another_owner_gets_nothing(self, blobs: BlobStore) -> None:
        ref = blobs.put("ana", "photo", b"secret")
        assert not blobs.exists("ben", ref)
        with pytest.raises(CorruptRecordError):
            blobs.get("ben", ref)

    def test_delete_is_idempotent(self, blobs: BlobStore) -> None:
        refs = [blobs.put("ana", "photo", bytes([n])) for n in range(3)]
        assert blobs.delete("ana", refs[:2]) == 2
        assert blobs.delete("ana", refs) == 1
        assert blobs.delete("ana", []) == 0
        assert not any(blobs.exists("ana", ref) for ref in refs)
        with pytest.raises(CorruptRecordError, match="missing"):
            blobs.get("ana", refs[0])

    def test_wrong_length_and_digest(self, blobs: BlobStore) -> None:
        ref = blobs.put("ana", "photo", b"abc")
        for wrong in (replace(ref, length=2), replace(ref, length=4), replace(ref, digest="0" * 64)):
            with pytest.raises(CorruptRecordError, match=ref.id):
                blobs.get("ana", wrong)

    def test_sweep_spares_live_and_young(self, blobs: BlobStore) -> None:
        live, dead = blobs.put("ana", "photo", b"1"), blobs.put("ben", "segment", b"2")
        assert blobs.sweep({live.id}, 3600) == 0
        assert blobs.exists("ben", dead)
        assert blobs.sweep({live.id}, 0) == 1
        assert blobs.get("ana", live) == b"1"
        assert not blobs.exists("ben", dead)

    def test_delete_owner(self, blobs: BlobStore) -> None:
        hers = [blobs.put("ana", kind, b"1") for kind in ("photo", "segment")]
        his = blobs.put("ben", "photo", b"1")
        assert blobs.delete_owner("ana") == 2
        assert blobs.delete_owner("ana") == 0
        assert not any(blobs.exists("ana", ref) for ref in hers)
        assert blobs.get("ben", his) == b"1"

    @pytest.mark.parametrize("kind", ["", "Photo", "toolongkind", "a/b", "é"])
    def test_kind_is_checked(self, blobs: BlobStore, kind: str) -> None:
        with pytest.raises(SettingError, match="kind"):
            blobs.put("ana", kind, b"")


class SegmentConformance:
    @pytest.fixture
    def segments(self) -> SegmentCache:
        raise NotImplementedError

    @pytest.fixture
    def concepts(self) -> Callable[[str, int], str]:
        """Makes sure that an owner has a concept of this number, and gives its id."""
        raise NotImplementedError

    def test_put_get_delete(self, segments: SegmentCache, concepts: Callable[[str, int], str]) -> None:
        one, two = concepts("ana", 1), concepts("ana", 2)
        assert segments.get("ana", one, "f") is None
        assert segments.put("ana", one, "f", b"first", tokens=3)
        assert segments.put("ana", one, "g", b"other")
        assert segments.put("ana", two, "f", b"second")
        assert segments.put("ana", one, "f", b"again")
        assert segments.get("ana", one, "f") == b"again"
        assert segments.get("ana", one, "g") == b"other"
        assert segments.nbytes("ana") == len(b"againothersecond")
        assert segments.delete("ana", one) == 2
        assert segments.delete("ana", one) == 0
        assert segments.get("ana", one, "f") is None
        assert segments.get("ana", two, "f") == b"second"

    def test_owners(self, segments: SegmentCache, concepts: Callable[[str, int], str]) -> None:
        hers, his = concepts("ana", 1), concepts("ben", 2)
        segments.put("ana", hers, "f", b"1")
        segments.put("ben", his, "f", b"22")
        assert segments.get("ben", hers, "f") is None
        assert (segments.nbytes("ana"), segments.nbytes("ben"), segments.nbytes("eve")) == (1, 2, 0)
        segments.delete_owner("ana")
        assert segments.get("ana", hers, "f") is None
        assert segments.get("ben", his, "f") == b"22"

    @pytest.mark.parametrize("fingerprint", ["", "a/b", "../x", "x" * 129, "a\n"])
    def test_fingerprint_is_checked(
        self, segments: SegmentCache, concepts: Callable[[str, int], str], fingerprint: str
    ) -> None:
        concept = concepts("ana", 1)
        with pytest.raises(SettingError, match="fingerprint"):
            segments.put("ana", concept, fingerprint, b"")
        with pytest.raises(SettingError, match="fingerprint"):
            segments.get("ana", concept, fingerprint)

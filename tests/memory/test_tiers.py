"""What is at hand is what is on the disk, within its bytes; and a GPU whose memory runs out is spared."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory import Mode, PersonalMemory
from jarvis_memory.keeper import SegmentKeeper
from jarvis_memory.kv import Storage
from jarvis_memory.store.owner import OwnerStore
from jarvis_memory.tiers import Quotas, SegmentTiers, TierKey
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import ContextError, SettingError
from tests.kv.small import small_segment
from tests.memory.conftest import Opener

CPU = torch.device("cpu")


def key(number: int, updated: int = 1) -> TierKey:
    return TierKey(f"concept-{number}", updated, "print")


@settings(deadline=None, max_examples=60)
@given(uses=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30), room=st.integers(1, 4))
def test_the_least_lately_used_goes_first(uses: list[tuple[int, bool]], room: int) -> None:
    segment = small_segment()
    tiers = SegmentTiers(Quotas(ram=room * segment.nbytes, gpu=0), CPU)
    model: list[int] = []
    for number, put in uses:
        if put:
            tiers.put(key(number), segment)
            model = [n for n in model if n != number] + [number]
            model = model[-room:]
        else:
            found = tiers.get(key(number))
            assert (found is segment) == (number in model)
            if found is not None:
                model = [n for n in model if n != number] + [number]
    assert tiers.nbytes() == (len(model) * segment.nbytes, 0)
    for number in range(6):
        assert (tiers.get(key(number)) is not None) == (number in model)


def test_what_is_larger_than_the_quota_is_not_kept() -> None:
    segment = small_segment()
    tiers = SegmentTiers(Quotas(ram=segment.nbytes - 1, gpu=2**20), CPU)
    assert tiers.put(key(1), segment) is segment
    tiers.lift([key(1)])
    assert tiers.get(key(1)) is None
    assert tiers.nbytes() == (0, 0)


def test_another_age_of_a_concept_is_another_segment() -> None:
    tiers = SegmentTiers(Quotas(), CPU)
    tiers.put(key(1, updated=1), small_segment())
    assert tiers.get(key(1, updated=2)) is None
    tiers.put(key(2), small_segment())
    tiers.forget("concept-1")
    assert tiers.get(key(1, updated=1)) is None
    assert tiers.get(key(2)) is not None


@pytest.mark.parametrize("options", [{"kv_ram_bytes": -1}, {"kv_gpu_bytes": -1}])
def test_quotas_are_checked_before_a_home_is_made(opened: Opener, options: dict[str, int]) -> None:
    with pytest.raises(SettingError, match="0 or more"):
        opened(**options)


def test_a_segment_is_read_from_the_disk_once(
    household: PersonalMemory, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = OwnerStore.get_segment

    def counted(self: OwnerStore, concept_id: str, fingerprint: str) -> bytes | None:
        read.append(concept_id)
        return real(self, concept_id, fingerprint)

    monkeypatch.setattr(OwnerStore, "get_segment", counted)
    name = exam.concepts[0].name
    first = household.ask(f"What does {name} like?")
    assert len(read) == 1
    second = household.ask(f"What does {name} like?")
    assert (second.text, second.usage) == (first.text, first.usage)
    assert len(read) == 1
    household.update(name, about="Likes to hum.")
    household.ask(f"What does {name} like?")
    assert len(read) == 2


def test_what_is_written_anew_is_read_anew(household: PersonalMemory, exam: Exam) -> None:
    """No older age of a concept, and no other rounding than that on the disk, stays at hand."""
    name = exam.concepts[0].name
    question, tiers = f"What does {name} like?", household._engine.tiers
    household.ask(question)
    old = TierKey(household.show(name).id, household.show(name).updated, household.node.fingerprint)
    plain = tiers.get(old)
    assert plain is not None
    household.migrate("int8")
    household.ask(question)
    rounded = tiers.get(old)
    assert rounded is not None
    assert not torch.equal(rounded.keys, plain.keys)
    household.update(name, about="Likes to hum.")
    assert tiers.get(old) is None


def test_what_is_forgotten_is_not_at_hand(household: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    household.ask(f"What does {name} like?")
    tiers = household._engine.tiers
    assert tiers.nbytes()[0] > 0
    household.forget(name)
    assert tiers.nbytes() == (0, 0)


def test_without_a_quota_nothing_is_at_hand(opened: Opener, household: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    bare = opened(kv_ram_bytes=0)
    assert bare.ask(f"What does {name} like?").text == household.ask(f"What does {name} like?").text
    assert bare._engine.tiers.nbytes() == (0, 0)


def test_a_segment_of_other_tokens_is_made_again(household: PersonalMemory, exam: Exam) -> None:
    """Digest and fingerprint are right, but it is not this concept's: tokens are compared, not trusted."""
    names = [concept.name for concept in exam.concepts[:2]]
    one, other = (household.show(name) for name in names)
    store, vlm = household._store, household.node
    data = store.get_segment(other.id, vlm.fingerprint)
    assert data is not None
    right = household.ask(f"What does {names[0]} like?")
    store.put_segment(one.id, vlm.fingerprint, data, tokens=1, updated=one.updated)
    fresh = SegmentTiers(Quotas(), CPU)
    kept = SegmentKeeper(store, vlm, Storage.BF16, fresh).get(one)
    assert not kept.stored
    assert kept.notice is not None
    assert "tokens" in kept.notice
    household._engine.tiers.forget(one.id)
    again = household.ask(f"What does {names[0]} like?")
    assert (again.text, again.notices) == (right.text, ())


class Card:
    """A model that runs out of memory where more rows than it has room for are computed at a time."""

    def __init__(self, memory: PersonalMemory, rows: int) -> None:
        self.rows, self.refused = rows, 0
        self._hook = memory.node._runner.text.layers[0].register_forward_pre_hook(self, with_kwargs=True)

    def __call__(self, layer: Any, args: tuple[Any, ...], more: dict[str, Any]) -> None:
        hidden = args[0] if args else more["hidden_states"]
        if hidden.shape[1] > self.rows:
            self.refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory.")

    def close(self) -> None:
        self._hook.remove()


def test_where_memory_runs_out_link_goes_on_in_chunks(
    household: PersonalMemory, exam: Exam, caplog: pytest.LogCaptureFixture
) -> None:
    question = "Tell me about " + " and ".join(concept.name for concept in exam.concepts) + "."
    expected = household.ask(question, mode=Mode.LINK)
    card = Card(household, rows=64)
    try:
        with caplog.at_level(logging.WARNING):
            answers = [household.ask(question, mode=Mode.LINK) for _ in range(2)]
        with pytest.raises(ContextError, match="does not suffice"):
            household.ask(question, mode=Mode.EXACT)
    finally:
        card.close()
    assert card.refused >= 4
    for answer in answers:
        assert (answer.text, answer.usage) == (expected.text, expected.usage)
    warned = [record for record in caplog.records if "memory of the GPU ran out" in record.message]
    assert len(warned) == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_what_was_used_once_is_on_the_gpu() -> None:
    device = torch.device("cuda")
    segment = small_segment()
    tiers = SegmentTiers(Quotas(), device)
    kept = tiers.put(key(1), segment)
    assert kept.keys.is_pinned()
    tiers.lift([key(1)])
    torch.cuda.synchronize()
    found = tiers.get(key(1))
    assert found is not None
    assert found.keys.device.type == "cuda"
    assert torch.equal(found.keys.cpu(), segment.keys)
    tiers.retreat()
    assert tiers.get(key(1)) is kept


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_what_was_made_on_the_gpu_stays_there() -> None:
    device = torch.device("cuda")
    segment = small_segment()
    tiers = SegmentTiers(Quotas(), device)
    kept = tiers.put(key(1), segment.placed(lambda tensor: tensor.to(device)))
    assert kept.keys.device.type == kept.inputs.features.device.type == "cuda"
    assert tiers.get(key(1)) is kept
    tiers.retreat()
    left = tiers.get(key(1))
    assert left is not None
    assert left.keys.is_pinned()
    assert torch.equal(left.keys, segment.keys)


def test_a_row_under_another_owners_key_is_never_used(opened: Opener, tmp_path: Path, exam: Exam) -> None:
    """Places of segments are HMACs under the owner's key: a row moved to another owner is not found there."""
    name = exam.concepts[0].name
    ana, ben = (opened(owner, kv_ram_bytes=0) for owner in ("ana", "ben"))
    for memory in (ana, ben):
        memory.remember(name, list(exam.photos[0]), exam.notes[0])
    question = f"What does {name} like?"
    right = ben.ask(question)
    with closing(sqlite3.connect(tmp_path / "home" / "catalogue.sqlite")) as catalogue, catalogue:
        catalogue.execute("DELETE FROM segments WHERE owner = 'ben'")
        moved = catalogue.execute(
            "UPDATE segments SET owner = 'ben', concept = ? WHERE owner = 'ana'", (ben.show(name).id,)
        )
        assert moved.rowcount == 1
    healed = ben.ask(question)
    assert healed.text == right.text
    assert healed.usage.reused < right.usage.reused  # encoded from Ben's own photos
    assert name in healed.concepts

"""Adding to a concept: only what is new is mined and encoded, and it is what encoding all would give."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_memory.kv import Inputs
from jarvis_memory.vlm.concepts import ConceptEncoder
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.patches import PatchMiner
from tests.memory.conftest import Opener


class Watch:
    """What is mined and what is encoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mined: list[int] = []
        self.read: list[int] = []
        survey, append = PatchMiner.survey, ConceptEncoder._append

        def surveying(this: PatchMiner, photos: list[object], *args: object, **more: object) -> object:
            self.mined.append(len(photos))
            return survey(this, photos, *args, **more)  # type: ignore[arg-type]

        def appending(this: ConceptEncoder, before: object, inputs: Inputs) -> object:
            self.read.append(inputs.tokens)
            return append(this, before, inputs)  # type: ignore[arg-type]

        monkeypatch.setattr(PatchMiner, "survey", surveying)
        monkeypatch.setattr(ConceptEncoder, "_append", appending)


def from_scratch(memory: PersonalMemory, name: str) -> tuple[np.ndarray, tuple[int, ...]]:
    """Keys of a concept encoded anew, and its tokens."""
    segment = memory.node.encode_segment(memory._engine.keeper.source(memory.show(name)))
    return segment.keys.float().numpy(), segment.token_ids


@pytest.mark.parametrize("storage", ["f32", "int8", "none"])
def test_a_new_photo_is_mined_alone_and_appended(
    opened: Opener, exam: Exam, monkeypatch: pytest.MonkeyPatch, storage: str
) -> None:
    memory = opened(kv_ram_bytes=0)
    memory.migrate(storage)
    name = exam.concepts[0].name
    old = memory.remember(name, [exam.photos[0][0]], exam.notes[0])
    watch = Watch(monkeypatch)
    new = memory.update(name, photos=[exam.photos[0][1]])
    assert watch.mined == [1]
    assert [p.box for p in new.patches[: len(old.patches)]] == [p.box for p in old.patches]
    assert new.profile == old.profile
    added = len(new.patches) - len(old.patches)
    assert 0 < added <= memory._engine.intake._miner.config.k_added
    assert {p.photo_id for p in new.patches[-added:]} == {new.photos[1].id}
    kept = memory._engine.keeper.get(new)
    assert kept.stored
    keys, tokens = from_scratch(memory, name)
    assert kept.segment.token_ids == tokens
    limit = {"f32": 1e-4, "int8": 0.03, "none": 2e-3}[storage]
    assert np.abs(kept.segment.keys.float().numpy() - keys).max() < limit * np.abs(keys).max()
    if storage == "f32":
        patch = kept.segment.parts[-1].tokens
        assert watch.read[0] == added * patch  # nothing but the new patches went through the model


def test_new_notes_mine_nothing(opened: Opener, exam: Exam, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = opened(kv_ram_bytes=0)
    name = exam.concepts[0].name
    old = memory.remember(name, list(exam.photos[0]), f"{name} likes cheese.")
    watch = Watch(monkeypatch)
    new = memory.update(name, about="Was born in May.", aliases=["Pal"])
    assert watch.mined == []
    assert [(p.box, p.score) for p in new.patches] == [(p.box, p.score) for p in old.patches]
    assert new.profile.facts == (*old.profile.facts, f"{name} was born in May.")
    assert memory._engine.keeper.get(new).segment.token_ids == from_scratch(memory, name)[1]
    assert "May" in memory.ask(f"When was {name} born?").text


def test_an_alias_alone_computes_nothing(opened: Opener, exam: Exam, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = opened()
    name = exam.concepts[0].name
    memory.remember(name, [exam.photos[0][0]], exam.notes[0])
    watch = Watch(monkeypatch)
    memory.update(name, aliases=["Pal"])
    assert (watch.mined, watch.read) == ([], [])
    assert memory.ask("What does Pal like?").concepts == (name,)


def test_a_photo_that_is_there_already_changes_nothing(opened: Opener, exam: Exam) -> None:
    memory = opened()
    name = exam.concepts[0].name
    old = memory.remember(name, [exam.photos[0][0]], exam.notes[0])
    new = memory.update(name, photos=[exam.photos[0][0].copy()], aliases=["Pal"])
    assert (len(new.photos), len(new.patches)) == (1, len(old.patches))


def test_what_another_encoder_saw_is_mined_again(
    opened: Opener, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jarvis_retrievers.reference import ColourEncoder

    name = exam.concepts[0].name
    opened(clip=ColourEncoder()).remember(name, [exam.photos[0][0]], exam.notes[0])
    memory = opened()
    watch = Watch(monkeypatch)
    new = memory.update(name, photos=[exam.photos[0][1]])
    assert watch.mined == [2]
    assert new.encoder == memory._engine.encoder.fingerprint


@pytest.mark.parametrize("selector", ["patches", "uniform"])
def test_changed_looks_leave_the_segment_and_stay_in_the_record(
    opened: Opener, exam: Exam, selector: str
) -> None:
    memory = opened(kv_ram_bytes=0)
    memory.migrate("f32", selector=selector)
    name, (before, after) = exam.concepts[0].name, exam.photos[0][:2]
    old = memory.remember(name, [before], exam.notes[0])
    new = memory.update(name, photos=[after], changed=True)
    assert (new.past, [photo.id for photo in new.now.photos]) == (1, [new.photos[1].id])
    assert len(new.patches) > len(new.now.patches) >= 1
    assert {patch.photo_id for patch in new.now.patches} == {new.photos[1].id}
    # As many as a new concept's: they are all that is shown.
    assert len(new.now.patches) > memory._engine.intake._miner.config.k_added
    kept = memory._engine.keeper.get(new)
    assert kept.stored
    keys, tokens = from_scratch(memory, name)
    assert kept.segment.token_ids == tokens
    assert np.abs(kept.segment.keys.float().numpy() - keys).max() < 1e-4 * np.abs(keys).max()
    noted = memory.update(name, about="Was seen in May.")
    assert (noted.past, [photo.digest for photo in noted.now.photos]) == (1, [new.photos[1].digest])
    assert memory._engine.keeper.get(noted).segment.token_ids == from_scratch(memory, name)[1]
    # It is found by what it looked like, too.
    assert name in {found.concept.name for found in memory.recall("", [before], k=3)}
    # Photos that come behind are shown beside the new one.
    third = memory.update(name, photos=[exam.photos[0][1].transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
    assert (third.past, len(third.now.photos), len(third.photos)) == (1, 2, 3)
    assert memory._engine.keeper.get(third).segment.token_ids == from_scratch(memory, name)[1]
    assert old.past == 0


def test_a_change_of_looks_is_told_by_a_new_photo(opened: Opener, exam: Exam) -> None:
    memory = opened()
    name = exam.concepts[0].name
    old = memory.remember(name, [exam.photos[0][0]], exam.notes[0])
    for photos in ([], [exam.photos[0][0].copy()]):
        with pytest.raises(InputError, match="by new photos"):
            memory.update(name, photos=photos, about="Wears a hat now.", changed=True)
    assert memory.show(name) == old


def test_what_was_stays_past_when_all_is_mined_again(opened: Opener, exam: Exam) -> None:
    memory = opened()
    name = exam.concepts[0].name
    memory.remember(name, [exam.photos[0][0]], exam.notes[0])
    new = memory.update(name, photos=[exam.photos[0][1]], changed=True)
    assert memory.reindex(everything=True) == 1
    again = memory.show(name)
    assert (again.past, len(again.now.photos)) == (new.past, 1)
    assert memory._engine.keeper.get(again).segment.token_ids == from_scratch(memory, name)[1]
    memory.close()
    assert opened().show(name).past == 1

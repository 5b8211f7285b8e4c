"""The gate measures what it says, drives `auto`, and a home can store its segments in another way."""

from __future__ import annotations

import logging

import pytest

from jarvis_memory import Mode, PersonalMemory
from jarvis_memory.gate import GATED, Limits, Trial, Verdict, run_gate
from jarvis_memory.kv import Repair, Storage
from jarvis_memory.trials import draw_trials
from jarvis_memory.vlm import SegmentSource
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError, SettingError
from tests.kv.tiny import Tiny, bo, make_tiny, mug, picture
from tests.memory.conftest import Opener

LOOSE = Limits(kl=1e9, agreement=0.0, points=1.0)
STRICT = Limits(kl=-1.0, agreement=2.0, points=-1.0)


@pytest.fixture(scope="module")
def tiny() -> Tiny:
    return make_tiny("qwen2_5_vl")


def trials() -> list[Trial]:
    pair = (bo(), mug())
    return [
        Trial((pair[0],), "What hangs on Bo's collar?"),
        Trial(pair, "Where is Mia's mug?"),
        Trial(pair[::-1], "Who is it?", (picture(5),)),
    ]


def test_a_score_is_what_one_measures_by_hand(tiny: Tiny) -> None:
    verdict = run_gate(tiny.vlm, trials(), storage=Storage.F32, limits=STRICT)
    assert verdict.mode is Mode.EXACT
    assert verdict.fingerprint == tiny.vlm.fingerprint
    scores = {(score.mode, score.segments): score for score in verdict.scores}
    assert set(scores) == {(mode, n) for mode in (Mode.EXACT, *GATED) for n in (1, 2)}
    for mode in GATED:
        kls, shares = [], []
        for trial in trials()[1:]:
            contexts = [tiny.vlm.context(trial.sources, how) for how in (Mode.EXACT, mode)]
            want, got = (tiny.vlm.first_logits(c, trial.question, trial.images).double() for c in contexts)
            p, q = want.softmax(-1), got.softmax(-1)
            kls.append(float((p * (p / q).log()).sum()))
            told, said = (tiny.vlm.generate(c, trial.question, trial.images, 16).token_ids for c in contexts)
            same = next((i for i, (a, b) in enumerate(zip(told, said, strict=False)) if a != b), len(told))
            shares.append(same / max(len(told), len(said)))
        score = scores[mode, 2]
        assert score.kl == pytest.approx(sum(kls) / 2, rel=1e-6)
        assert score.agreement == pytest.approx(sum(shares) / 2)
        assert score.right is None
        # One segment is lossless in every mode.
        assert scores[mode, 1].kl == pytest.approx(0.0, abs=1e-6)
        assert scores[mode, 1].agreement == 1.0
    assert scores[Mode.EXACT, 2].kl == 0.0
    assert scores[Mode.COMPOSE, 2].kl > 0.01


def test_the_fastest_that_passes_is_chosen(tiny: Tiny) -> None:
    assert run_gate(tiny.vlm, trials(), limits=LOOSE).mode is Mode.COMPOSE
    tiny.vlm.repair = Repair(link_tokens=10_000)
    try:
        # Now link is exact, and compose is not.
        verdict = run_gate(tiny.vlm, trials(), storage=Storage.F32, limits=Limits(kl=1e-6, agreement=1.0))
        assert verdict.mode is Mode.LINK
    finally:
        tiny.vlm.repair = Repair()


def test_where_the_truth_is_known_it_decides(tiny: Tiny) -> None:
    pair = (bo(), mug())
    exact = tiny.vlm.generate(tiny.vlm.context(pair, Mode.EXACT), "Who is it?", (), 16).text
    known = [Trial(pair, "Who is it?", right=exact.__eq__, max_new_tokens=16)]
    verdict = run_gate(tiny.vlm, known, storage=Storage.F32)
    rights = {score.mode: score.right for score in verdict.scores}
    assert rights[Mode.EXACT] == 1.0
    passing = [mode for mode in GATED if rights[mode] == 1.0]
    assert verdict.mode is (passing[0] if passing else Mode.EXACT)
    nobody = [Trial(pair, "Who is it?", right=lambda text: False, max_new_tokens=2)]
    assert run_gate(tiny.vlm, nobody).mode is Mode.COMPOSE


def test_one_concept_is_not_enough(tiny: Tiny, opened: Opener, exam: Exam) -> None:
    with pytest.raises(InputError, match="several concepts"):
        run_gate(tiny.vlm, trials()[:1])
    memory = opened()
    memory.remember("Bo", list(exam.photos[0]), "Bo likes rice.")
    with pytest.raises(InputError, match="'ana' has 1"):
        memory.gate()


def test_trials_of_ones_own_concepts() -> None:
    sources = [SegmentSource(name, f"{name} is a dog.") for name in ("Bo", "Mi", "Zu")]
    drawn = list(draw_trials(sources, per_number=4))
    assert [len(trial.sources) for trial in drawn] == [1] * 4 + [2] * 4 + [3] * 4
    for trial in drawn:
        assert any(source.name in trial.question for source in trial.sources)
        assert len({source.name for source in trial.sources}) == len(trial.sources)
    assert [t.question for t in drawn] == [t.question for t in draw_trials(sources, per_number=4)]


def test_a_verdict_is_read_as_it_was_written(tiny: Tiny) -> None:
    verdict = run_gate(tiny.vlm, trials(), limits=LOOSE)
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


@pytest.fixture
def asked(household: PersonalMemory, exam: Exam) -> tuple[PersonalMemory, str]:
    first, second = (concept.name for concept in exam.concepts[:2])
    return household, f"Do {first} and {second} have the same emblem?"


def test_auto_follows_the_verdict(
    asked: tuple[PersonalMemory, str],
    exam: Exam,
    opened: Opener,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory, question = asked
    monkeypatch.setattr(memory.node, "measured", None)  # as a model that came without a verdict
    with caplog.at_level(logging.WARNING):
        before, again = memory.ask(question), memory.ask(question)
    assert before.usage.mode == again.usage.mode == "exact"
    assert any("jarvis gate --model pocket" in notice for notice in before.notices)
    assert [record.getMessage().count("jarvis gate") for record in caplog.records] == [1]
    assert memory.ask(f"What does {exam.concepts[0].name} wear?").usage.mode == "compose"
    assert memory.gate(limits=LOOSE).mode is Mode.COMPOSE
    after = memory.ask(question)
    assert (after.usage.mode, after.notices) == ("compose", ())
    assert after.usage.reused > before.usage.reused == 0
    # The verdict is the home's, for this model, in every process.
    assert opened().ask(question).usage.mode == "compose"
    assert memory.gate(limits=STRICT).mode is Mode.EXACT
    strict = memory.ask(question)
    assert (strict.usage.mode, strict.notices) == ("exact", ())


@pytest.mark.parametrize("mode", ["link", "blend"])
def test_what_was_computed_anew_is_told(asked: tuple[PersonalMemory, str], mode: str) -> None:
    memory, question = asked
    composed, repaired = memory.ask(question, mode="compose"), memory.ask(question, mode=mode)
    assert repaired.usage.mode == mode
    anew = repaired.usage.computed - composed.usage.computed
    assert 0 < anew == composed.usage.reused - repaired.usage.reused


@pytest.mark.parametrize("kv", ["f32", "fp8", "int8", "none"])
def test_a_home_stores_its_segments_in_another_way(
    household: PersonalMemory, exam: Exam, opened: Opener, kv: str
) -> None:
    question = f"What does {exam.concepts[0].name} wear?"
    before, size = household.ask(question), household.nbytes()
    household.gate(limits=LOOSE)
    assert household.migrate(kv) == len(exam.concepts)
    assert (household.nbytes() > size) == (kv == "f32")
    other = opened()
    after = other.ask(question)
    assert after.text == before.text
    assert after.notices == ()
    assert after.usage.reused == before.usage.reused
    # What the gate found held for the old storage only.
    pair = f"Do {exam.concepts[0].name} and {exam.concepts[1].name} have the same emblem?"
    assert other.ask(pair).usage.mode == "exact"
    with pytest.raises(SettingError, match="'zip'"):
        household.migrate("zip")


def test_a_verdict_holds_for_its_storage_whoever_changed_that(
    asked: tuple[PersonalMemory, str], tiny: Tiny, opened: Opener
) -> None:
    memory, question = asked
    memory.gate(limits=LOOSE)
    assert memory.ask(question).usage.mode == "compose"
    opened(model=tiny.vlm).migrate("int8")  # another model's memory, in the same home
    after = memory.ask(question)
    assert after.usage.mode == "exact"
    assert any("jarvis gate" in notice for notice in after.notices)

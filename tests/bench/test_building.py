"""What the builder drops and why, on photos made for it, with a witness that sees pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from jarvis_bench import cleaned, leaks_of, mark_answer, read_dataset
from jarvis_bench.building import Blind, BuildSettings, Built, Given, build, read_provenance
from jarvis_bench.building.drafting import Draft, Shown
from jarvis_bench.building.gather import Known
from jarvis_bench.building.reason import Reason
from jarvis_bench.building.remembering import RememberingEncoder
from jarvis_bench.building.settling import Settled
from jarvis_bench.item import LETTERS
from jarvis_bench.loaders import load
from jarvis_bench.methods import Models, PlainVoice
from jarvis_retrievers.errors import DatasetError, SettingError
from jarvis_retrievers.images import load_image
from tests.bench.marks import MARKS, MIDDLE, SIDE, Spotter, given, marked, photo
from tests.bench.worlds import imagined

OTHERS = [marked("Mimi", "green"), marked("Tiko", "blue"), marked("Zaza", "yellow")]
STRICT = BuildSettings(windows=8)


@pytest.fixture(scope="module")
def models() -> Models:
    made = Models(device="cpu")
    # Most tests have the same other concepts: their windows are encoded once.
    vars(made)["encoder"] = RememberingEncoder(made.encoder)
    return made


def built(
    concepts: Sequence[Given],
    out: Path,
    models: Models,
    settings: BuildSettings = STRICT,
    witness: Spotter | None = None,
) -> Built:
    return build(concepts, out, models, settings, witness=witness or Spotter())


def reasons(found: Built, name: str) -> dict[str, str]:
    """Why each form of the questions about a concept is dropped; empty where it is kept."""
    ids = {one.name: one.id for one in found.dataset.concepts}
    return {
        f"{one.part} {one.form}": one.reason for one in found.provenance.proposals if one.concept == ids[name]
    }


@pytest.fixture(scope="module")
def four(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built([marked("Bo", "red"), *OTHERS], tmp_path_factory.mktemp("four"), models)


def test_what_all_photos_show_is_asked_in_four_forms(four: Built) -> None:
    found = four
    assert reasons(found, "Bo") == {
        f"mark {form}": "" for form in ("text open", "text choice", "vqa open", "vqa choice")
    }
    assert len(found.dataset.items) == 16
    bo = next(one for one in found.dataset.concepts if one.name == "Bo")
    assert len(bo.photos) == 2  # one is kept for the picture of a question
    for item in found.dataset.items:
        truth = {"Bo": "red", "Mimi": "green", "Tiko": "blue", "Zaza": "yellow"}
        name = next(one.name for one in found.dataset.concepts if one.id == item.concepts[0])
        right = item.options[LETTERS.index(item.answer)] if item.options else item.answer
        assert right == truth[name]
        if item.options:
            assert sorted(item.options) == ["blue", "green", "red", "yellow"]
        else:
            assert sorted((right, *item.bars)) == ["blue", "green", "red", "yellow"]
            assert mark_answer(item, 0, f"It is {right}.", {}).right
            assert not mark_answer(item, 0, f"{right} or {item.bars[0]}", {}).right
        for image in item.images:
            pixels = load_image(found.dataset.root / image.path)
            # The mark is gone, and the rest is still to be seen.
            assert Spotter()._seen([pixels]) == ""
    assert leaks_of(found.dataset) == ()
    assert cleaned(found.dataset).items == found.dataset.items


def test_the_files_say_the_same(four: Built, models: Models) -> None:
    found, root = four, four.dataset.root
    assert load("built", root) == found.dataset.model_copy(update={"root": root.resolve()})
    assert read_dataset(root / "dataset.jsonl", root) == found.dataset
    assert read_provenance(root / "provenance.jsonl") == found.provenance
    kept = {one.id: one for one in found.provenance.proposals if one.kept}
    assert {item.source.key for item in found.dataset.items} == set(kept)
    assert {item.source.file for item in found.dataset.items} == {"provenance.jsonl"}
    for item in found.dataset.items:
        told = kept[item.id]
        assert (told.question, told.part, told.form) == (item.question, item.kind, item.group)
        # Each box is one of a photo that is there, and holds some of the mark where the patch spoke alone.
        for spot in told.spots:
            left, top, right, bottom = spot.box
            assert 0 <= left < right <= SIDE
            assert 0 <= top < bottom <= SIDE
            assert left < MIDDLE[2]
            assert right > MIDDLE[0]
            assert top < MIDDLE[3]
            assert bottom > MIDDLE[1]
            assert (root / spot.photo).is_file()
            assert found.provenance.photos[spot.photo].endswith(".png")
        assert {one.view for one in told.testimonies} >= {"photo", "together", "crop"}
        assert all(one.asked.endswith("Say it.") for one in told.testimonies)
        assert len(told.trials) == item.rotations
        assert not all(trial.right for trial in told.trials)
    assert found.provenance.models["model fingerprint"] == models.vlm.fingerprint
    assert found.provenance.models["encoder fingerprint"] == models.encoder.fingerprint
    card = (root / "card.md").read_text("utf-8")
    assert "| text choice | 4 | 4 |" in card


def test_it_goes_on_where_it_stopped(four: Built, models: Models, tmp_path: Path) -> None:
    again = Spotter()
    lines = (four.dataset.root / "asked.jsonl").read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    # The last line was cut off in the middle of being written.
    (tmp_path / "asked.jsonl").write_bytes(b"".join(lines[:half]) + lines[half][:20])
    resumed = built([marked("Bo", "red"), *OTHERS], tmp_path, models, witness=again)
    assert resumed.dataset.items == four.dataset.items
    assert resumed.provenance == four.provenance
    assert 0 < len(again.shown) < len(lines)
    assert sorted((tmp_path / "asked.jsonl").read_bytes().splitlines(keepends=True)) == sorted(lines)


CORNERS = [(0, 0, 18, 18), (78, 0, 95, 18), (0, 78, 18, 95), (78, 78, 95, 95), MIDDLE]


@pytest.mark.parametrize(
    ("reason", "bo", "settings", "witness"),
    [
        (Reason.FEW_PHOTOS, marked("Bo", "red", photos=1), STRICT, Spotter()),
        (Reason.UNREADABLE, marked("Bo", None), STRICT, Spotter()),
        (
            Reason.DISAGREE,
            given("Bo", [photo("1", "red"), photo("2", "red"), photo("3", "pink")]),
            STRICT,
            Spotter(),
        ),
        (Reason.NAME_TELLS, marked("Red Bo", "red"), STRICT, Spotter()),
        (Reason.NOTES_TELL, marked("Bo", "red", notes="Bo has a red star."), STRICT, Spotter()),
        (Reason.NO_CROP, marked("Bo", "red"), STRICT, Spotter(least=2)),
        (
            Reason.CONTESTED,
            # The other mark is small: all patches together say red, those that show it alone say blue.
            given("Bo", [photo(f"Bo/{place}", "red", other="blue") for place in range(3)]),
            STRICT,
            Spotter(noun=" dot"),
        ),
        (Reason.NOT_DISTINCT, marked("Bo", "red"), BuildSettings(windows=8, least_distinct=1.0), Spotter()),
        (Reason.TWICE, marked("Bo", "red"), STRICT, Spotter(asks=("mark", "badge"))),
    ],
    ids=lambda value: value.name if isinstance(value, Reason) else "",
)
def test_why_a_detail_is_dropped(
    reason: Reason, bo: Given, settings: BuildSettings, witness: Spotter, models: Models, tmp_path: Path
) -> None:
    found = reasons(built([bo, *OTHERS], tmp_path, models, settings, witness), bo.name)
    last = [why for what, why in found.items() if what.startswith(witness.asks[-1])]
    assert set(last) == {reason.value}
    assert len(last) == (2 if reason is Reason.FEW_PHOTOS else 4)


def test_what_most_have_is_no_question(models: Models, tmp_path: Path) -> None:
    concepts = [marked(name, "red") for name in ("Bo", "Kumo", "Lina")] + OTHERS[:1]
    found = built(concepts, tmp_path, models)
    assert set(reasons(found, "Bo").values()) == {Reason.TOO_COMMON.value}
    # All others have red: one distractor is not enough.
    assert reasons(found, "Mimi")["mark text choice"] == Reason.FEW_RIVALS.value
    assert reasons(found, "Mimi")["mark text open"] == ""


def test_a_detail_that_no_cover_hides(models: Models, tmp_path: Path) -> None:
    bo = given("Bo", [photo(f"Bo/{place}", "red", CORNERS) for place in range(3)])
    found = reasons(built([bo, *OTHERS], tmp_path, models), "Bo")
    assert found["mark text open"] == found["mark text choice"] == ""
    assert found["mark vqa open"] == found["mark vqa choice"] == Reason.NO_COVER.value


def test_too_few_distractors(models: Models, tmp_path: Path) -> None:
    found = reasons(built([marked("Bo", "red"), OTHERS[0]], tmp_path, models), "Bo")
    assert found["mark text open"] == ""
    assert found["mark text choice"] == Reason.FEW_RIVALS.value


@pytest.mark.parametrize(
    ("says", "kept", "why"),
    [
        (lambda prompt, images: "red", (), Reason.QUESTION_TELLS),
        (
            lambda prompt, images: "red" if images else "I do not know",
            ("text-open", "text-choice"),
            Reason.PICTURE_TELLS,
        ),
        (lambda prompt, images: "A", ("text-open", "text-choice", "vqa-open", "vqa-choice"), None),
        (
            # It finds the right one among the options.
            lambda prompt, images: ([line[0] for line in prompt.splitlines() if ". red" in line] or "?")[0],
            ("text-open", "vqa-open"),
            Reason.QUESTION_TELLS,
        ),
    ],
)
def test_what_needs_no_memory_is_dropped(says: object, kept: tuple[str, ...], why: Reason | None) -> None:
    from jarvis_bench.building import Rival

    assert callable(says)
    picture = imagined("bo")
    draft = Draft(
        id="c0/0",
        known=Known("c0", "Bo", "", "", (picture,)),
        settled=Settled("mark", "Which mark has Bo?", "red"),
        rivals=tuple(
            Rival(concept=f"c{place}", answer=mark, likeness=0.5)
            for place, mark in enumerate(MARKS, 1)
            if mark != "red"
        ),
        blind=Blind(says, PlainVoice()),
        settings=BuildSettings(),
        shown=Shown(picture, Image.new("RGB", (8, 8)), "photos/0.png", (0, 0, 4, 4)),
    )
    draft.make()
    assert [item.id for item in draft.items] == [f"c0/0/{form}" for form in kept]
    assert {one.reason for one in draft.proposals if not one.kept} == ({why.value} if why else set())


def test_photos_that_are_no_witnesses(models: Models, tmp_path: Path) -> None:
    bo = [photo(f"Bo/{place}", "red") for place in range(3)]
    small = photo("small", "red").resize((48, 48))
    shared = photo("both", "red")
    concepts = [
        given("Bo", [*bo, bo[0], small, shared]),
        given("Mimi", [photo(f"Mimi/{place}", "green") for place in range(3)] + [shared]),
        *OTHERS[1:],
        given("Nobody", []),
    ]
    found = built(concepts, tmp_path, models)
    told = {one.why: one.count for one in found.dataset.left_out}
    assert told["a copy of another photo of its concept"] == 1
    assert told["a photo with a side of less than 96 pixels"] == 1
    assert told["a photo that two concepts have"] == 2
    assert told["a concept without photos"] == 1
    assert [one.name for one in found.dataset.concepts] == ["Bo", "Mimi", "Tiko", "Zaza"]
    assert len(found.provenance.photos) == 12


def test_bad_input(models: Models, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="two are needed at least, got 1"):
        built([marked("Bo", "red")], tmp_path, models)
    with pytest.raises(DatasetError, match=r"got 1 \(.*a concept without photos: 1"):
        built([marked("Bo", "red"), given("Mimi", [])], tmp_path, models)
    tiny = given("Mimi", [photo("1", "red").resize((20, 20))])
    with pytest.raises(DatasetError, match="less than 96 pixels: 1"):
        built([marked("Bo", "red"), tiny], tmp_path, models)
    (tmp_path / "dataset.jsonl").write_text("{}")
    with pytest.raises(SettingError, match="was not built here"):
        built([marked("Bo", "red"), *OTHERS], tmp_path, models)
    for settings in ({"agreement": 0.5}, {"options": 2}, {"least_photos": 1}, {"cover": 3.0}):
        with pytest.raises(SettingError, match=next(iter(settings))):
            BuildSettings(**settings)

"""What a run writes for people, and the corners of a run: a judge, videos, data that stay as they are."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from jarvis_bench import (
    BenchMemory,
    ConstantMethod,
    Dataset,
    Disguise,
    Introduction,
    Method,
    Plan,
    Query,
    run,
)
from jarvis_bench.disguise import Asked
from jarvis_bench.item import Clip, Item
from jarvis_bench.shelf import Shelf
from jarvis_retrievers.errors import DatasetError, ImageError
from jarvis_retrievers.images import pixel_digest
from tests.bench.methods import HonestMethod, Planted
from tests.bench.worlds import HERE, recognition, small_world

ROOT = Path(__file__).resolve().parents[2]
ONLY = Plan(("method",))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_world(tmp_path_factory.mktemp("world"), concepts=3, images=2)


def test_a_judge_is_told_apart_in_the_table(data: Dataset, tmp_path: Path) -> None:
    only = data.keeping(item for item in data.items if item.form == "open")
    judge = FakeListChatModel(responses=["yes", "no", "what?"])  # in turn
    method = Planted(lambda query, count: f"fruit number {count}")
    result = run(only, method, tmp_path, plan=ONLY, judge=judge, canary=0, resamples=20)
    (score,) = result.arms[0].scores
    assert (score.items, score.by_rules, score.by_judge, score.undecided) == (6, 0, 4, 2)
    assert score.value.value == pytest.approx(2 / 6)
    page = (tmp_path / "table.md").read_text("utf-8")
    assert "with a judge" in page
    assert "| vqa open | method | accuracy 33.3 |" in page
    again = run(only, HonestMethod(), tmp_path / "rules", plan=ONLY, canary=0, resamples=20)
    assert (again.arms[0].scores[0].by_rules, again.judge) == (6, False)


def test_texts_of_the_data_are_no_markup(data: Dataset, tmp_path: Path) -> None:
    name = "x | y\n# <b>[z](http://a)"
    named = Dataset(**(dict(data) | {"name": name, "licence": "`code`"}))
    run(named, HonestMethod(), tmp_path, plan=ONLY, canary=0, resamples=10)
    page = (tmp_path / "table.md").read_text("utf-8")
    first = page.splitlines()[0]
    assert first == r"# honest on x \| y \# \<b\>\[z\]\(http://a\)"
    assert r"\`code\`" in page


def test_data_may_stay_as_they_are(data: Dataset, tmp_path: Path) -> None:
    leaked = recognition("leaked", ["bo"], data.concepts[0].photos[0], True)
    spoilt = data.keeping([*data.items, leaked])
    result = run(spoilt, HonestMethod(), tmp_path, plan=ONLY, clean=False, canary=0, resamples=10)
    assert result.digest == spoilt.digest
    assert [sign.kind for sign in result.signs] == ["leak"]
    with pytest.raises(DatasetError, match="has no items left to ask"):
        run(data.keeping([leaked]), HonestMethod(), tmp_path / "none")


def test_a_video_reaches_the_method_as_bytes(data: Dataset) -> None:
    (data.root / "clip.mp4").write_bytes(b"moving pictures")
    clip = Clip(path="clip.mp4", digest=hashlib.sha256(b"moving pictures").hexdigest())
    item = Item(
        id="v",
        task="video",
        question="Who?",
        answer="Bo",
        video=clip,
        history=(("Where?", "Here."),),
        source=HERE,
    )
    query = Disguise(data, 0).query(Asked(item, 0))
    assert (query.video, query.images, query.history) == (b"moving pictures", (), (("Where?", "Here."),))
    (data.root / "clip.mp4").write_bytes(b"others")
    with pytest.raises(DatasetError, match="is not the video it was"):
        Disguise(data, 0).query(Asked(item, 0))
    (data.root / "clip.mp4").unlink()
    with pytest.raises(DatasetError, match="cannot be read"):
        Disguise(data, 0).query(Asked(item, 0))


def test_a_time_that_cannot_be_is_not_believed(data: Dataset, tmp_path: Path) -> None:
    from jarvis_bench import AnswerLog, Reply
    from tests.bench.methods import PlantedMemory

    class Liar(PlantedMemory):
        def answer(self, query: Query) -> Reply:
            return Reply("No", first_token=-1.0 if query.form == "yes_no" else 1e9)

    class LiarMethod(Planted):
        def open(self, concepts: object) -> BenchMemory:
            return Liar(self.says)

    method: Method = LiarMethod(lambda query, count: "")
    run(data, method, tmp_path, plan=ONLY, canary=0, resamples=10)
    assert {answer.first_token for answer in AnswerLog(tmp_path / "answers.jsonl").read()} == {None}


def test_the_method_of_the_page_runs(data: Dataset, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "evaluation.md").read_text("utf-8")
    codes = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    space: dict[str, object] = {}
    exec(codes[1], space)
    made = space["NotesMethod"]
    assert isinstance(made, type)
    method: Method = made()
    result = run(data, method, tmp_path, canary=6, resamples=20)
    by_arm = {arm.arm: {score.group: score.value.value for score in arm.scores} for arm in result.arms}
    assert by_arm["method"]["vqa open"] == 1
    assert by_arm["none"]["vqa open"] == 0
    assert result.arms[0].cost.bytes_per_concept == pytest.approx((16 + 17 + 17) / 3)
    constant = ConstantMethod.best(data)
    assert isinstance(constant.open([Introduction("Bo", "", "", ())]).stored(), dict)


def test_a_shelf_keeps_pictures_within_bytes_and_hands_out_copies(data: Dataset) -> None:
    first, second = (data.items[place].images[0] for place in (0, -1))
    size = 3 * 48 * 48
    shelf = Shelf(data.root, limit=size)
    image = shelf.image(first)
    image.putpixel((0, 0), (1, 2, 3))
    assert pixel_digest(shelf.image(first)) == first.digest
    path = data.root / first.path
    hidden = path.rename(path.with_suffix(".hidden"))
    try:
        assert pixel_digest(shelf.image(first)) == first.digest  # it is on the shelf
        assert pixel_digest(shelf.image(second)) == second.digest  # and takes its place
        with pytest.raises(ImageError, match="was not found"):
            shelf.image(first)
        with pytest.raises(ImageError, match="was not found"):
            Shelf(data.root, limit=size - 1).image(first)
    finally:
        hidden.rename(path)

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from jarvis_memory import VLM, PersonalMemory
from jarvis_plugins.demo import DemoQuestion, DemoResult, run_demo
from jarvis_plugins.demo.place import read_household
from jarvis_pocket.household import NOTES_FILE, Household
from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.reference import ColourEncoder
from tests.kv.tiny import make_tiny
from tests.plugins.homes import jarvis, refused

# Thresholds of no encoder in particular: to colours alone two of the household are one.
pytestmark = pytest.mark.filterwarnings("ignore::jarvis_retrievers.errors.PhotoWarning")

Ran = tuple[DemoResult, Path, list[tuple[str, int, int]]]

KEYS = ["questions", "accuracy", "accuracy_without_memory", "ttft_ratio_median", "home_bytes"]
QUESTION_KEYS = [
    *("kind", "question", "concepts", "answer", "expected", "right", "tokens_reused", "ttft_seconds"),
    *("ttft_ratio", "answer_without_memory", "right_without_memory"),
]


def small() -> Household:
    """Two concepts, and three questions about them: a fact, one with a picture, and a comparison."""
    whole = read_household()
    concepts = tuple(
        c.model_copy(update={"photos": c.photos[:1]}) for c in whole.concepts if c.name in ("Domu", "Tomiko")
    )
    wanted = (("fact", "Domu"), ("who", "Tomiko"), ("compare", "Domu", "Tomiko"))
    questions = tuple(q for q in whole.questions if (q.kind, *q.about) in wanted)
    assert len(questions) == 3
    return Household(concepts=concepts, questions=questions)


def save(household: Household, folder: Path) -> Path:
    (folder / NOTES_FILE).write_text(json.dumps(household.model_dump(mode="json")))
    return folder


def question(**changes: object) -> DemoQuestion:
    values = {
        "kind": "fact",
        "question": "Who?",
        "concepts": ("Bo",),
        "answer": "Bo.",
        "expected": "Bo.",
        "right": True,
        "tokens_reused": 10,
        "ttft_seconds": 0.1,
        "ttft_ratio": 0.5,
        "answer_without_memory": "",
        "right_without_memory": False,
    }
    return DemoQuestion(**(values | changes))  # type: ignore[arg-type]


def test_a_result_sums_up() -> None:
    questions = (
        question(),
        question(ttft_ratio=0.2),
        question(right=False, ttft_ratio=0.9, right_without_memory=True),
        question(ttft_ratio=0.6),
    )
    result = DemoResult(questions, 1234)
    assert (result.accuracy, result.accuracy_without_memory) == (0.75, 0.25)
    assert result.ttft_ratio_median == pytest.approx(0.55)
    assert not result.passed
    assert DemoResult((*questions, *[question()] * 3), 0).passed
    assert list(result.to_dict()) == KEYS
    assert result.to_dict()["home_bytes"] == 1234
    assert json.loads(json.dumps(result.to_dict()))["questions"][0]["concepts"] == ["Bo"]


@pytest.fixture(scope="module")
def vlm() -> VLM:
    return make_tiny("qwen2_5_vl").vlm


@pytest.fixture(scope="module")
def ran(vlm: VLM, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    home, steps = tmp_path_factory.mktemp("demo") / "home", []

    def step(words: str, done: int, total: int) -> None:
        steps.append((words, done, total))

    return run_demo(small(), home, model=vlm, clip=ColourEncoder(), step=step), home, steps


def test_the_demo_asks_with_memory_and_without(ran: Ran, vlm: VLM) -> None:
    result, home, _ = ran
    household = small()
    assert [one.question for one in result.questions] == [q.question for q in household.questions]
    with PersonalMemory.open(home, model=vlm, clip=ColourEncoder()) as memory:
        assert [c.name for c in memory.list()] == ["Domu", "Tomiko"]
        for one, asked in zip(result.questions, household.questions, strict=True):
            images = [asked.image] if asked.image else []
            answer = memory.ask(asked.question, images, mode="compose")
            assert (one.answer, one.concepts) == (answer.text, answer.concepts)
            assert one.tokens_reused == answer.usage.reused
            assert one.right == asked.right(answer.text)
            opened = [Image.open(image) for image in images]
            alone = vlm.generate(None, asked.question, opened, max_new_tokens=256).text
            assert one.answer_without_memory == alone
            assert one.right_without_memory == asked.right(alone)
            assert one.expected == asked.answer
            assert one.ttft_seconds > 0
            assert math.isfinite(one.ttft_ratio)
    fact, _, both = result.questions
    assert fact.concepts == ("Domu",)
    assert set(both.concepts) == {"Domu", "Tomiko"}
    assert both.tokens_reused > fact.tokens_reused > 0


def test_progress_and_size(ran: Ran) -> None:
    result, home, steps = ran
    assert [done for _, done, _ in steps] == [0, 1, 2, 3, 4, 5, 6]
    assert {total for _, _, total in steps} == {6}
    assert steps[1][0] == "remembering Domu"
    files = sum(file.stat().st_size for file in home.rglob("*") if file.is_file() and "blobs" in file.parts)
    assert files < result.home_bytes < files + 2_000_000


def test_a_home_that_is_in_use_is_refused(ran: Ran, vlm: VLM) -> None:
    with pytest.raises(SettingError, match="holds 2 concepts of 'me' already"):
        run_demo(small(), ran[1], model=vlm, clip=ColourEncoder())


def test_no_question_is_no_demo(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no question"):
        run_demo(Household(concepts=(), questions=()), tmp_path / "home")


def test_a_household_that_is_none(tmp_path: Path) -> None:
    refused(jarvis("demo", "--household", str(tmp_path)), "no household in")


def test_the_command_prints_json_and_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = ["demo", "--json", "--household", str(save(small(), tmp_path)), "--keep", str(home)]
    done = subprocess.run(
        [sys.executable, "-m", "jarvis_plugins.cli.app", *command], capture_output=True, text=True
    )
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert list(result) == KEYS
    assert all(list(one) == QUESTION_KEYS for one in result["questions"])
    assert result["accuracy"] == statistics.fmean(one["right"] for one in result["questions"])
    assert done.returncode == (0 if result["accuracy"] >= 0.85 else 1)
    assert result["home_bytes"] > 10_000
    assert [row["name"] for row in json.loads(jarvis("list", "--json", "--home", str(home)).stdout)] == [
        "Domu",
        "Tomiko",
    ]


def test_the_command_prints_a_table(tmp_path: Path) -> None:
    whole = small()
    save(Household(concepts=whole.concepts, questions=whole.questions[:1]), tmp_path)
    result = jarvis("demo", "--household", str(tmp_path))
    assert result.stderr == ""
    assert result.exit_code in (0, 1), result.exception
    assert max(map(len, result.stdout.split("Try it yourself")[0].splitlines())) <= 100
    for words in ("When is Domu's birthday?", "expected: Domu was born in January.", "Domu"):
        assert words in result.stdout
    assert ("WRONG" in result.stdout) == (result.exit_code == 1)
    assert "jarvis remember Domu --photo " in result.stdout

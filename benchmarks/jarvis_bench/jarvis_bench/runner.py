"""Runs: a method on a data set, beside its controls, resumed where it was interrupted."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from jarvis_retrievers.errors import DatasetError, JarvisError, SettingError

from .answers import Answer, AnswerLog, AnswerWriter, Look
from .audit import Sign, constant_signs, dropped_signs, leak_signs
from .canary import canary_questions, run_canary
from .comparison import Comparison, compare
from .controls import PARTIAL, Arm, Plan, known_to
from .dataset import Dataset
from .disguise import Asked, Disguise
from .files import read_object, write_whole
from .intervals import RESAMPLES
from .item import Item
from .jsonl import write_dataset
from .judging import Judge, Mark, mark_answer
from .leaks import cleaned
from .method import BenchMemory, ConstantMethod, Method
from .outcome import Outcome, outcomes_of
from .progress import Course
from .result import ArmResult, Cost, Result
from .sample import part_of
from .score import scores_of
from .table import to_json, to_markdown
from .verdicts import VERDICTS, RememberingJudge

__all__ = ["run"]

_VERSION: Final = 1


def run(
    dataset: Dataset,
    method: Method,
    out: str | os.PathLike[str],
    *,
    plan: Plan | None = None,
    seed: int = 0,
    judge: Judge | None = None,
    clean: bool = True,
    canary: int = 40,
    resamples: int = RESAMPLES,
    course: Course | None = None,
) -> Result:
    """Ask everything that has no answer yet, mark all answers, and write the table.

    The folder holds ``run.json`` (what is run), ``dataset.jsonl`` (the items as asked), ``answers.jsonl``
    (raw answers, each on the disk before the next is asked), ``marks.jsonl``, ``table.md`` and
    ``table.json``. A run that was interrupted goes on where it stopped when it is started again; nothing is
    asked twice, of a judge neither (``verdicts.jsonl``).

    Args:
        dataset: what is asked.
        method: who is asked.
        out: the folder.
        plan: which arms; by default the method and all controls.
        seed: of the order, the ids, the wrong memory and the bootstrap.
        judge: who decides on free answers where rules cannot.
        clean: whether leaked and repeated items are left out.
        canary: how many items the canary asks three times; 0 for none. What it has found in this folder
            before is told whatever is wanted now.
        resamples: draws of the bootstrap.
        course: is told how far it is; by default a bar on stderr.

    Raises:
        SettingError: the folder holds another run.
        DatasetError: the data changed, or is gone; the folder is in use, or damaged.
    """
    plan = plan or Plan()
    folder = Path(out).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    signs = leak_signs(dataset)
    data = cleaned(dataset) if clean else dataset
    if not data.items:
        raise DatasetError(f"{dataset.name} has no items left to ask; see why: {data.left_out}")
    part = part_of(data.items, plan.share)
    of_arm = {arm: part if arm in PARTIAL else data.items for arm in plan.arms}
    log = AnswerLog(folder / "answers.jsonl")
    with log.writing() as writer:
        _claim(folder, data, method, seed)
        done = {answer.key for answer in log.read()}
        disguise = Disguise(data, seed)
        with nullcontext(course) if course else Course() as told:
            for arm in plan.arms:
                asked = method if arm != "constant" else ConstantMethod.best(data)
                _ask(arm, asked, disguise, of_arm[arm], done, writer, told, folder)
            signs += _canary_signs(folder, method, data, canary, seed, told)
    if judge is not None:
        judge = RememberingJudge(judge, folder / VERDICTS)
    answers = [answer for answer in log.read() if answer.arm in plan.arms]
    arms = []
    lines: list[str] = []
    of_method: tuple[Outcome, ...] = ()
    for arm in sorted(plan.arms, key=lambda one: one != "method"):
        items = of_arm[arm]
        ids = {item.id for item in items}
        mine = [answer for answer in answers if answer.arm == arm and answer.item in ids]
        marks = _marks(data, mine, judge)
        lines += [json.dumps({"arm": arm} | asdict(mark), ensure_ascii=False) + "\n" for mark in marks]
        outcomes = outcomes_of(items, marks)
        signs += dropped_signs(items, marks)
        against: tuple[Comparison, ...] = ()
        if arm == "method":
            of_method = outcomes
            signs += constant_signs(outcomes)
        elif of_method:
            same = [outcome for outcome in of_method if outcome.item.id in ids]
            against = compare(same, outcomes, resamples=resamples, seed=seed)
        kept = _kept(folder).get(arm, {})
        cost = Cost.of_answers(mine, kept.get("stored"), kept.get("seconds"))
        arms.append(ArmResult(arm, scores_of(outcomes, resamples=resamples, seed=seed), cost, against))
    write_whole(folder / "marks.jsonl", lines)
    result = Result(
        dataset=data.name,
        digest=data.digest,
        licence=data.licence,
        method=method.name,
        settings=dict(method.settings),
        seed=seed,
        share=plan.share,
        judge=judge is not None,
        arms=tuple(arms),
        signs=signs,
        left_out=data.left_out,
    )
    write_whole(folder / "table.md", [to_markdown(result)])
    # Last: a folder that has it holds a finished run.
    write_whole(folder / "table.json", [to_json(result)])
    return result


def _claim(folder: Path, data: Dataset, method: Method, seed: int) -> None:
    """Write down what is run here, or check that it is the same; the folder is locked."""
    mine = {
        "version": _VERSION,
        "package": _package(),
        "dataset": data.digest,
        "method": method.name,
        "settings": dict(method.settings),
        "seed": seed,
    }
    path = folder / "run.json"
    if not path.exists():
        if (folder / "answers.jsonl").stat().st_size:
            raise SettingError(f"{folder} holds answers of an unknown run; use another folder")
        write_dataset(data, folder / "dataset.jsonl")
        write_whole(path, [json.dumps(mine, indent=2) + "\n"])
        return
    there = read_object(path)
    other = [key for key, value in mine.items() if there.get(key) != value]
    if other:
        raise SettingError(f"{folder} holds another run: its {', '.join(other)} differ; use another folder")


def _package() -> str:
    try:
        return version("jarvis-plugins")
    except PackageNotFoundError:  # a source tree that is not installed
        return "unknown"


def _ask(
    arm: Arm,
    method: Method,
    disguise: Disguise,
    items: Sequence[Item],
    done: set[tuple[str, str, int]],
    writer: AnswerWriter,
    course: Course,
    folder: Path,
) -> None:
    """Ask what has no answer yet in one arm."""
    ids = {item.id for item in items}
    order = [asked for asked in disguise.order() if asked.item.id in ids]
    todo = [asked for asked in order if (arm, asked.item.id, asked.rotation) not in done]
    step = course.part(f"{method.name} {arm}", len(order), len(order) - len(todo))
    if not todo:
        return
    told = known_to(arm, disguise.dataset, disguise.seed)
    began = time.perf_counter()
    memory = disguise.opened(method, told)
    seconds = time.perf_counter() - began
    try:
        _keep(folder, arm, dict(memory.stored()), seconds)
        seen: set[str] = set()  # by this memory: one that is opened anew has forgotten them
        for asked in todo:
            writer.write(_answer(arm, memory, disguise, asked, _look(asked, seen)))
            step()
    finally:
        memory.close()


def _look(asked: Asked, seen: set[str]) -> Look:
    """What has to be looked at; from now on it counts as seen."""
    shown = {image.digest for image in asked.item.images}
    shown |= {asked.item.video.digest} if asked.item.video else set()
    look: Look = "words" if not shown else "again" if shown <= seen else "first"
    seen |= shown
    return look


def _answer(arm: Arm, memory: BenchMemory, disguise: Disguise, asked: Asked, look: Look) -> Answer:
    query = disguise.query(asked, told=arm == "oracle")
    key: dict[str, Any] = {"arm": arm, "item": asked.item.id, "rotation": asked.rotation, "look": look}
    began = time.perf_counter()
    try:
        reply = memory.answer(query)
    except JarvisError as error:
        seconds = time.perf_counter() - began
        return Answer(**key, text="", seconds=seconds, failure=f"{type(error).__name__}: {error}")
    seconds = time.perf_counter() - began
    told = asdict(reply)
    # Lone surrogates are no text; they cannot be written.
    told["text"] = reply.text.encode("utf-8", "replace").decode("utf-8")
    if reply.first_token is None or not 0 <= reply.first_token <= seconds:
        told["first_token"] = None
    return Answer(**key, seconds=seconds, **told)


def _marks(data: Dataset, answers: list[Answer], judge: Judge | None) -> list[Mark]:
    names = {concept.id: concept.name for concept in data.concepts}
    items = {item.id: item for item in data.items}
    return [
        mark_answer(items[answer.item], answer.rotation, answer.text, names, judge)
        for answer in answers
        if answer.item in items
    ]


def _canary_signs(
    folder: Path, method: Method, data: Dataset, items: int, seed: int, course: Course
) -> tuple[Sign, ...]:
    """The canary's signs; what it found is kept, and asked again only if more items are wanted."""
    path = folder / "canary.json"
    if path.exists():
        found = read_object(path)
        try:
            if found["items"] >= min(items, len(data.items)):
                if items:
                    course.skip(canary_questions(data, items, seed))
                return tuple(Sign(**sign) for sign in found["signs"])
        except (KeyError, TypeError) as error:
            raise DatasetError(f"{path} is damaged ({error!r}); remove it and run again") from error
    if not items:
        return ()
    asked = min(items, len(data.items))
    canary = run_canary(method, data, items=asked, seed=seed, course=course)
    signs = [asdict(sign) for sign in canary.signs]
    told = {"items": asked} | asdict(canary) | {"signs": signs}
    write_whole(path, [json.dumps(told, indent=2) + "\n"])
    return canary.signs


def _keep(folder: Path, arm: Arm, stored: Mapping[str, int], seconds: float) -> None:
    kept = _kept(folder) | {arm: {"stored": dict(stored), "seconds": seconds}}
    write_whole(folder / "memory.json", [json.dumps(kept, ensure_ascii=False, indent=2) + "\n"])


def _kept(folder: Path) -> dict[str, Any]:
    path = folder / "memory.json"
    return read_object(path) if path.exists() else {}

"""Onboarding that is killed, in many processes, into a folder and into a cluster: each concept once."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from jarvis_memory.store import OwnerStore
from jarvis_plugins.onboarding import Job, Outcome, onboard_plain, onboard_ray, open_source
from jarvis_plugins.onboarding.ray_session import ray_session
from jarvis_retrievers.errors import SettingError, StoreError
from tests.onboarding.sources import assert_same, draw, kept, wanted
from tests.scale.killing import ROOT, killed

arrow: Any = pytest.importorskip("pyarrow")
# Not imported yet: Ray reads then and there how to keep others out.
if importlib.util.find_spec("ray") is None:
    pytest.skip("Ray is not installed: pip install 'jarvis-plugins[scale]'", allow_module_level=True)

# Ray trips over its own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray", "ignore::FutureWarning:ray")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("drawn") / "source", 10, owners=3)


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    with ray_session(cpus=2) as ray:
        yield ray


def table(source: Path, file: Path, *more: dict[str, Any]) -> Path:
    """The concepts of a folder as Parquet, the photos of every second one as paths, in row groups of 4."""
    import pyarrow.parquet as parquet

    names = ("owner", "name", "about", "aliases", "category")
    rows = []
    for number, folder in enumerate(sorted(source.glob("*/*"))):
        photos = sorted(folder.glob("*.png"))
        rows.append(
            {
                "owner": folder.parent.name,
                "name": folder.name,
                "about": (folder / "notes.txt").read_text().splitlines(),
                "bytes": None if number % 2 else [photo.read_bytes() for photo in photos],
                "paths": [str(photo.relative_to(source)) for photo in photos] if number % 2 else None,
            }
        )
    # Photos are bytes or paths, and a column has one type: two files.
    file.mkdir()
    for part, column in enumerate(("bytes", "paths")):
        mine = [row for row in rows if row[column]] + [row for row in more if column in row]
        columns = {name: [row.get(name) for row in mine] for name in names}
        columns["photos"] = [row[column] for row in mine]
        parquet.write_table(arrow.table(columns), file / f"{part}.parquet", row_group_size=4)
    return file


def onboarded(source: Path, home: str | Path, blobs: Path | None = None) -> list[str]:
    job = Job(str(home), None if blobs is None else str(blobs), together=4)
    return [one.status for one in onboard_plain(open_source(source), job)]


def test_killed_at_any_moment(source: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    told, cut = killed(source, str(home), None, 8, seed=1, most=0.5)
    assert cut
    onboarded(source, home)
    found = kept(home)
    assert found.keys() == wanted(source)
    assert found.items() >= told.items()
    for owner in {owner for owner, _ in found}:
        with OwnerStore.open(home, owner) as store:
            store.sweep(0)
            assert list(store.verify(deep=True)) == []
            assert all(store.segment_fingerprints(one.id) for one in store.list())
            assert store.items is not None
            assert len(store.items.under(("jarvis", "onboarded"))) == len(store.list())


def test_killed_on_a_cluster_and_finished_on_ray(
    source: Path, database: str, tmp_path: Path, ray: Any
) -> None:
    blobs = tmp_path / "blobs"
    told, cut = killed(source, database, blobs, 4, seed=2, most=0.8)
    assert cut
    job = Job(database, str(blobs), together=4)
    outcomes = [*onboard_ray(open_source(source), job)]
    assert [one.place for one in outcomes] == sorted(f"{owner}/{name}" for owner, name in wanted(source))
    assert {one.status for one in outcomes} <= {"remembered", "skipped"}
    found = kept(database, blobs)
    assert {(one.owner, one.name): one.concept for one in outcomes} == found
    assert found.items() >= told.items()
    assert onboarded(source, tmp_path / "plain") == ["remembered"] * 10
    assert_same(tmp_path / "plain", database, blobs)


def test_ray_is_as_plain(source: Path, tmp_path: Path, ray: Any) -> None:
    """From Parquet, with bad rows, and while processes are killed: the same by value, in the same order."""
    bad = (
        {"owner": "owner-0", "name": "B\x00o", "bytes": [b"x"]},
        {"owner": "../..", "name": "Bo", "bytes": [b"x"]},
        {"owner": "owner-0", "name": "Broken", "bytes": [b"no photo"]},
        {"owner": "owner-0", "name": None, "bytes": [b"x"]},
        {"owner": "owner-0", "name": "Up", "paths": ["../../etc/passwd"]},
        {"owner": "owner-0", "name": "Gone", "paths": ["owner-0/gone.png"]},
    )
    found = open_source(table(source, tmp_path / "table", *bad), source)
    assert found.count() == 16
    plain = [*onboard_plain(found, Job(str(tmp_path / "plain"), together=4))]
    assert [one.status for one in plain].count("refused") == len(bad)
    outcomes = list[Outcome]()
    for outcome in onboard_ray(found, Job(str(tmp_path / "ray"), together=4)):
        if not outcomes:
            _kill_one("Keeping")
        outcomes.append(outcome)
    said = [[(one.place, one.owner, one.name, one.reason) for one in some] for some in (plain, outcomes)]
    # A writer that was killed behind its commit finds what it wrote when it does it again.
    assert said[0] == [(*one[:3], one[3].replace("onboarded before", "")) for one in said[1]]
    assert kept(tmp_path / "ray").keys() == wanted(source)
    assert_same(tmp_path / "plain", tmp_path / "ray")


def _kill_one(name: str) -> None:
    """SIGKILL to the first process of this stage."""
    for process in psutil.process_iter(["cmdline"]):
        if any(name in word for word in process.info["cmdline"] or ()):
            process.kill()
            return
    raise AssertionError(f"no process of {name} runs")


def test_errors_of_the_home_come_through(source: Path, tmp_path: Path, ray: Any) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "catalogue.sqlite").write_bytes(b"no catalogue" * 100)
    with pytest.raises(StoreError, match="not a catalogue"):
        list(onboard_ray(open_source(source), Job(str(tmp_path / "home"))))


def test_damaged_tables(source: Path, tmp_path: Path) -> None:
    """A file that is none, one that is cut short, one without a column, and a link: a line each."""
    folder = table(source, tmp_path / "table")
    whole = (folder / "0.parquet").read_bytes()
    (folder / "2.parquet").write_bytes(whole[:-10])
    (folder / "3.parquet").write_bytes(b"PAR1 nothing PAR1")
    (folder / "4.parquet").symlink_to(folder / "0.parquet")
    import pyarrow.parquet as parquet

    parquet.write_table(arrow.table({"owner": ["ana"], "photos": [[b"x"]]}), folder / "5.parquet")
    flipped = bytearray(whole)
    chance = random.Random(3)
    for _ in range(40):
        flipped[chance.randrange(4, len(whole) // 2)] ^= 0xFF
    (folder / "6.parquet").write_bytes(flipped)
    found = open_source(folder, source)
    outcomes = [*onboard_plain(found, Job(str(tmp_path / "home"), segments=False))]
    assert [one.status for one in outcomes].count("remembered") == 10
    refusals = {one.place.partition(":")[0] for one in outcomes if one.status == "refused"}
    assert refusals >= {f"{number}.parquet" for number in range(2, 7)}
    assert kept(tmp_path / "home").keys() == wanted(source)
    with pytest.raises(SettingError, match="--photos"):
        open_source(folder, tmp_path / "nowhere")


def test_interrupted(source: Path, tmp_path: Path) -> None:
    """Ctrl-C says how to go on, and leaves no process of Ray behind."""
    many = tmp_path / "many"
    for number in range(20):
        for owner in source.iterdir():
            shutil.copytree(owner, many / f"{owner.name}-{number}")
    report = tmp_path / "report"
    command = ["onboard", str(many), "--engine", "ray", "--no-segments", "--report", str(report)]
    with subprocess.Popen(
        [sys.executable, "-m", "jarvis_plugins.cli.app", "--home", str(tmp_path / "home"), *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Whoever runs the tests in the background has it ignored, and so would the command.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "home" / "catalogue.sqlite").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGINT)
        said, wrong = process.communicate(timeout=120)
    assert (process.returncode, said) == (130, ""), wrong
    assert wrong.splitlines()[-1].startswith("interrupted: ")
    assert "run the same command again" in wrong
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []

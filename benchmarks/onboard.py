"""Onboarding of many owners, plain and on Ray, beside a loop of `remember`; and killed on the way.

    python -m benchmarks.onboard --concepts 2000

Draws concepts with notes and photos into a folder ``OWNER/CONCEPT``, and brings them into fresh homes:

* ``loop``: `PersonalMemory.remember`, owner by owner, what a user would write. It cannot be resumed.
* ``plain``: `jarvis_plugins.onboarding.onboard_plain`. Models are loaded before, as for the loop.
* ``ray``: `onboard_ray` with ``--cpus``, its start and that of its processes included; "first" is when the
  first concept was there.
* ``again``: plain, when all is there already.

Then ``jarvis onboard`` in a process of its own is killed (SIGKILL to its group) at random moments and started
again, until it comes to its end. Counted are concepts that are missing, that are there twice, that have more
or fewer photos, and that were reported, but then were not there or had another id. One concept, stage by
stage, is in `benchmarks.remembering`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.places import open_place
from jarvis_memory.store.transfer import owners_of
from jarvis_plugins.onboarding import Job, Outcome, Worker, onboard_plain, onboard_ray, open_source
from jarvis_pocket import notes, scene, world
from jarvis_retrievers.openclip import OpenCLIPEncoder

ENGINES = ("loop", "plain", "ray")
BARS = (
    *("missing", "duplicates", "with more or fewer photos", "reported, but not there"),
    *("acknowledged, then lost", "findings of verify"),
)


def draw(root: Path, concepts: int, owners: int, photos: int, seed: int) -> None:
    """Fill a folder."""
    rng = random.Random(f"onboard/{seed}")
    for owner in range(owners):
        # No two of one owner have the same name.
        for concept in world.draw_gallery(rng, len(range(owner, concepts, owners)), "heldout"):
            folder = root / f"owner-{owner:04d}" / concept.name
            folder.mkdir(parents=True)
            for photo in range(photos):
                scene.draw_photo(rng, concept.look).image.save(folder / f"{photo}.jpg", quality=95)
            (folder / "notes.txt").write_text("\n".join(notes.draw_notes(rng, concept)))


def loop(root: Path, home: Path, vlm: VLM, encoder: OpenCLIPEncoder) -> Iterable[None]:
    """What a user would write."""
    for owner in sorted(root.iterdir()):
        with PersonalMemory.open(home, owner=owner.name, model=vlm, clip=encoder) as memory:
            for folder in sorted(owner.iterdir()):
                told = (folder / "notes.txt").read_text().splitlines()
                memory.remember(folder.name, sorted(folder.glob("*.jpg")), told)
                yield None


def timed(work: Iterable[Any]) -> dict[str, float]:
    """How many came, in how many seconds, and when the first one did."""
    began, first, count, ends = time.perf_counter(), 0.0, 0, Counter[str]()
    for one in work:
        first = first or time.perf_counter() - began
        count += 1
        if isinstance(one, Outcome):
            ends[one.status] += 1
    seconds = time.perf_counter() - began
    found = {"concepts": count, "seconds": seconds, "first": first, "rate": count / seconds}
    # Of many: without the start of processes.
    found["rate after the first"] = (count - 1) / max(seconds - first, 1e-9)
    return {**found, **{f"outcomes {status}": number for status, number in ends.items()}}


def killed(root: Path, home: Path, engine: str, kills: int, apart: float, seed: int) -> dict[str, int]:
    """Onboard and kill it on the way; what is there in the end, against what was wanted and acknowledged."""
    rng, done, told, wrong = random.Random(f"kills/{seed}"), 0, dict[tuple[str, str], str](), 0
    while True:
        report = home.with_name(f"report-{done}")
        command = ["--home", str(home), "onboard", str(root), "--engine", engine, "--report", str(report)]
        with subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "jarvis_plugins.cli.app", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            while process.poll() is None and not (report.exists() and report.stat().st_size):
                time.sleep(0.01)
            if done < kills:
                time.sleep(rng.uniform(0, 2 * apart))
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        lines = report.read_text().split("\n")[:-1] if report.exists() else []
        for one in map(json.loads, lines):
            wrong += told.setdefault((one["owner"], one["name"]), one.get("concept", "")) != one.get(
                "concept", ""
            )
        print(f"killed {done}: {code}, {len(told)} reported", file=sys.stderr, flush=True)
        if code != -signal.SIGKILL:
            return {
                "kills": done,
                "acknowledged, then lost": wrong,
                "exit code": code,
                **_counted(root, home, told),
            }
        done += 1


def _counted(root: Path, home: Path, told: dict[tuple[str, str], str]) -> dict[str, int]:
    wanted = {(folder.parent.name, folder.name) for folder in root.glob("*/*")}
    catalogue, _ = open_place(home)
    there = [concept for owner in owners_of(catalogue) for concept in catalogue.concepts(owner)]
    catalogue.close()
    names = Counter((concept.owner, concept.name) for concept in there)
    ids = {(concept.owner, concept.name): concept.id for concept in there}
    photos = {key: len([*(root / key[0] / key[1]).glob("*.jpg")]) for key in names}
    without, findings, swept = 0, 0, 0
    for owner in {owner for owner, _ in names}:
        with OwnerStore.open(home, owner) as store:
            without += sum(not store.segment_fingerprints(one.id) for one in store.list())
            findings += len(list(store.verify()))
            swept += store.sweep(0)
    return {
        "concepts": len(there),
        "missing": len(wanted - names.keys()),
        "duplicates": len(there) - len(names),
        "with more or fewer photos": sum(len(c.photos) != photos[c.owner, c.name] for c in there),
        "reported, but not there": sum(ids.get(key) != value for key, value in told.items()),
        "without a segment": without,
        "findings of verify": findings,
        "files of writes that were cut short, swept": swept,
    }


def main() -> None:
    """Draw, onboard, kill, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--concepts", type=int, default=2000)
    parser.add_argument("--owners", type=int, default=100)
    parser.add_argument("--photos", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cpus", type=int, default=os.cpu_count(), help="of Ray")
    parser.add_argument("--engines", nargs="*", default=ENGINES, choices=ENGINES)
    parser.add_argument("--kills", type=int, default=10, help="0 leaves that part out")
    parser.add_argument("--kill-engine", default="plain", choices=("plain", "ray"))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found: dict[str, Any] = {"load": os.getloadavg()[0], "cpus": given.cpus}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = folder / "source"
        draw(root, given.concepts, given.owners, given.photos, given.seed)
        vlm, encoder = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
        source = open_source(root)
        for engine in given.engines:
            home = folder / engine
            job = Job(str(home), device="cpu")
            if engine == "loop":
                found[engine] = timed(loop(root, home, vlm, encoder))
            elif engine == "ray":
                found[engine] = timed(onboard_ray(source, job, cpus=given.cpus))
            else:
                worker = Worker(job, vlm, encoder)
                found[engine] = timed(onboard_plain(source, job, worker))
                found["again"] = timed(onboard_plain(source, job, worker))
                worker.close()
            # Long runs: what was measured is told at once.
            print(f"{engine}: {found[engine]}", file=sys.stderr, flush=True)
        if "loop" in found:
            for what in ("rate", "rate after the first"):
                of_loop = found["loop"][what]
                found[f"{what}, to the loop"] = {e: found[e][what] / of_loop for e in given.engines}
        if given.kills:
            apart = 0.13 * given.concepts / (given.kills + 1)
            found["killed"] = killed(
                root, folder / "killed", given.kill_engine, given.kills, apart, given.seed
            )
    if given.kills:
        found["bars"] = {f"{name}: 0": found["killed"][name] == 0 for name in BARS}
    if given.json:
        print(json.dumps(found, indent=1))
        return
    for what, values in found.items():
        print(f"{what}: {values}" if not isinstance(values, dict) else f"{what}:")
        for key, value in values.items() if isinstance(values, dict) else ():
            print(f"  {key:44s} {value:.2f}" if isinstance(value, float) else f"  {key:44s} {value}")


if __name__ == "__main__":
    main()

"""Whether the time of a call tells that another owner has stored the same photo.

    python -m benchmarks.owner_timing --n 200 --json

One owner has stored ``n`` photos. Another one asks about each of them, and about as many that nobody has
stored, then remembers it and forgets it again, in random order. Test: Mann and Whitney's of each call's times
(`benchmarks.rank_sum`), two-sided.

* ``p``: of photos that the other owner has stored against fresh ones; ``ratio`` of their medians. A wall
  without a gap gives a p that is any number between 0 and 1.
* ``cpu``: the same of the time of the processor, which other programs and the disk disturb less: a smaller
  difference is found.
* control ``own``: the same owner asks about a picture a second time, where a cache helps: it must be found.
* control ``halves``: fresh ones against fresh ones, split at random.
* control ``planted``: the same halves, one of them made 5 % slower; ``power`` is the share of 500 random
  splits in which that is found (p < 0.01), ``false`` the share in which nothing was planted.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.rank_sum import rank_sum
from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket.exam import draw_exam
from jarvis_retrievers.errors import JarvisWarning
from jarvis_retrievers.openclip import OpenCLIPEncoder

__all__ = ["main", "run"]

_LEVEL, _PLANTED, _SPLITS = 0.01, 1.05, 500
_NAME, _NOTES = "Probe", "Probe likes noodles. Probe sleeps under the stairs."
_QUESTION = "Who is this?"

Taken = tuple[float, float]
"""Seconds by the clock, and of the processor."""


def photos(count: int, seed: int) -> list[Image.Image]:
    """So many photos of drawn concepts, each another one."""
    found: list[Image.Image] = []
    turn = 0
    while len(found) < count:
        exam = draw_exam(random.Random(f"timing/{seed}/{turn}"), (), "heldout", concepts=4, photos=1)
        found += [photo for of_one in exam.photos for photo in of_one]
        turn += 1
    return found[:count]


def run(n: int, seed: int) -> dict[str, Any]:
    """Time ``n`` calls of each kind."""
    order = random.Random(seed)
    drawn = photos(2 * n + 5, seed)
    warm, stored, fresh = drawn[:5], drawn[5 : n + 5], drawn[n + 5 :]
    vlm, clip = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
    with tempfile.TemporaryDirectory() as home, warnings.catch_warnings():
        warnings.simplefilter("ignore", JarvisWarning)  # of notes that fit no photo
        with PersonalMemory.open(home, owner="other", model=vlm, clip=clip) as other:
            for number, photo in enumerate(stored):
                other.remember(f"Stored {number}", [photo], _NOTES)
        with PersonalMemory.open(home, owner="prober", model=vlm, clip=clip) as prober:
            prober.remember("Known", [warm[0]], _NOTES)
            for photo in warm[1:]:
                _probe(prober, photo)
            calls = [("stored", one) for one in stored] + [("fresh", one) for one in fresh]
            order.shuffle(calls)
            times: dict[str, dict[str, list[Taken]]] = {
                call: {"stored": [], "fresh": [], "again": []} for call in ("ask", "remember")
            }
            gc.disable()  # its pauses would be noise in both kinds
            try:
                for kind, photo in calls:
                    asked, again, remembered = _probe(prober, photo)
                    times["ask"][kind].append(asked)
                    times["ask"]["again"].append(again)
                    times["remember"][kind].append(remembered)
                    gc.collect()
            finally:
                gc.enable()
    found: dict[str, Any] = {"n": n, "seed": seed}
    for call, by_kind in times.items():
        wall, cpu = ({kind: [one[clock] for one in of] for kind, of in by_kind.items()} for clock in (0, 1))
        found[call] = _told(wall, order) | {"cpu": _told(cpu, order)}
    return found


def _probe(memory: PersonalMemory, photo: Image.Image) -> tuple[Taken, Taken, Taken]:
    """Times of a first question about a photo, of a second one, and of remembering it."""
    asked = _timed(lambda: memory.ask(_QUESTION, images=[photo], max_new_tokens=1))
    again = _timed(lambda: memory.ask(_QUESTION, images=[photo], max_new_tokens=1))
    remembered = _timed(lambda: memory.remember(_NAME, [photo], _NOTES))
    memory.forget(_NAME)
    return asked, again, remembered


def _timed(call: Callable[[], object]) -> Taken:
    began, busy = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - began, time.process_time() - busy


def _told(taken: dict[str, list[float]], order: random.Random) -> dict[str, Any]:
    stored, fresh = taken["stored"], taken["fresh"]
    found: dict[str, Any] = {
        "stored": statistics.median(stored),
        "fresh": statistics.median(fresh),
        "ratio": statistics.median(stored) / statistics.median(fresh),
        "p": rank_sum(stored, fresh).p,
    }
    if taken["again"]:
        found["own"] = {
            "ratio": statistics.median(taken["again"]) / statistics.median(stored + fresh),
            "p": rank_sum(taken["again"], stored + fresh).p,
        }
    return found | power([*stored, *fresh], order)


def power(times: Sequence[float], order: random.Random) -> dict[str, Any]:
    """What the test says of halves of the same times, with nothing planted and with 5 %."""
    none, planted = [], []
    for _ in range(_SPLITS):
        mixed = order.sample(times, len(times))
        first, second = mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]
        none.append(rank_sum(first, second).p)
        planted.append(rank_sum(first, [_PLANTED * one for one in second]).p)
    return {
        "halves": none[0],
        "planted": planted[0],
        "false": sum(p < _LEVEL for p in none) / _SPLITS,
        "power": sum(p < _LEVEL for p in planted) / _SPLITS,
    }


def main(
    n: Annotated[int, typer.Option("--n", help="Photos of each kind; the bar asks for 200.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Of photos and order.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print it."""
    found = run(n, seed)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table("call", "stored by another", "fresh", "ratio", "p", "own again: p", "5 % planted: power")
    for call in ("ask", "remember"):
        for clock, one in (("clock", found[call]), ("processor", found[call]["cpu"])):
            own = f"{one['own']['p']:.2g} ({one['own']['ratio']:.2f})" if "own" in one else ""
            table.add_row(
                f"{call}, {clock}",
                f"{1000 * one['stored']:.1f} ms",
                f"{1000 * one['fresh']:.1f} ms",
                f"{one['ratio']:.3f}",
                f"{one['p']:.3f}",
                own,
                f"{one['power']:.2f} (false: {one['false']:.3f})",
            )
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)

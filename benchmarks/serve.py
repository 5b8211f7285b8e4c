"""A fleet on Ray Serve: is an owner kept on one replica, what does that save, and what does a kill cost?

    python -m benchmarks.serve --owners 200 --requests 10

Two replicas with Pocket on this machine answer first questions of owners who all call something by the same
name, in random order, so many at once. Each answer that says another owner's food would be a leak. Arms, each
with fresh processes and a copy of the same home: ``owner`` (consistent hashing) and ``random`` (Serve's own
router: the less busy of two replicas). Then, with ``owner``, one replica's process is killed (SIGKILL) while
requests are under way.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

from benchmarks.fleet_home import FleetHome, make_home
from jarvis_plugins.api.bounds import Bounds
from jarvis_plugins.api.service import ApiService
from jarvis_plugins.fleet import FleetConfig, serve_fleet

RAY = {"num_cpus": 2, "object_store_memory": 200 * 2**20}
_PORT = 18180


async def ask_all(
    url: str, made: FleetHome, rounds: int, at_once: int, seed: int, at: tuple[int, Callable[[], None]] | None
) -> list[dict[str, Any]]:
    """All owners' requests in random order; ``at`` calls something when so many have been answered."""
    order = [owner for owner in made.keys for _ in range(rounds)]
    rng = random.Random(seed)
    rng.shuffle(order)
    free, done, rows = asyncio.Semaphore(at_once), 0, list[dict[str, Any]]()
    struck: float | None = None

    limits = httpx.Limits(max_connections=at_once)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:

        async def ask(owner: str) -> None:
            nonlocal done, struck
            question = rng.choice(made.questions)
            body = {
                "model": "pocket",
                "messages": [{"role": "user", "content": question}],
                "max_tokens": 24,
            }
            async with free:
                began = time.perf_counter()
                try:
                    head = {"Authorization": f"Bearer {made.keys[owner]}"}
                    response = await client.post("/v1/chat/completions", json=body, headers=head)
                    row = {"status": response.status_code, "said": response.json()}
                except httpx.HTTPError as error:
                    row = {"status": 0, "said": {"error": type(error).__name__}}
                ended = time.perf_counter()
            row |= {"owner": owner, "question": question, "began": began, "ended": ended}
            rows.append(row)
            done += 1
            if at is not None and done == at[0]:
                at[1]()
                struck = time.perf_counter()

        await asyncio.gather(*(ask(owner) for owner in order))
    for row in rows:
        row["flight"] = struck is not None and row["began"] < struck < row["ended"]
    return rows


def facts() -> list[dict[str, Any]]:
    """What each replica says of itself."""
    from ray import serve

    from jarvis_plugins.fleet.application import REPLICA

    handle = serve.get_deployment_handle(REPLICA, "jarvis")
    found = [handle.options(session_id=str(n)).facts.remote().result(timeout_s=60) for n in range(32)]
    return list({one["pid"]: one for one in found}.values())


def judged(rows: list[dict[str, Any]], made: FleetHome, seconds: float) -> dict[str, Any]:
    """Numbers of a run."""
    good = [row for row in rows if row["status"] == 200]
    where: dict[str, Counter[str]] = defaultdict(Counter)
    prompt = reused = leaks = right = asked = 0
    for row in good:
        said = row["said"]
        where[row["owner"]][said["jarvis"]["replica"]] += 1
        prompt += said["usage"]["prompt_tokens"]
        reused += said["usage"]["prompt_tokens_details"]["cached_tokens"]
        text, food = said["choices"][0]["message"]["content"], made.foods[row["owner"]]
        leaks += any(other in text for other in set(made.foods.values()) - {food})
        if row["question"] == made.questions[0]:
            asked, right = asked + 1, right + (food in text)
    took = sorted(row["ended"] - row["began"] for row in good)
    return {
        "requests": len(rows),
        "answered": len(good),
        "pinned": sum(max(one.values()) for one in where.values()) / max(1, len(good)),
        "owners_on_one_replica": sum(len(one) == 1 for one in where.values()),
        "replicas": len({key for one in where.values() for key in one}),
        "per_second": len(good) / seconds,
        "p50_seconds": took[len(took) // 2],
        "p95_seconds": took[int(0.95 * (len(took) - 1))],
        "reused_share": reused / max(1, prompt),
        "right": right / max(1, asked),
        "leaks": leaks,
        "lost_in_flight": sum(row["status"] != 200 and row["flight"] for row in rows),
        "lost_else": sum(row["status"] != 200 and not row["flight"] for row in rows),
        "in_flight": sum(row["flight"] for row in rows),
    }


def arm(made: FleetHome, routing: str, options: argparse.Namespace, kill: bool = False) -> dict[str, Any]:
    """One fleet, from beginning to end."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(made.home, home)
        # The router is compared, not the bounds of one client.
        bounds = Bounds(waiting=4 * options.at_once, waiting_owner=options.at_once, asked_a_minute=10**6)
        service = ApiService(
            str(made.tokens), home=str(home), port=options.port, bounds=bounds, owners=options.open
        )
        fleet = FleetConfig(service, routing=routing, cpus=0.5, ongoing=4 * options.at_once)
        fleet = replace(fleet, replicas=options.replicas)
        with serve_fleet(fleet, ray_options=RAY) as url:
            at = None
            if kill:
                victim = facts()[0]["pid"]
                at = (options.owners * options.requests // 3, lambda: os.kill(victim, signal.SIGKILL))
            began = time.perf_counter()
            rows = asyncio.run(ask_all(url, made, options.requests, options.at_once, options.seed, at))
            result = judged(rows, made, time.perf_counter() - began)
            loads: Counter[str] = Counter()
            for one in facts():
                loads.update(one["loads"])
        total = sum(loads.values())
        result["loads"] = dict(loads)
        result["hand_share"] = loads["hand"] / max(1, total)
        return result


def run(options: argparse.Namespace) -> dict[str, Any]:
    """All arms."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        made = make_home(Path(folder), options.owners)
        result: dict[str, Any] = {"home_seconds": time.perf_counter() - began, **vars(options)}
        result["arms"] = {
            "owner": arm(made, "owner", options),
            "random": arm(made, "random", options),
            "owner, killed": arm(made, "owner", options, kill=True),
        }
        return result


_LINES = (
    ("requests", "requests", "{:d}"),
    ("answered", "answered", "{:d}"),
    ("share of an owner's requests on one replica", "pinned", "{:.1%}"),
    ("owners whose requests were all on one", "owners_on_one_replica", "{:d}"),
    ("answers per second", "per_second", "{:.1f}"),
    ("p50 of an answer, s", "p50_seconds", "{:.3f}"),
    ("p95 of an answer, s", "p95_seconds", "{:.3f}"),
    ("segments that were at hand", "hand_share", "{:.1%}"),
    ("prompt tokens from stored caches", "reused_share", "{:.1%}"),
    ("right answers of the first question", "right", "{:.1%}"),
    ("answers with another owner's fact", "leaks", "{:d}"),
    ("requests in flight at the kill", "in_flight", "{:d}"),
    ("of these lost", "lost_in_flight", "{:d}"),
    ("other answers lost", "lost_else", "{:d}"),
)


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--owners", type=int, default=200)
    parser.add_argument("--requests", type=int, default=10, help="of each owner")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--open", type=int, default=128, help="memories that a replica holds open")
    parser.add_argument("--port", type=int, default=_PORT)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options)
    if options.json:
        print(json.dumps(result, indent=1))
        return
    who = f"{options.replicas} replicas, {options.owners} owners"
    table = Table(title=f"{who}, {options.at_once} requests at once")
    table.add_column("")
    for name in result["arms"]:
        table.add_column(name, justify="right")
    for label, key, shape in _LINES:
        table.add_row(label, *(shape.format(one[key]) for one in result["arms"].values()))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()

"""A fleet in a process of its own: it does what lines on stdin say, and answers each with a line of JSON.

python -m tests.scale.fleet FOLDER PORT OWNERS
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.fleet_home import make_home
from benchmarks.serve import RAY, facts
from jarvis_plugins.api.bounds import Bounds
from jarvis_plugins.api.service import ApiService
from jarvis_plugins.fleet import FleetConfig, build_app, serve_fleet


def main(folder: Path, port: int, owners: int) -> None:
    made = make_home(folder, owners)
    bounds = Bounds(asked_a_minute=10**6)
    service = ApiService(str(made.tokens), home=str(made.home), port=port, bounds=bounds, owners=owners)
    # Only its number is looked at: what differs makes Serve replace every replica.
    fleet = FleetConfig(service, cpus=0.2)
    with serve_fleet(fleet, ray_options=RAY) as url:
        say({"url": url, "keys": made.keys, "foods": made.foods, "name": made.name})
        for line in sys.stdin:
            told: object = None
            if line.strip() == "facts":
                told = facts()
            elif line.strip() == "address":
                import ray

                told = ray.get_runtime_context().gcs_address
            elif line.strip() == "renew":
                from ray import serve

                fleet = replace(fleet, queued=fleet.queued + 1)
                serve.run(build_app(fleet), name="jarvis", route_prefix="/")
            say(told)


def say(told: object) -> None:
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

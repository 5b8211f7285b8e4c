"""The machine that may do anything (R13), as it is, on a cluster."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from benchmarks.faults.neighbours import Neighbours
from benchmarks.postgres_server import Server
from tests.faults.test_owners import OWNERS, Home
from tests.scale.conftest import empty


def test_no_order_of_operations_shows_one_owner_what_another_has(server: Server, database: str) -> None:
    class Cluster(Home):
        def neighbours(self, folder: Path) -> Neighbours:
            empty(server)
            return Neighbours(database, 1, OWNERS, blobs=folder / "blobs")

    few = settings(
        max_examples=4, stateful_step_count=20, deadline=None, suppress_health_check=[*HealthCheck]
    )
    run_state_machine_as_test(Cluster, settings=few)

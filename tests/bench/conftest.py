"""What tests of methods share; each file draws its own `data`, or tells of somebody itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jarvis_bench import Dataset, Disguise, Introduction
from jarvis_bench.methods import Models
from jarvis_bench.methods.record import Record


@pytest.fixture(scope="module")
def models() -> Models:
    return Models(device="cpu")


@pytest.fixture(scope="module")
def disguise(data: Dataset) -> Disguise:
    return Disguise(data, 0)


@pytest.fixture(scope="module")
def told(disguise: Disguise) -> tuple[Introduction, ...]:
    return tuple(disguise.introductions(disguise.dataset.concepts))


@pytest.fixture(scope="module")
def record(models: Models, told: tuple[Introduction, ...]) -> Iterator[Record]:
    kept = Record(models, told)
    yield kept
    kept.close()

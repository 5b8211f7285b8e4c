"""Vector stores of other libraries as indexes, and a whole memory on them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.hosted import HOSTED, Opened
from jarvis_retrievers.index import VectorIndex
from tests.retrievers import test_index

Make = Callable[[int], VectorIndex]


class TestConformance(test_index.TestVectorIndexConformance):
    @pytest.fixture(params=list(HOSTED))
    def make(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
        hosted = HOSTED[request.param]
        if hosted.missing is not None:
            pytest.skip(f"{hosted.missing} is not installed")
        opened: list[Opened] = []
        number = itertools.count()

        def made(dim: int) -> VectorIndex:
            folder = tmp_path / str(next(number))
            folder.mkdir()
            opened.append(hosted.opened(folder, dim, 64))
            return opened[-1].index

        yield made
        for one in opened:
            one.close()

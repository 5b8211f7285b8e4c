from __future__ import annotations

from collections.abc import Iterator

import pytest

from jarvis_memory.store import Catalogue
from jarvis_memory.store.postgres import Cluster, PostgresCatalogue
from tests.store.conformance import CatalogueConformance


class TestPostgres(CatalogueConformance):
    @pytest.fixture
    def catalogue(self, database: str) -> Iterator[Catalogue]:
        catalogue = PostgresCatalogue(Cluster(database))
        yield catalogue
        catalogue.close()

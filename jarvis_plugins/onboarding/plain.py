"""The engine that needs nothing but this process: one concept after the other."""

from __future__ import annotations

from collections.abc import Iterator

from .arrival import Arrival
from .job import Job
from .lists import in_lots
from .outcome import Outcome
from .reading import arrivals
from .source import Source
from .worker import Worker

__all__ = ["onboard_plain"]


def onboard_plain(source: Source, job: Job, worker: Worker | None = None) -> Iterator[Outcome]:
    """Onboard all of a source; what became of each entry, in order, once it is durable.

    Args:
        source: what to onboard.
        job: into where, and how.
        worker: with loaded models; it is left open. Made and closed here by default.

    Raises:
        StoreError: the home cannot be used. SettingError: a home or a model that cannot be.
    """
    made = worker or Worker(job)
    try:
        found = (one for lot in source.lots() for one in arrivals(lot, made))
        for some in in_lots(found, job.together):
            new = [one for one in some if isinstance(one, Arrival)]
            seen = iter(made.embed(new))
            for one in some:
                if isinstance(one, Arrival):
                    vectors = next(seen)
                    one = vectors if isinstance(vectors, Outcome) else made.keep(one, vectors)
                yield made.encode(one)
    finally:
        if worker is None:
            made.close()

"""The engine of many processes: a pipeline of Ray Data, and one writer for each owner behind it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jarvis_memory.store.places import is_url
from jarvis_retrievers.errors import JarvisError

from .hands import Hands
from .job import Job
from .outcome import Outcome
from .parcel import Parcel
from .ray_session import ray_session
from .shares import Shares
from .source import Source
from .stages import Embedding, Keeping, Reading

__all__ = ["onboard_ray"]

_BLOCK_BYTES = 8 << 20


def onboard_ray(
    source: Source, job: Job, *, address: str | None = None, cpus: int | None = None
) -> Iterator[Outcome]:
    """Onboard all of a source, stage by stage in several processes::

        read, check ──► embed, many concepts at once ──► mine, write ──► encode segments
        Ray Data        Ray Data, a pool                  by owner        a pool

    All of an owner goes through one writer, in order; a home in a folder has one writer in all, as its
    catalogue has. A process that dies is started again, and what it was doing is done again: exactly once is
    the ledger's promise, not Ray's. What is in memory between the stages is bounded.

    Args:
        source: what to onboard; every machine of the cluster has to see it.
        job: into where, and how.
        address, cpus: see `ray_session`.

    Raises:
        StoreError: the home cannot be used. SettingError: a home, a model or a cluster that cannot be.
        ExtraError: the extra ``scale`` is missing.
    """
    with ray_session(address, cpus) as ray, _plain_errors(ray):
        shares = Shares.of(ray.cluster_resources(), one_writer=not is_url(job.home), segments=job.segments)
        again = {"max_restarts": -1, "max_task_retries": -1, "num_cpus": shares.cpus_each}
        keeping = ray.remote(Keeping)
        writers = [keeping.options(**again).remote(job) for _ in range(shares.writers)]
        again["num_gpus"] = shares.gpus_each
        encoders = [keeping.options(**again).remote(job) for _ in range(shares.encoders)]
        hands = Hands(ray, writers, encoders)
        for rows in _embedded(ray, source, job, shares):
            yield from hands.take(rows)
        yield from hands.rest()


def _embedded(ray: Any, source: Source, job: Job, shares: Shares) -> Iterator[list[Parcel]]:
    """Rows in order, a few at a time."""
    context = ray.data.DataContext.get_current()
    pool = ray.data.ActorPoolStrategy
    with (
        _set(
            context,
            enable_progress_bars=False,
            target_max_block_size=_BLOCK_BYTES,
            # No bad entry comes so far; what is raised is about the home.
            max_errored_blocks=0,
        ),
        _set(context.execution_options, preserve_order=True),
    ):
        lots = [{"lot": lot} for lot in source.lots()]
        if not lots:
            return
        table = ray.data.from_items(lots, override_num_blocks=min(len(lots), 256))
        table = table.flat_map(
            Reading,
            fn_constructor_args=(job,),
            compute=pool(min_size=1, max_size=shares.readers, initial_size=shares.readers),
            num_cpus=shares.cpus_each,
        )
        table = table.map_batches(
            Embedding,
            fn_constructor_args=(job,),
            batch_size=job.together,
            batch_format="pyarrow",
            compute=pool(min_size=1, max_size=shares.embedders, initial_size=shares.embedders),
            num_cpus=shares.cpus_each,
            num_gpus=shares.gpus_each or None,
        )
        # Enough for every writer, as the next ones wait until all have done theirs.
        size = job.together * shares.writers
        for batch in table.iter_batches(batch_size=size, batch_format="pyarrow"):
            yield batch.to_pylist()


@contextmanager
def _set(options: Any, **values: Any) -> Iterator[None]:
    """Options that others share are as they were afterwards."""
    before = {name: getattr(options, name) for name in values}
    for name, value in values.items():
        setattr(options, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(options, name, value)


@contextmanager
def _plain_errors(ray: Any) -> Iterator[None]:
    """An error of ours that was raised in another process is raised here, without Ray's traces around it."""
    logger = logging.getLogger("ray.data")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    except ray.exceptions.RayError as error:
        found: BaseException | None = error
        while found is not None and (not isinstance(found, JarvisError) or hasattr(found, "cause")):
            found = getattr(found, "cause", None) or found.__cause__
        if found is None:
            raise
        raise found from None
    finally:
        logger.setLevel(level)

"""``jarvis onboard``."""

from __future__ import annotations

from contextlib import ExitStack, closing
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from jarvis_retrievers.errors import SettingError

from .homes import key_of
from .options import BlobsOption, ClipOption, DeviceOption, HomeOption, ModelOption, Settings, settings_of
from .screen import complain, console

if TYPE_CHECKING:
    from collections.abc import Generator

    from jarvis_plugins.onboarding import Job, Outcome, Source

__all__ = ["onboard"]

_SOME_REFUSED, _INTERRUPTED = 1, 130


class Engine(StrEnum):
    """What does the work."""

    PLAIN = "plain"
    RAY = "ray"


class OnConflict(StrEnum):
    """What to do with a name that is taken."""

    FAIL = "fail"
    SKIP = "skip"
    UPDATE = "update"


def onboard(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder OWNER/CONCEPT/*.jpg, a .parquet file, or a folder of such.",
            show_default=False,
        ),
    ],
    photos: Annotated[
        str | None,
        typer.Option("--photos", metavar="FOLDER", help="Of Parquet, where paths of photos lead down from."),
    ] = None,
    engine: Annotated[
        Engine, typer.Option("--engine", help="plain: this process alone; ray: all cores.")
    ] = Engine.PLAIN,
    cluster: Annotated[
        str | None,
        typer.Option("--ray-address", metavar="ADDRESS", help="A Ray cluster; by default this machine."),
    ] = None,
    on_conflict: Annotated[
        OnConflict,
        typer.Option("--on-conflict", help="Where a name is taken by other content: refuse, skip or update."),
    ] = OnConflict.FAIL,
    segments: Annotated[bool, typer.Option(help="Encode segments now, or when somebody asks.")] = True,
    report: Annotated[
        str | None,
        typer.Option("--report", metavar="FILE", help="What became of each entry, as JSON lines."),
    ] = None,
    home: HomeOption = None,
    blobs: BlobsOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Remember concepts of many owners, each exactly once; stopped at any moment, it goes on where it was."""
    settings = settings_of(context, home=home, blobs=blobs, model=model, clip=clip, device=device)
    from jarvis_plugins.onboarding import Conflict, Job, open_source
    from jarvis_plugins.onboarding.progress import Tally, shown

    where = settings.home if settings.in_cluster else str(settings.folder)
    how = (Conflict(on_conflict.value), segments)
    job = Job(where, settings.blobs, settings.model, settings.clip, settings.device, *how)
    found = open_source(source, photos)
    tally = Tally()
    try:
        with ExitStack() as open_:
            file = None if report is None else open_.enter_context(open(report, "w", 1, encoding="ascii"))
            tally = open_.enter_context(shown(console(err=True), found.count()))
            for outcome in open_.enter_context(closing(_outcomes(found, job, engine, cluster, settings))):
                tally.add(outcome)
                if file is not None:
                    file.write(outcome.to_json() + "\n")
                elif outcome.status == "refused":
                    complain("refused", f"{outcome.place}: {outcome.reason}")
    except KeyboardInterrupt as error:
        complain("interrupted", f"{tally}; run the same command again, and it goes on where it was")
        raise typer.Exit(_INTERRUPTED) from error
    more = f"; {tally.doubted} with doubts, see --report" if tally.doubted else ""
    typer.echo(f"{tally}{more}.")
    if tally.counts["refused"]:
        raise typer.Exit(_SOME_REFUSED)


def _outcomes(
    source: Source, job: Job, engine: Engine, cluster: str | None, settings: Settings
) -> Generator[Outcome]:
    from jarvis_plugins.onboarding import Worker, onboard_plain, onboard_ray

    key = key_of(settings)
    if engine is Engine.RAY:
        if key is not None:
            raise SettingError(
                "a passphrase from the terminal cannot be given to other processes; set "
                "JARVIS_PASSPHRASE, or use --engine plain"
            )
        yield from onboard_ray(source, job, address=cluster)
        return
    if cluster is not None:
        raise SettingError("--ray-address goes with --engine ray")
    with closing(Worker(job, key=key)) as worker:
        yield from onboard_plain(source, job, worker)

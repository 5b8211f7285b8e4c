"""``jarvis bench build``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jarvis_plugins.cli.options import (
    ClipOption,
    DeviceOption,
    HomeOption,
    JsonOption,
    ModelOption,
    OwnerOption,
    settings_of,
)
from jarvis_plugins.cli.screen import console, print_json, table, text
from jarvis_retrievers.errors import DatasetError, SettingError

if TYPE_CHECKING:
    from .builder import Built, Progress
    from .given import Given

__all__ = ["build_command"]


def build_command(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="A folder of photos for each concept; else --home is taken."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="Where the data set goes; a build goes on there.")
    ] = Path("jarvis-built"),
    home: HomeOption = None,
    owner: OwnerOption = None,
    agreement: Annotated[
        float, typer.Option("--agreement", help="Share of all answers about a detail that must be the same.")
    ] = 1.0,
    options: Annotated[int, typer.Option("--options", help="Of questions with options.")] = 4,
    seed: Annotated[int, typer.Option("--seed", help="Of wordings and the order of options.")] = 0,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Make questions about details on your own photos, that need a memory and whose answers are sure."""
    from ..methods import Models
    from .builder import build
    from .given import read_folder, read_home
    from .settings import BuildSettings

    given = settings_of(context, home=home, owner=owner, model=model, clip=clip, device=device)
    settings = BuildSettings(seed=seed, agreement=agreement, options=options)
    if folder is not None:
        if home is not None or owner is not None:
            raise SettingError("photos are of a FOLDER, or of --home and --owner; give one of them")
        if out.expanduser().resolve().is_relative_to(folder.expanduser().resolve()):
            raise SettingError(f"{out} is inside of {folder}, whose folders are concepts; take another --out")
    concepts: tuple[Given, ...] = (
        read_home(given.folder, given.owner) if folder is None else read_folder(folder)
    )
    models = Models(given.model, given.clip, given.device)
    with _counting() as progress:
        built = build(concepts, out, models, settings, progress=progress)
    if json:
        print_json(_told(built))
    else:
        _print(built)
    if not built.dataset.items:
        raise DatasetError(
            f"no question was kept; {out / 'card.md'} says why: give more photos of each concept, more "
            "concepts of one kind, or a model that sees more"
        )
    if not json:
        typer.echo(f"jarvis bench run --world built --root {out} asks them.", err=True)


def _told(built: Built) -> dict[str, object]:
    proposals = built.provenance.proposals
    return {
        "concepts": len(built.dataset.concepts),
        "proposed": len(proposals),
        "kept": len(built.dataset.items),
        "dropped": built.provenance.dropped,
        "digest": built.dataset.digest,
        "root": str(built.dataset.root),
    }


def _print(built: Built) -> None:
    rows = table("Concept", "Question", "Answer", "Beside", ">Items")
    names = {one.id: one.name for one in built.dataset.concepts}
    kept: dict[tuple[str, str], int] = {}
    for one in built.provenance.proposals:
        if one.kept:
            kept[one.concept, one.part] = kept.get((one.concept, one.part), 0) + 1
    shown: set[tuple[str, str]] = set()
    for one in built.provenance.proposals:
        key = (one.concept, one.part)
        if key in kept and key not in shown:
            shown.add(key)
            beside = ", ".join(rival.answer for rival in one.rivals[:3])
            cells = (names[one.concept], one.question, one.answer, beside)
            rows.add_row(*map(text, cells), str(kept[key]))
    screen = console()
    screen.print(rows)
    screen.print(f"{len(built.dataset.items)} of {len(built.provenance.proposals)} proposed items are kept.")
    for why, count in built.provenance.dropped.items():
        screen.print(f"{count} dropped: {why}")


@contextmanager
def _counting() -> Iterator[Progress]:
    """What is done and how much of it, on stderr; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda doing, done, of: None
        return
    with console(err=True).status("loading") as status:
        yield lambda doing, done, of: status.update(f"{doing} {done} of {of}")

"""``jarvis remember``."""

from __future__ import annotations

from typing import Annotated

import typer

from .homes import open_memory
from .options import ClipOption, DeviceOption, HomeOption, ModelOption, OwnerOption, settings_of
from .screen import one_line, working

__all__ = ["remember"]


def remember(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="How it is called.", show_default=False)],
    photo: Annotated[
        list[str] | None,
        typer.Option("--photo", metavar="FILE", help="A JPEG, PNG or WEBP file; give one or more."),
    ] = None,
    video: Annotated[
        list[str] | None,
        typer.Option(
            "--video", metavar="FILE", help="A video, of which a few frames are kept; may be repeated."
        ),
    ] = None,
    about: Annotated[
        list[str] | None,
        typer.Option("--about", metavar="TEXT", help="What you know, in plain sentences; may be repeated."),
    ] = None,
    category: Annotated[
        str | None, typer.Option("--category", metavar="WORDS", help="What it is, such as 'shiba'.")
    ] = None,
    alias: Annotated[
        list[str] | None, typer.Option("--alias", metavar="NAME", help="Another name; may be repeated.")
    ] = None,
    describe: Annotated[
        bool,
        typer.Option(
            "--describe", help="Let the model look at the photos and write category, caption and attributes."
        ),
    ] = False,
    home: HomeOption = None,
    owner: OwnerOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Remember a pet, a person, a thing or a place from its photos, videos and notes."""
    settings = settings_of(context, home=home, owner=owner, model=model, clip=clip, device=device)
    with open_memory(settings, make=True, profiler="vlm" if describe else None) as memory:
        with working(f"remembering {one_line(name)}"):
            concept = memory.remember(
                name, photo or [], about or [], category=category, aliases=alias or [], videos=video or []
            )
        typer.echo(
            f"Remembered {one_line(concept.name)}: {_count(len(concept.photos), 'photo')}, "
            f"{_count(len(concept.patches), 'patch', 'patches')}, "
            f"{_count(len(concept.profile.facts), 'fact')}."
        )


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"

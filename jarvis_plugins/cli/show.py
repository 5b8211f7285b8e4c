"""``jarvis show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .homes import open_record
from .options import HomeOption, JsonOption, OwnerOption, settings_of
from .pictures import save_picture, target_of
from .screen import console, one_line, print_json, table, text

if TYPE_CHECKING:
    from jarvis_memory.concept import Concept

__all__ = ["print_concept", "show"]


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="FILE.png",
            help="Where the picture goes; by default NAME-patches.png, or NAME-tokens.png.",
        ),
    ] = None,
    json: JsonOption = False,
    home: HomeOption = None,
    owner: OwnerOption = None,
) -> None:
    """Show one concept; its patches, drawn on its photos, are saved as one PNG.

    Where segments are made from tokens of photos, these are drawn in place of the patches.

    With --json the picture is saved only where --out says.
    """
    from jarvis_retrievers.images import load_image

    from .kept import draw_kept
    from .sheet import draw_sheet

    target = None if out is None else target_of(out)
    with open_record(settings_of(context, home=home, owner=owner)) as record:
        concept = record.get(name)
        what = "tokens" if concept.selections else "patches"
        if target is None and not json:
            target = target_of(f"{_file_name(concept.name)}-{what}.png")
        if target is not None:
            photos = [load_image(record.photo(photo.id)) for photo in concept.photos]
            save_picture((draw_kept if concept.selections else draw_sheet)(concept, photos), target)
    if json:
        shown = concept.model_dump(mode="json")
        print_json(shown | {"picture": None if target is None else str(target)})
        return
    print_concept(concept)
    typer.echo(f"{what.capitalize()} drawn on the photos: {target}")


def print_concept(concept: Concept) -> None:
    """Print the profile of a concept, and its patches as a table."""
    screen, profile = console(), concept.profile
    names = " or ".join((concept.name, *concept.aliases))
    category = profile.category or concept.category
    screen.print(text(one_line(f"{names}: {category}" if category else names), "bold"))
    for line in (*([profile.caption] if profile.caption else []), *profile.attributes, *profile.facts):
        screen.print(text(f"  {one_line(line)}"))
    by_hand = [field for field, value in concept.edits if value is not None]
    if by_hand:
        screen.print(text(f"  (written by hand: {', '.join(by_hand)}; {len(concept.history)} earlier)"))
    rows = table(">Patch", ">Photo", "Box (pixels)", ">Score", ">Relevance", ">Distinctiveness")
    order = [photo.id for photo in concept.photos]
    for number, patch in enumerate(concept.patches, start=1):
        box = patch.box
        rows.add_row(
            str(number),
            str(order.index(patch.photo_id) + 1),
            f"{box.left},{box.top} to {box.right},{box.bottom}",
            *(f"{value:.2f}" for value in (patch.score, patch.relevance, patch.distinctiveness)),
        )
    screen.print(rows)
    for number, photo in enumerate(concept.photos, start=1):
        if photo.moment is not None:
            video = photo.moment.video[:12]
            screen.print(text(f"  photo {number}: of the video {video}, at {photo.moment.seconds:.1f} s"))
    for number, kept in enumerate(concept.selections, start=1):
        how = f"{kept.count} of {kept.tokens} tokens are kept ({kept.key})"
        screen.print(text(f"  photo {number}: {how}"))


def _file_name(name: str) -> str:
    kept = "".join(c if c.isalnum() else "-" for c in name).strip("-")
    return kept[:60] or "concept"

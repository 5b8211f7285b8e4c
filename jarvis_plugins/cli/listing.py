"""``jarvis list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from .homes import open_record
from .options import HomeOption, JsonOption, OwnerOption, settings_of
from .screen import console, one_line, print_json, table, text

if TYPE_CHECKING:
    from jarvis_memory.concept import Concept

__all__ = ["list_concepts"]


def list_concepts(
    context: typer.Context,
    json: JsonOption = False,
    home: HomeOption = None,
    owner: OwnerOption = None,
) -> None:
    """List all concepts, oldest first."""
    settings = settings_of(context, home=home, owner=owner)
    concepts: list[Concept] = []
    if settings.there:
        with open_record(settings) as record:
            concepts = record.list()
    if json:
        print_json([_row(concept) for concept in concepts])
    elif not concepts:
        typer.echo(
            f"Nothing is remembered in {settings.place} for the owner {one_line(settings.owner)!r}.\n"
            'Try: jarvis remember Liki --photo liki.jpg --about "Likes noodles. Sleeps on the sofa."'
        )
    else:
        rows = table("Name", "What it is", ">Photos", ">Patches", ">Facts", "Since")
        for concept in concepts:
            names = ", ".join((concept.name, *concept.aliases))
            counts = (len(concept.photos), len(concept.patches), len(concept.profile.facts))
            rows.add_row(
                text(one_line(names)),
                text(one_line(_category(concept) or "")),
                *map(str, counts),
                concept.created_at[:10],
            )
        console().print(rows)


def _row(concept: Concept) -> dict[str, Any]:
    row = concept.model_dump(
        mode="json", include={"name", "aliases", "category", "about", "created_at", "updated_at"}
    )
    counts = {"photos": len(concept.photos), "patches": len(concept.patches)}
    return row | {"category": _category(concept)} | counts


def _category(concept: Concept) -> str | None:
    """What it is, as written by hand if it was."""
    return concept.profile.category or concept.category

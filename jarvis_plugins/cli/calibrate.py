"""``jarvis calibrate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from .homes import open_memory
from .options import DeviceOption, HomeOption, JsonOption, ModelOption, OwnerOption, settings_of
from .screen import console, counting, print_json, table

if TYPE_CHECKING:
    from jarvis_memory.selecting import LayerScores

__all__ = ["calibrate"]


def calibrate(
    context: typer.Context,
    json: JsonOption = False,
    n: Annotated[int, typer.Option("--n", min=1, help="Photos to look at.")] = 40,
    home: HomeOption = None,
    owner: OwnerOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
) -> None:
    """Find the layers in which a model looks at what it speaks of; the home keeps them.

    The selector 'attention' chooses tokens by them. Drawn photos with exact masks are looked at; of each
    layer the strongest tokens are compared with the mask.
    """
    from jarvis_plugins.calibrating import pocket_photos

    settings = settings_of(context, home=home, owner=owner, model=model, device=device)
    with open_memory(settings, make=True) as memory, counting("looking", "photos") as seen:
        found = memory.calibrate(pocket_photos(n), seen)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    _print(found)


def _print(found: LayerScores) -> None:
    rows = table(">Layer", ">Overlap with the mask", "Used")
    for layer, overlap in enumerate(found.overlaps):
        rows.add_row(str(layer), f"{overlap:.3f}", "yes" if layer in found.layers else "")
    screen = console()
    screen.print(rows)
    screen.print(
        Text(
            f"Evenly spread tokens: {found.even:.3f}. Means of {found.photos} photos; 1 is a perfect layer. "
            "Tokens that were chosen before stay until: jarvis migrate --selector attention"
        )
    )

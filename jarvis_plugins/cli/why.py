"""``jarvis why``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jarvis_retrievers.errors import SettingError

from .homes import open_memory
from .options import ClipOption, DeviceOption, HomeOption, JsonOption, OwnerOption, settings_of
from .pictures import save_picture, target_of
from .screen import console, one_line, print_json, table, text, working

if TYPE_CHECKING:
    from jarvis_memory.finder import Explanation

__all__ = ["why"]

_SAID = {
    "seen": "seen",
    "below": "below its threshold",
    "beaten": "others are nearer",
    "explained": "a better window shows another",
    "cut": "more concepts than k",
}


def why(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)],
    image: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="FILE", help="A picture that it is about; may be repeated."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FILE.png", help="Where the regions are drawn; by default why.png."),
    ] = None,
    json: JsonOption = False,
    home: HomeOption = None,
    owner: OwnerOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Say why a question finds whom it finds, and draw what was seen where; the VLM is not asked.

    With --json the picture is saved only where --out says.
    """
    from jarvis_retrievers.images import load_image

    from .sights import draw_sights

    if out is not None and not image:
        raise SettingError("--out draws regions of pictures; give one with --image")
    target = None if out is None else target_of(out)
    settings = settings_of(context, home=home, owner=owner, clip=clip, device=device)
    with open_memory(settings) as memory, working("looking"):
        told = memory.why(question, image or [])
    if image and target is None and not json:
        target = target_of("why.png")
    if image and target is not None:
        save_picture(draw_sights([load_image(one) for one in image], told.sightings), target)
    if json:
        print_json(_plain(told) | {"picture": None if target is None else str(target)})
        return
    _print(told)
    if target is not None:
        typer.echo(f"Regions drawn on the pictures: {target}")


def _print(told: Explanation) -> None:
    screen = console()
    names = ", ".join(find.concept.name for find in told.found)
    screen.print(text(one_line(f"Found: {names}" if names else "Nobody is found."), "bold"))
    for name, match in told.mentions:
        how = "named" if match.score == 1.0 else f"named, misspelt ({match.score:.2f})"
        screen.print(text(f"  {one_line(name)}: {how}"))
    for find in told.found:
        if find.via is not None:
            who = f"the notes of {find.via} speak of it" if find.via else "the turns before speak of it"
            screen.print(text(one_line(f"  {find.concept.name}: {who}")))
        if find.words is not None:
            screen.print(text(f"  {one_line(find.concept.name)}: words of the notes, {find.words:.2f}"))
        if find.hit.text is not None:
            screen.print(text(f"  {one_line(find.concept.name)}: like the question, {find.hit.text:.2f}"))
    if not told.sightings:
        return
    rows = table("Concept", ">Likeness", ">Threshold", "Where", "What came of it")
    for name, sighting in told.sightings:
        image, box = sighting.region
        rows.add_row(
            text(one_line(name)),
            f"{sighting.score:.3f}",
            f"{sighting.threshold:.3f}",
            f"picture {image + 1}: {box.left},{box.top} to {box.right},{box.bottom}",
            _SAID[sighting.verdict],
        )
    screen.print(rows)
    screen.print(text(f"{told.regions} regions were compared."))


def _plain(told: Explanation) -> dict[str, object]:
    return {
        "found": [
            {
                "concept": find.concept.name,
                "score": find.hit.score,
                "name": find.hit.name,
                "words": find.words,
                "text": find.hit.text,
                "image": find.hit.image,
                "via": find.via,
            }
            for find in told.found
        ],
        "mentions": [
            {"concept": name, "name": m.name, "score": m.score, "start": m.start, "end": m.end}
            for name, m in told.mentions
        ],
        "sightings": [
            {
                "concept": name,
                "score": s.score,
                "threshold": s.threshold,
                "image": s.region[0],
                "box": list(s.region[1].as_tuple()),
                "verdict": s.verdict,
            }
            for name, s in told.sightings
        ],
        "regions": told.regions,
    }

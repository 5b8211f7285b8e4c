"""How often remembering warns of a photo, rightly and wrongly.

    python -m benchmarks.doubts --json

Pocket's encoder, held-out looks; 16 concepts are remembered with two photos each. Figures, each a share of
photos that are warned of:

* ``same``: another photo of one of the 16, offered as somebody new; ``named``: with the right name.
* ``stranger``, ``alike``: photos of looks that nobody has, and that differ in one attribute from one's.
* ``room``: empty rooms, which show nothing; ``shown``: drawn photos, which show something.
"""

from __future__ import annotations

import json
import random
import tempfile
from typing import Annotated

import typer
from PIL import Image

from benchmarks.share import Share
from jarvis_memory.doubts import photo_doubts
from jarvis_memory.finder import Finder
from jarvis_memory.intake import Intake, other_patches
from jarvis_memory.store.owner import OwnerStore
from jarvis_memory.tuning import tuned
from jarvis_pocket import scene, world
from jarvis_retrievers.openclip import OpenCLIPEncoder

_CONCEPTS, _EACH, _ALIKE = 16, 6, 4


def run(strangers: int, seed: int) -> dict[str, Share]:
    """All figures."""
    rng = random.Random(f"doubts/{seed}")
    encoder, tuning = OpenCLIPEncoder.load("pocket", device="cpu"), tuned("pocket")
    intake = Intake(encoder, tuning.miner, tuning.subjects)

    def draw(look: world.Look) -> Image.Image:
        return scene.draw_photo(rng, look).image

    with tempfile.TemporaryDirectory() as folder, OwnerStore.open(folder, "bench") as store:
        finder = Finder(store, encoder, tuning.retriever, tuning.bank)
        concepts = world.draw_gallery(rng, _CONCEPTS, "heldout", alike=0.0)
        for concept in concepts:
            photos, others = [draw(concept.look) for _ in range(2)], other_patches(store, encoder.fingerprint)
            store.add_concept(intake.draft(concept.name, (), None, [], photos, others))

        def doubts(photo: Image.Image) -> str:
            subjects = intake.draft("X", (), None, [], [photo], None).subjects
            return " ".join(map(str, photo_doubts("X", subjects, finder, tuning.least_relevance)))

        same = [(c.name, doubts(draw(c.look))) for c in concepts for _ in range(_EACH)]
        looks = {concept.look for concept in concepts}
        drawn = [look for _ in range(2 * strangers) if (look := world.draw_look(rng, "heldout")) not in looks]
        told = [doubts(draw(look)) for look in drawn[:strangers]]
        alike = [
            doubts(draw(world.lookalike(concept.look, rng, "heldout")))
            for concept in concepts
            for _ in range(_ALIKE)
        ]
        rooms = [doubts(scene.background(rng, 256, 256)) for _ in range(strangers)]
    return {
        "same": Share.of_all([bool(said) for _, said in same]),
        "named": Share.of_all([repr(name) in said for name, said in same]),
        "stranger": Share.of_all(["looks like" in said for said in told]),
        "alike": Share.of_all(["looks like" in said for said in alike]),
        "room": Share.of_all(["nothing of it" in said for said in rooms]),
        "shown": Share.of_all(["nothing of it" in said for said in told]),
    }


def main(
    strangers: Annotated[int, typer.Option(help="Photos of strangers, and empty rooms.", min=1)] = 200,
    seed: Annotated[int, typer.Option(help="Seed of looks and photos.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Shares of photos that are warned of."""
    found = run(strangers, seed)
    if as_json:
        typer.echo(json.dumps({name: share.to_dict() for name, share in found.items()}, indent=1))
        return
    for name, share in found.items():
        typer.echo(f"{name}: {share.right} of {share.of}")


if __name__ == "__main__":
    typer.run(main)

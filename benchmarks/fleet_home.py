"""A home of many owners for a fleet, made quickly: a few are taught for real, the others are copies."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.many import careless
from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.store import OwnerStore, import_owner
from jarvis_plugins.api.tokens import Tokens, add_token
from jarvis_pocket.exam import draw_exam
from jarvis_retrievers.openclip import OpenCLIPEncoder

__all__ = ["FleetHome", "make_home"]

_FOODS = ("cheese", "carrots", "noodles", "beans", "rice", "plums", "bread", "soup")


@dataclass(frozen=True)
class FleetHome:
    """A home of many owners, who all call something by the same name; what it likes tells whose it is.

    Attributes:
        home: the folder. tokens: the file of tokens.
        keys: each owner's token. foods: what each owner's concept likes.
        name: of that concept.
    """

    home: Path
    tokens: Path
    keys: dict[str, str]
    foods: dict[str, str]
    name: str

    @property
    def questions(self) -> tuple[str, ...]:
        """What is asked; the first is checked by the food."""
        name = self.name
        return (f"What does {name} like?", f"Where does {name} sleep?", f"When was {name} born?")


def make_home(folder: Path, owners: int, seed: str = "fleet") -> FleetHome:
    """Make one in a folder; nothing is synced."""
    vlm, clip = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
    exam = draw_exam(random.Random(seed), [], "heldout")
    name, photos = exam.concepts[0].name, exam.photos[0][:2]
    home, tokens = folder / "home", folder / "tokens"
    keys, foods = dict[str, str](), dict[str, str]()
    with careless(), tempfile.TemporaryDirectory() as shelf:
        archives = []
        for food in _FOODS[:owners]:
            about = f"{name} likes {food}. {name} sleeps on the sofa. {name} was born in May."
            with PersonalMemory.open(Path(shelf) / "home", owner=food, model=vlm, clip=clip) as memory:
                memory.remember(name, photos, about)
            archives.append(Path(shelf) / food)
            with OwnerStore.open(Path(shelf) / "home", food) as store:
                store.export(archives[-1])
        for number in range(owners):
            owner, food = f"owner-{number}", _FOODS[number % len(archives)]
            import_owner(home, archives[number % len(archives)], owner=owner)
            keys[owner], foods[owner] = add_token(tokens, owner), food
    Tokens.read(tokens)
    return FleetHome(home, tokens, keys, foods, name)

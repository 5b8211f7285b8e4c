"""A process that remembers, replaces and forgets concepts of its own in a cluster, and tells what is left.

python -m tests.scale.writer URL BLOBS OWNER NUMBER ROUNDS
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator

from jarvis_memory.store import OwnerStore
from jarvis_memory.store.items import ItemDraft
from jarvis_memory.store.places import items_of
from tests.store.drafts import draft

Left = dict[str, int]


def steps(store: OwnerStore, number: int, rounds: int, expected: Left) -> Iterator[tuple[str, int | None]]:
    """Do ``rounds`` writes; before each, what it is about to do, and after it ``expected`` has it."""
    chance = random.Random(f"writer {number}")
    items, ids = items_of(store._catalogue, store.owner), dict[str, str]()
    for step in range(rounds):
        name, seed = f"w{number} {chance.randrange(6)}", chance.randrange(1000)
        old = expected.get(name)
        what = "add" if old is None else chance.choice(["replace", "forget"])
        yield name, None if what == "forget" else seed
        if what == "add":
            ids[name] = store.add_concept(draft(name, seed, photos=1, patches=2)).id
        elif what == "replace":
            store.replace_concept(ids[name], draft(name, seed, photos=1, patches=2))
        else:
            store.erase(ids.pop(name))
        if what == "forget":
            del expected[name]
        else:
            expected[name] = seed
        if step % 5 == 0:
            yield "", step
            items.write([((f"w{number}",), "step", ItemDraft({"step": step}))])
            expected[""] = step


def main(url: str, blobs: str, owner: str, number: str, rounds: str) -> None:
    expected: Left = {}
    with OwnerStore.open(url, owner, blobs=blobs) as store:
        for _ in steps(store, int(number), int(rounds), expected):
            pass
    sys.stdout.write(json.dumps(expected))


if __name__ == "__main__":
    main(*sys.argv[1:])

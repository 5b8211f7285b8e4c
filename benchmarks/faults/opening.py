"""How much memory a process needs that opens a home: run by R11, in a process of its own.

    python -m benchmarks.faults.opening HOME OWNER CONCEPT STAGE...

Prints JSON: for each stage, bytes of resident memory over those after the bare imports, now and at most.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from jarvis_memory.store import OwnerStore

__all__ = ["main"]


def resident() -> tuple[int, int]:
    """Resident bytes of this process, now and at most since `forgotten`."""
    lines = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line
    )
    return int(lines["VmRSS"].split()[0]) * 1024, int(lines["VmHWM"].split()[0]) * 1024


def main(home: str, owner: str, name: str, stages: list[str]) -> dict[str, dict[str, float]]:
    """Do the stages one after the other, in one process."""
    if "recall" in stages:
        from jarvis_memory import PersonalMemory
        from jarvis_retrievers.faiss_index import FaissIndex
        from jarvis_retrievers.reference import ColourEncoder

        FaissIndex(dim=2)
        memory: list[PersonalMemory] = []
        clip = ColourEncoder()
    stores: list[OwnerStore] = []
    deeds: dict[str, Callable[[], object]] = {
        "open": lambda: stores.append(OwnerStore.open(home, owner)),
        "name": lambda: stores[0].get(name),
        "photo": lambda: stores[0].photo(stores[0].get(name).photos[0].id),
        "usage": lambda: stores[0].usage(),
        "sweep": lambda: stores[0].sweep(),
        "list": lambda: stores[0].list(),
        "vectors": lambda: stores[0].vectors(),
        "memory": lambda: memory.append(PersonalMemory.open(home, owner=owner, clip=clip)),
        "recall": lambda: memory[0].recall(f"Where is {name}?"),
    }
    gc.collect()
    # The highest so far is that of the imports; it starts anew.
    Path("/proc/self/clear_refs").write_text("5")
    bare, _ = resident()
    found = {}
    for stage in stages:
        began = time.perf_counter()
        deeds[stage]()
        seconds = time.perf_counter() - began
        now, most = resident()
        found[stage] = {"now": now - bare, "most": most - bare, "seconds": seconds}
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])))

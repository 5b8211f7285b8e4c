"""A picture says who is meant: regions of it are compared with what the memory knows. It prints

Liki   seen at (27, 10)
It is Liki.
"""

import tempfile

from jarvis_memory import PersonalMemory
from jarvis_plugins.demo import household_folder

folder = household_folder()
with tempfile.TemporaryDirectory() as home, PersonalMemory.open(home) as memory:
    for name in ("Liki", "Fabi", "Zifa"):
        memory.remember(name, sorted((folder / "photos").glob(f"{name.lower()}-*.png")))
    answer = memory.ask("Who is on the left?", [folder / "scenes" / "scene-6.png"])
    for one in answer.evidence:
        if one.region:
            print(f"{one.concept:6} seen at {one.region.left, one.region.top}")
    print(answer.text.split(". ")[-1])

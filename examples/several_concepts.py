"""Everybody in a picture is named, and the notes of one concept lead on to another. It prints

It is Zifa. It is Domu. It is Nori.
Domu, Zifa, Nori
Fabi's friend is Liki. Liki likes noodles.
"""

import re
import tempfile

from jarvis_memory import PersonalMemory
from jarvis_plugins.demo import household_folder
from jarvis_pocket.household import load_household

household = load_household(household_folder())
with tempfile.TemporaryDirectory() as home, PersonalMemory.open(home) as memory:
    for concept in household.concepts:
        memory.remember(concept.name, concept.photos, concept.about)
    answer = memory.ask("Who do you see?", [household_folder() / "scenes" / "scene-10.png"])
    print(*re.findall(r"It is \w+\.", answer.text))
    print(", ".join(answer.concepts))

    memory.update("Fabi", about="Fabi's friend is Liki.")
    print(memory.ask("What does the friend of Fabi like?"))

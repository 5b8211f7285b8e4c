"""Two concepts of the household are remembered and asked about. It prints

Liki likes noodles.
Liki likes noodles: no. Fabi likes carrots: yes.
Lenu is unknown to me.
"""

import tempfile

from jarvis_memory import PersonalMemory
from jarvis_plugins.demo import household_folder

photos = household_folder() / "photos"
with tempfile.TemporaryDirectory() as home, PersonalMemory.open(home) as memory:
    memory.remember("Liki", [photos / "liki-1.png", photos / "liki-2.png"], "Liki likes noodles.")
    memory.remember("Fabi", [photos / "fabi-1.png", photos / "fabi-2.png"], "Fabi likes carrots.")
    print(memory.ask("What does Liki like?"))
    print(memory.ask("Which of Liki and Fabi likes carrots?"))
    print(memory.ask("What does Lenu like?"))

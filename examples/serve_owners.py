"""Two owners in one home, with one model in memory: each has a Bo, and neither sees the other's. It prints

ana: Bo likes noodles.
tom: Bo likes plums.
eva: Bo is unknown to me.
together: Bo likes noodles. Bo likes plums.
"""

import tempfile
from contextlib import ExitStack

from jarvis_memory import VLM, Ask, PersonalMemory, ask_together
from jarvis_plugins.demo import household_folder

photos = household_folder() / "photos"
model = VLM.load("pocket")
with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
    memories = {
        owner: stack.enter_context(PersonalMemory.open(home, owner=owner, model=model))
        for owner in ("ana", "tom", "eva")
    }
    memories["ana"].remember("Bo", [photos / "fabi-1.png"], "Bo likes noodles.")
    memories["tom"].remember("Bo", [photos / "nori-1.png"], "Bo likes plums.")
    for owner, memory in memories.items():
        print(f"{owner}: {memory.ask('What does Bo like?')}")

    # Questions of several owners in one pass of the model, as a server would ask them.
    asks = [Ask(memories[owner], "What does Bo like?") for owner in ("ana", "tom")]
    print("together:", *ask_together(asks))

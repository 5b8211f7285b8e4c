"""What the user asks to be remembered becomes a note, and is forgotten on demand. It prints

Liki was born in May.
Liki was born in May. | Liki is afraid of owls.
Liki is unknown to me.
"""

import tempfile

from langchain.agents import create_agent
from langchain_core.language_models import FakeListChatModel

from jarvis_memory import PersonalMemory
from jarvis_plugins.demo import household_folder
from jarvis_plugins.langchain import PersonalMemoryMiddleware

photos = household_folder() / "photos"
with tempfile.TemporaryDirectory() as home, PersonalMemory.open(home) as memory:
    memory.remember("Liki", [photos / "liki-1.png"], "Liki was born in May.")
    print(*memory.show("Liki").about)

    model = FakeListChatModel(responses=["I will."])  # your own chat model
    agent = create_agent(model, middleware=[PersonalMemoryMiddleware(memory, learn=True)])
    agent.invoke({"messages": [("user", "Remember that Liki is afraid of owls.")]})
    print(*memory.show("Liki").about, sep=" | ")

    memory.forget("Liki")
    print(memory.ask("When was Liki born?"))

"""A large model answers from what the small one has seen; no picture leaves the machine. It prints

Domu: there, on the right
Fabi: unsure, somebody there looks like it
the large model was sent 0 images
"""

import tempfile

from langchain_core.language_models import FakeListChatModel

from jarvis_agents.collaboration import Collaboration
from jarvis_memory import PersonalMemory
from jarvis_plugins.demo import household_folder

folder = household_folder()
large = FakeListChatModel(responses=["Domu is there."])  # init_chat_model("openai:gpt-5"), say
with tempfile.TemporaryDirectory() as home, PersonalMemory.open(home) as memory:
    for name in ("Domu", "Fabi"):
        memory.remember(name, sorted((folder / "photos").glob(f"{name.lower()}-*.png")))
    together = Collaboration(memory, large, share="text", rounds=0)
    said = together.answer("Are Domu and Fabi here?", [folder / "scenes" / "scene-4.png"])
    for claim in said.report.claims:
        print(f"{claim.concept}: there, on the {claim.where.absolute}" if claim.present else claim.concept)
    for one in said.report.unsure:
        print(f"{one.concept}: unsure, somebody there looks like it")
    print(f"the large model was sent {len(said.shared.images)} images")

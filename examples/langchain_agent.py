"""A LangChain agent whose model knows the user's own, from stored segments. It prints

Fabi belongs to Ana.
137 tokens came from the memory
It is Fabi.
"""

import tempfile

from langchain.agents import create_agent
from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_plugins.demo import household_folder
from jarvis_plugins.langchain import ChatJarvis, picture_block
from jarvis_pocket.household import load_household

household = load_household(household_folder())
with tempfile.TemporaryDirectory() as home, PersonalMemory.open(home) as memory:
    for concept in household.concepts:
        memory.remember(concept.name, concept.photos, concept.about)
    agent = create_agent(ChatJarvis(memory=memory))  # any chat model: add PersonalMemoryMiddleware(memory)

    said = agent.invoke({"messages": [("user", "Who does Fabi belong to?")]})["messages"][-1]
    print(said.text)
    print(said.usage_metadata["input_token_details"]["cache_read"], "tokens came from the memory")

    picture = picture_block(Image.open(household_folder() / "scenes" / "scene-7.png"))
    question = {"type": "text", "text": "Who is that in the middle?"}
    said = agent.invoke({"messages": [("user", [picture, question])]})["messages"][-1]
    print(said.text.split(". ")[-1])

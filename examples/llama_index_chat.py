"""A LlamaIndex chat engine whose LLM knows the user's own; "she" is found in the turns before. It prints

Liki likes noodles.
Liki was born in May.
about Liki
"""

import tempfile

from llama_index.core.chat_engine import SimpleChatEngine

from jarvis_memory import PersonalMemory
from jarvis_plugins.demo import household_folder
from jarvis_plugins.llama_index import JarvisLLM, PersonalQueryEngine
from jarvis_pocket.household import load_household

household = load_household(household_folder())
with tempfile.TemporaryDirectory() as home, PersonalMemory.open(home) as memory:
    for concept in household.concepts:
        memory.remember(concept.name, concept.photos, concept.about)

    chat = SimpleChatEngine.from_defaults(llm=JarvisLLM(memory=memory))
    print(chat.chat("What does Liki like?"))
    print(chat.chat("When was she born?"))

    response = PersonalQueryEngine(memory).query("Where does Liki nap?")
    print("about", *response.metadata["concepts"])

"""A text encoder of your own compares questions with profiles. Any `Embeddings` of LangChain does: here one
that counts words. It prints

    Fabi
    Liki
"""

import hashlib
import math
import re
import tempfile

from langchain_core.embeddings import Embeddings

from jarvis_memory import PersonalMemory
from jarvis_plugins.demo import household_folder
from jarvis_retrievers.text_adapters import from_langchain


class Words(Embeddings):
    """Each word adds 1 to a number that its letters choose; in place of it, a sentence encoder."""

    def embed_query(self, text):
        vector = [1e-6] * 256
        for word in re.findall(r"\w+", text.lower()):
            vector[hashlib.blake2b(word.encode(), digest_size=1).digest()[0]] += 1.0
        length = math.hypot(*vector)
        return [value / length for value in vector]

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


photos = household_folder() / "photos"
texts = from_langchain(Words())
with tempfile.TemporaryDirectory() as home, PersonalMemory.open(home, texts=texts) as memory:
    memory.remember("Liki", [photos / "liki-1.png"], "Liki naps on the sofa all day.")
    memory.remember("Fabi", [photos / "fabi-1.png"], "Fabi guards the garden gate.")
    for query in ("who guards the gate?", "somebody naps on my sofa"):
        print(memory.recall(query, k=1)[0].name)

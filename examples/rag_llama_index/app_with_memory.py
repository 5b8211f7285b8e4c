"""Questions about the papers of a house: an agent that searches them. Run it with

pip install llama-index-llms-openai llama-index-embeddings-openai
python app.py "When do we water the plants?"
"""

import asyncio
import sys

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.memory import Memory
from llama_index.core.tools import RetrieverTool

from jarvis_memory import PersonalMemory
from jarvis_plugins.llama_index import PersonalMemoryBlock

PAPERS = [
    "The plants are watered on Mondays and Thursdays, the ferns on Sundays too.",
    "The vet is Dr. Sato, at 12 Mill Lane. Bring the vaccination card.",
    "The heating is serviced each September; the number is on the boiler.",
]


def build(llm, embed_model):
    """The agent, and its memory of the conversation."""
    index = VectorStoreIndex.from_documents([Document(text=text) for text in PAPERS], embed_model=embed_model)
    search = RetrieverTool.from_defaults(
        index.as_retriever(similarity_top_k=2), name="search_papers", description="The papers of the house."
    )
    own = PersonalMemoryBlock(memory=PersonalMemory.open())
    return FunctionAgent(llm=llm, tools=[search]), Memory.from_defaults(memory_blocks=[own])


async def main(question):
    """Ask once."""
    from llama_index.embeddings.openai import OpenAIEmbedding
    from llama_index.llms.openai import OpenAI

    agent, memory = build(OpenAI("gpt-5"), OpenAIEmbedding())
    print(await agent.run(question, memory=memory))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

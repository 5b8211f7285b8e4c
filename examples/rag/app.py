"""Questions about the papers of a house: an agent that searches them. Run it with

MODEL=openai:gpt-5 EMBEDDINGS=openai:text-embedding-3-small python app.py "When do we water the plants?"
"""

import os
import sys

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain.embeddings import init_embeddings
from langchain_core.tools import create_retriever_tool
from langchain_core.vectorstores import InMemoryVectorStore

PAPERS = [
    "The plants are watered on Mondays and Thursdays, the ferns on Sundays too.",
    "The vet is Dr. Sato, at 12 Mill Lane. Bring the vaccination card.",
    "The heating is serviced each September; the number is on the boiler.",
]


def build(model, embeddings):
    """The agent."""
    papers = InMemoryVectorStore.from_texts(PAPERS, embeddings).as_retriever(search_kwargs={"k": 2})
    search = create_retriever_tool(papers, "search_papers", "Searches the papers of the house.")
    return create_agent(model, [search])


if __name__ == "__main__":
    agent = build(init_chat_model(os.environ["MODEL"]), init_embeddings(os.environ["EMBEDDINGS"]))
    print(agent.invoke({"messages": [("user", sys.argv[1])]})["messages"][-1].text)

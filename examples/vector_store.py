"""Texts and pictures in one LangChain vector store, saved without pickle. It prints

a red dog
blue-boat
2 documents again
"""

import tempfile

from PIL import Image

from jarvis_plugins.langchain import FaissVectorStore, OpenCLIPEmbeddings

embeddings = OpenCLIPEmbeddings()
store = FaissVectorStore.from_texts(
    ["a red dog", "a blue mug"], embeddings, metadatas=[{"age": 4}, {"age": 9}], ids=["dog", "mug"]
)
print(store.similarity_search("a dog", k=1, filter={"age": {"$lt": 9}})[0].page_content)

pictures = {"red-ball": Image.new("RGB", (64, 64), "red"), "blue-boat": Image.new("RGB", (64, 64), "blue")}
store.add_images(list(pictures.values()), ids=list(pictures))
print(store.similarity_search_by_image(pictures["blue-boat"], k=1)[0].id)

with tempfile.TemporaryDirectory() as folder:
    store.save(f"{folder}/store")
    again = FaissVectorStore.load(f"{folder}/store", embeddings)
    print(len(again.get_by_ids(["dog", "blue-boat"])), "documents again")

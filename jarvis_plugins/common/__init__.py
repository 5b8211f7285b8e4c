"""What the adapters have in common: nothing here knows LangChain or LlamaIndex."""

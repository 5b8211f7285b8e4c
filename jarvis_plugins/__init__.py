"""Floor 4: adapters (LangChain, LlamaIndex), the command line and the demo."""

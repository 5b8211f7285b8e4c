"""Floor 0: a drawn household, and the small VLM and OpenCLIP model trained on it. Imports no torch."""

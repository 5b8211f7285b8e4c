"""Floor 3: multi-concept conversation, tools and collaboration."""

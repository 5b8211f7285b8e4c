"""Floor 3: multi-concept conversation, tools and collaboration; it holds no module yet."""

"""Floor 3: conversation over several concepts."""

"""Floor 3: conversation over several concepts, and a small model that informs a large one."""

"""Faults done to a home on purpose, and what was acknowledged looked for afterwards. See docs/reliability.md."""

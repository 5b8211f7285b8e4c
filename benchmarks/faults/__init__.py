"""Faults done to a home, and what was acknowledged looked for afterwards. See docs/reliability.md."""

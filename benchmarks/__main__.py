"""Print every figure of README and docs: ``make bench``."""

from __future__ import annotations

from benchmarks import quality, retrieval

if __name__ == "__main__":
    quality.main(split="heldout", n=400, seed=1, as_json=False)
    retrieval.main(n=60, seed=1, as_json=False)

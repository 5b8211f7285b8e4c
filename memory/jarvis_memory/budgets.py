"""How many bytes a memory keeps at hand by default."""

from __future__ import annotations

from typing import Final

__all__ = ["KV_GPU_BYTES", "KV_RAM_BYTES"]

KV_RAM_BYTES: Final = 512 * 2**20
"""Of segments in main memory."""

KV_GPU_BYTES: Final = 1024 * 2**20
"""Of segments on the GPU."""

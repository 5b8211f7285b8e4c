"""How a context is made from several concepts."""

from __future__ import annotations

from enum import StrEnum

from jarvis_retrievers.errors import SettingError

__all__ = ["Mode"]


class Mode(StrEnum):
    """How a context is made from several concepts, from the most exact to the fastest.

    ``EXACT`` computes all tokens jointly: what the model would have computed without a memory, and as slow.
    ``BLEND`` computes the first layers for all tokens of the later segments, and the others for those tokens
    whose values changed most (CacheBlend, arXiv 2405.16444, section 4).
    ``LINK`` computes the profiles and the first patch tokens of the later segments anew (LegoLink, arXiv
    2410.15332; for images MPIC, arXiv 2502.01960).
    ``COMPOSE`` moves stored segments behind each other and computes nothing: lossless for the first segment;
    the following ones have not attended to those before them.
    ``AUTO`` is ``COMPOSE`` for one segment, and for several what was measured to be right for the model.
    """

    EXACT = "exact"
    BLEND = "blend"
    LINK = "link"
    COMPOSE = "compose"
    AUTO = "auto"

    @classmethod
    def _missing_(cls, value: object) -> Mode:
        raise SettingError(f"A mode is one of {', '.join(cls)}, got {value!r}.")

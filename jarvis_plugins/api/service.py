"""What the interface is served from, and to whom."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from jarvis_retrievers.errors import SettingError
from jarvis_retrievers.sources import ImagePolicy

from .bounds import Bounds

if TYPE_CHECKING:
    from jarvis_memory.memory import PersonalMemory
    from jarvis_memory.vlm import VLM
    from jarvis_plugins.common.memories import Memories
    from jarvis_retrievers.encoder import ImageTextEncoder

__all__ = ["ApiService"]


@dataclass(frozen=True, slots=True)
class ApiService:
    """What the interface is served from, and to whom.

    Attributes:
        tokens: the file of owners and digests of their tokens (`Tokens`).
        home, blobs, model, clip, device: as for `PersonalMemory.open`.
        host, port: where it listens; port 0 is a free one.
        bounds: how much may be asked.
        owners: how many memories are open at once.
        kv_ram_bytes, session_bytes: how much of each open memory is kept at hand.
        fetch: whether images may be fetched from https addresses, public ones only.
        proxy: the address of a proxy that is believed when it says for whom it asks; None if nobody is.

    Raises:
        SettingError: a port that is none, or no room for a memory.
    """

    tokens: str | os.PathLike[str]
    home: str = "~/.jarvis"
    blobs: str | None = None
    model: str = "pocket"
    clip: str = "pocket"
    device: str | None = None
    host: str = "127.0.0.1"
    port: int = 8081
    bounds: Bounds = field(default_factory=Bounds)
    owners: int = 64
    kv_ram_bytes: int = 256 * 2**20
    session_bytes: int = 64 * 2**20
    fetch: bool = False
    proxy: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingError(f"a port is 0 to 65535, got {self.port}; 0 takes a free one")
        if self.owners < 1:
            raise SettingError(f"at least 1 memory has to be open, got {self.owners}")

    @property
    def policy(self) -> ImagePolicy:
        """Where images may come from besides requests themselves."""
        return ImagePolicy(https=self.fetch)

    @property
    def model_id(self) -> str:
        """How clients call the model: its name, of a folder the last part, as paths are nobody's business."""
        path = PurePath(self.model)
        return path.name if path.is_absolute() or self.model.startswith(("~", ".")) else self.model

    def memories(self, model: VLM, clip: ImageTextEncoder) -> Memories:
        """The memories of all owners over loaded models."""
        # A door of a fleet reads these settings, and needs no torch for it.
        from jarvis_memory.memory import PersonalMemory
        from jarvis_plugins.common.memories import Memories

        def opened(owner: str) -> PersonalMemory:
            return PersonalMemory.open(
                self.home,
                owner=owner,
                blobs=self.blobs,
                model=model,
                clip=clip,
                kv_ram_bytes=self.kv_ram_bytes,
                session_bytes=self.session_bytes,
            )

        return Memories(opened, self.owners)

"""What a catalogue without a file has nothing to do for."""

from __future__ import annotations

__all__ = ["MemoryHome"]


class MemoryHome:
    """Part of `MemoryCatalogue`."""

    read_only = False

    def destroy_key(self, owner: str) -> None:
        """See `Catalogue.destroy_key`: nothing is encrypted."""

    def key_destroyed(self, owner: str) -> bool:
        """See `Catalogue.key_destroyed`."""
        return False

    def tidy(self) -> None:
        """See `Catalogue.tidy`."""

    def flaws(self, owner: str, repair: bool) -> tuple[str, ...]:
        """See `Catalogue.flaws`."""
        return ()

    def free_room(self) -> bool:
        """See `Catalogue.free_room`."""
        return False

    def close(self) -> None:
        """See `Catalogue.close`."""

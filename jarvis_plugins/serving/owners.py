"""The memories of all owners of a home over one model, and their desks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from jarvis_memory import VLM, PersonalMemory
from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import InputError, UnknownConceptError
from jarvis_retrievers.openclip import OpenCLIPEncoder

from .desk import Desk
from .limits import Limits
from .line import Line
from .rate import Rates

__all__ = ["Owners"]


class Owners:
    """The memories of all owners of a home over one model, and their desks. Threads may share it.

    Args:
        home: a folder.
        model: the VLM of all of them.
        clip: the encoder of all of them.
        limits: how much visitors may bring.
    """

    def __init__(self, home: Path, model: VLM, clip: ImageTextEncoder, limits: Limits) -> None:
        self.limits, self.line, self.rates = limits, Line(), Rates.of(limits)
        self._home, self._model, self._clip = home, model, clip
        self._lock = threading.RLock()
        self._memories: dict[str, PersonalMemory] = {}
        self._desks: dict[str, dict[str, Desk]] = {}
        self._told: dict[str, dict[str, Callable[[], None]]] = {}

    @classmethod
    def open(cls, home: Path, model: str, clip: str, device: str | None, limits: Limits) -> Self:
        """Load the models.

        Raises:
            SettingError: one that cannot be loaded.
        """
        return cls(home, VLM.load(model, device=device), OpenCLIPEncoder.load(clip, device=device), limits)

    def memory(self, owner: str) -> PersonalMemory:
        """The memory of an owner, opened when first wanted."""
        with self._lock:
            if owner not in self._memories:
                self._memories[owner] = PersonalMemory.open(
                    self._home, owner=owner, model=self._model, clip=self._clip
                )
            return self._memories[owner]

    def open_desk(self, owner: str, address: str = "") -> Desk:
        """A desk for a new tab of an owner, at an address.

        Raises:
            InputError: the owner has too many tabs open.
        """
        memory = self.memory(owner)
        with self._lock:
            desks = self._desks.setdefault(owner, {})
            if len(desks) >= self.limits.desks:
                raise InputError(f"{owner} has {len(desks)} tabs open; close some")
            desk = Desk(memory, self.line, self.limits, lambda: self.rates.asked.take(owner, address))
            desks[desk.id] = desk
            return desk

    def desk(self, owner: str, key: str) -> Desk:
        """A desk of an owner.

        Raises:
            UnknownConceptError: this owner has none of this id.
        """
        with self._lock:
            found = self._desks.get(owner, {}).get(key)
        if found is None:
            raise UnknownConceptError(f"{owner} has no tab of the id {key!r}; load the page again")
        return found

    def close_desk(self, desk: Desk) -> None:
        """Forget a tab that was closed, and its pictures."""
        with self._lock:
            self._desks.get(desk.owner, {}).pop(desk.id, None)
            self._told.get(desk.owner, {}).pop(desk.id, None)

    def listen(self, desk: Desk, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever the memory of a desk's owner was changed, until the desk is closed."""
        with self._lock:
            self._told.setdefault(desk.owner, {})[desk.id] = changed

    def tell(self, owner: str) -> None:
        """Tell all desks of an owner that their memory was changed."""
        with self._lock:
            told = tuple(self._told.get(owner, {}).values())
        for changed in told:
            changed()

    def close(self) -> None:
        """Let go of the home's files."""
        with self._lock:
            for memory in self._memories.values():
                memory.close()
            self._memories.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

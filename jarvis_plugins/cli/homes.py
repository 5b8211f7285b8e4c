"""Opening a home for a command: the record alone where no model is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jarvis_retrievers.errors import SettingError

from .locks import asked_key
from .options import Settings

if TYPE_CHECKING:
    from jarvis_memory import PersonalMemory
    from jarvis_memory.store.master_key import MasterKey
    from jarvis_memory.store.owner import OwnerStore

__all__ = ["check_there", "key_of", "open_memory", "open_record"]


def open_record(settings: Settings, *, accept_loss: bool = False, make: bool = False) -> OwnerStore:
    """The owner's record, without torch or a model.

    Args:
        settings: which home and owner.
        accept_loss: that of `OwnerStore.open`.
        make: make the home if it is missing.

    Raises:
        SettingError: there is no such home and ``make`` is not set.
    """
    from jarvis_memory.store.owner import OwnerStore

    if not make:
        check_there(settings)
    return OwnerStore.open(
        settings.home,
        settings.owner,
        blobs=settings.blobs,
        accept_loss=accept_loss,
        key=key_of(settings),
    )


def open_memory(settings: Settings, *, make: bool = False, profiler: str | None = None) -> PersonalMemory:
    """The owner's memory; its models are loaded when they are first needed.

    Args:
        settings: which home, owner and models.
        make: make the home if it is missing.
        profiler: who describes new photos; see `PersonalMemory.open`.

    Raises:
        SettingError: there is no such home and ``make`` is not set.
    """
    if not make:
        check_there(settings)
    from jarvis_memory import PersonalMemory

    return PersonalMemory.open(
        settings.home,
        owner=settings.owner,
        blobs=settings.blobs,
        model=settings.model,
        clip=settings.clip,
        device=settings.device,
        profiler=profiler,
        key=key_of(settings),
    )


def key_of(settings: Settings) -> MasterKey | None:
    """See `asked_key`; a cluster has none."""
    return None if settings.in_cluster else asked_key(settings.folder)


def check_there(settings: Settings) -> None:
    """Refuse a folder that is not there; of a cluster, opening it says so."""
    if not settings.there:
        raise SettingError(
            f"there is no home at {settings.folder}; remember something first, or name another with --home"
        )

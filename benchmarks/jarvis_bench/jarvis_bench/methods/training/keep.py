"""What was trained is kept: for other arms of a run in memory, for a run that goes on beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast
from weakref import WeakKeyDictionary

from jarvis_retrievers.images import pixel_digest

from ...method import Introduction, Setting

if TYPE_CHECKING:
    import torch

    from ..models import Models

__all__ = ["digest_of", "kept", "stored_weights"]

T = TypeVar("T")
_KEPT: WeakKeyDictionary[Models, dict[str, object]] = WeakKeyDictionary()


def digest_of(concepts: Sequence[Introduction], settings: Mapping[str, Setting]) -> str:
    """SHA-256 (hex) of all that training on introductions depends on."""
    told = [
        [one.name, one.category, one.notes, [pixel_digest(photo) for photo in one.photos]] for one in concepts
    ]
    return hashlib.sha256(json.dumps([dict(settings), told], sort_keys=True).encode()).hexdigest()


def kept(models: Models, key: str, make: Callable[[], T]) -> T:
    """What was made before under this key with these models, or what ``make`` gives."""
    there = _KEPT.setdefault(models, {})
    if key not in there:
        there[key] = make()
    return cast(T, there[key])


def stored_weights(
    folder: Path | None, key: str, make: Callable[[], Mapping[str, torch.Tensor]]
) -> Mapping[str, torch.Tensor]:
    """Weights from ``KEY.safetensors`` in a folder; those that are not there are made, and written.

    Args:
        folder: where; None keeps nothing.
        key: a digest of all that they depend on.
        make: trains them.
    """
    from safetensors.torch import load_file, save_file

    if folder is None:
        return make()
    path = folder / f"{key}.safetensors"
    if path.is_file():
        return load_file(path)
    made = {name: tensor.detach().cpu().contiguous() for name, tensor in make().items()}
    folder.mkdir(parents=True, exist_ok=True)
    # Under another name first: a run that is killed leaves no half of a file.
    temporary = path.with_suffix(".tmp")
    save_file(made, temporary)
    temporary.replace(path)
    return made

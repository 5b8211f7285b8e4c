"""Where models come from."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch

from jarvis_retrievers.errors import SettingError

from .families import choose_family
from .settings import ImageSettings, Measured
from .slots import Slots

__all__ = ["Loaded", "load_model"]

_POCKET = "pocket"


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A model with its processor, and what is known of it.

    Attributes:
        model: A transformers model, on its device.
        processor: Its processor.
        name: ``"pocket"``, the id on the hub, or the name of the folder.
        revision: The commit on the hub, where it came from there.
        settings: How large images are made.
        measured: What the gate found for it, where its folder says so.
        slots: Questions that fill a profile, where its folder has some.
    """

    model: Any
    processor: Any
    name: str
    revision: str | None
    settings: ImageSettings
    measured: Measured | None
    slots: Slots | None


def load_model(
    name: str, *, device: str | None = None, dtype: torch.dtype | None = None, revision: str | None = None
) -> Loaded:
    """Load a model from the package, a folder, or the hub.

    Only safetensors files are read, and no code of the repository is run.

    Args:
        name: ``"pocket"``, a folder, or an id on the hub.
        device: Such as ``"cpu"`` or ``"cuda:1"``. By default CUDA where there is one.
        dtype: By default bfloat16 on CUDA, float32 elsewhere.
        revision: A branch, tag or commit on the hub.

    Raises:
        SettingError: There is no such model, it cannot be read, or not be put on the device.
        UnsupportedModelError: It is of no supported family. Told before the weights are read.
    """
    from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

    folder = _folder(name)
    where = str(folder) if folder else name
    options = {} if folder else {"revision": revision}
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = dtype or (torch.bfloat16 if device.startswith("cuda") else torch.float32)
    try:
        config = AutoConfig.from_pretrained(where, **options)
        choose_family(config)
        processor = AutoProcessor.from_pretrained(where, **options)
        model = AutoModelForImageTextToText.from_pretrained(
            where, dtype=dtype, use_safetensors=True, **options
        )
    except (OSError, ValueError) as error:
        raise SettingError(f"The model {name!r} cannot be loaded: {error}") from error
    try:
        model = model.to(device)
    except (RuntimeError, AssertionError) as error:
        # torch tells of a device it was not built for by an assertion.
        raise SettingError(f"The model {name!r} cannot be put on the device {device!r}: {error}") from error
    return Loaded(
        model=model,
        processor=processor,
        name=folder.name if folder and name != _POCKET else name,
        revision=None if folder else getattr(config, "_commit_hash", None) or revision,
        settings=ImageSettings.read(folder) if folder else ImageSettings(),
        measured=Measured.read(folder) if folder else None,
        slots=Slots.read(folder) if folder else None,
    )


def _folder(name: str) -> Path | None:
    """The folder that a name means, or ``None`` for an id on the hub."""
    if name != _POCKET:
        path = Path(name).expanduser()
        return path if path.is_dir() else None
    path = Path(str(resources.files("jarvis_pocket"))) / "weights" / "vlm"
    if not (path / "config.json").is_file():
        raise SettingError(
            "The model 'pocket' is not in this installation: its weights are missing. "
            "Install the package again, or name another model."
        )
    return path

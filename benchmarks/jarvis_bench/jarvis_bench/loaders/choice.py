"""Data sets by name, as the command line takes them."""

from __future__ import annotations

import importlib
import inspect
import os
from typing import Any, Final

from jarvis_retrievers.errors import SettingError

from ..dataset import Dataset

__all__ = ["LOADERS", "load"]

LOADERS: Final = {
    "built": "built",
    "mc-llava": "mc_llava",
    "myvlm": "myvlm",
    "perva": "perva",
    "rap": "rap",
    "this-is-my-img": "this_is_my_img",
    "yollava": "yollava",
}
"""Names of data sets and of the modules that read them."""


def load(name: str, root: str | os.PathLike[str], **settings: Any) -> Dataset:
    """Read a published data set.

    Args:
        name: a key of `LOADERS`.
        root: the folder that the user has loaded it into.
        settings: those of its reader, such as ``views``.

    Raises:
        SettingError: no such data set, or a setting that its reader does not have.
        DatasetError: another layout.
    """
    if name not in LOADERS:
        raise SettingError(f"no data set {name!r}; there are {', '.join(LOADERS)}")
    module = LOADERS[name]
    read = getattr(importlib.import_module(f".{module}", __package__), f"load_{module}")
    known = [one for one in inspect.signature(read).parameters if one != "root"]
    strange = [one for one in settings if one not in known]
    if strange:
        raise SettingError(f"{name} has no setting {strange[0]!r}; it has {', '.join(known)}")
    dataset: Dataset = read(root, **settings)
    return dataset

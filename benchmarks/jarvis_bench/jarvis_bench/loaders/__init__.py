"""Readers of published data sets, one file each. The user brings the data; nothing is downloaded.

Each docstring names the layout and its traps, and what was done about them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .built import load_built as load_built
    from .choice import LOADERS as LOADERS
    from .choice import load as load
    from .choice import read_settings as read_settings
    from .gather import Gatherer as Gatherer
    from .gather import lettered as lettered
    from .gather import mapping as mapping
    from .gather import placed as placed
    from .gather import references as references
    from .gather import rerooted as rerooted
    from .mc_llava import load_mc_llava as load_mc_llava
    from .myvlm import load_myvlm as load_myvlm
    from .perva import load_perva as load_perva
    from .rap import load_rap as load_rap
    from .this_is_my_img import load_this_is_my_img as load_this_is_my_img
    from .tree import IMAGES as IMAGES
    from .tree import MAX_JSON as MAX_JSON
    from .tree import VIDEOS as VIDEOS
    from .tree import Tree as Tree
    from .tree import natural as natural
    from .yollava import load_yollava as load_yollava

_EXPORTS = {
    "IMAGES": "tree",
    "LOADERS": "choice",
    "MAX_JSON": "tree",
    "VIDEOS": "tree",
    "Gatherer": "gather",
    "Tree": "tree",
    "lettered": "gather",
    "load": "choice",
    "load_built": "built",
    "load_mc_llava": "mc_llava",
    "load_myvlm": "myvlm",
    "load_perva": "perva",
    "load_rap": "rap",
    "load_this_is_my_img": "this_is_my_img",
    "load_yollava": "yollava",
    "mapping": "gather",
    "natural": "tree",
    "placed": "gather",
    "read_settings": "choice",
    "references": "gather",
    "rerooted": "gather",
}

__all__ = [
    "IMAGES",
    "LOADERS",
    "MAX_JSON",
    "VIDEOS",
    "Gatherer",
    "Tree",
    "lettered",
    "load",
    "load_built",
    "load_mc_llava",
    "load_myvlm",
    "load_perva",
    "load_rap",
    "load_this_is_my_img",
    "load_yollava",
    "mapping",
    "natural",
    "placed",
    "read_settings",
    "references",
    "rerooted",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})

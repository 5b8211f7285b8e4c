"""Data sets by name, as the command line takes them."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable, Iterable
from typing import Any, Final

from jarvis_retrievers.errors import SettingError

from ..dataset import Dataset

__all__ = ["LOADERS", "load", "read_settings"]

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
    read = _reader(name)
    known = _defaults(name)
    strange = [one for one in settings if one not in known]
    if strange:
        raise SettingError(f"{name} has no setting {strange[0]!r}; it has {', '.join(known)}")
    return read(root, **settings)


def read_settings(name: str, words: Iterable[str]) -> dict[str, Any]:
    """Settings of a reader as the command line takes them, such as ``views=3``; values as its defaults are.

    Raises:
        SettingError: no such data set, a setting that its reader does not have, or a value that is none.
    """
    defaults, found = _defaults(name), dict[str, Any]()
    for one in words:
        key, equals, value = one.partition("=")
        if key not in defaults or not equals:
            has = f"it has {', '.join(defaults)}" if defaults else "it has none"
            raise SettingError(f"{name} has no setting {one!r}; {has}, written as NAME=VALUE")
        found[key] = _value(key, value, defaults[key])
    return found


def _value(key: str, text: str, default: object) -> object:
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise SettingError(f"{key} is true or false, got {text!r}")
        return text.lower() == "true"
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError as error:
            raise SettingError(f"{key} is a whole number, got {text!r}") from error
    return text


def _defaults(name: str) -> dict[str, object]:
    """Settings of a reader and what they are by default."""
    parameters = inspect.signature(_reader(name)).parameters
    return {key: one.default for key, one in parameters.items() if key != "root"}


def _reader(name: str) -> Callable[..., Dataset]:
    if name not in LOADERS:
        raise SettingError(f"no data set {name!r}; there are {', '.join(LOADERS)}")
    module = LOADERS[name]
    read: Callable[..., Dataset] = getattr(
        importlib.import_module(f".{module}", __package__), f"load_{module}"
    )
    return read

"""Methods by name, as the command line takes them."""

from __future__ import annotations

import importlib
from dataclasses import fields
from typing import Any, Final

from jarvis_retrievers.errors import SettingError

from ..method import Method
from .models import Models

__all__ = ["METHODS", "RUN_ORDER", "make_method"]

METHODS: Final = {
    "aligner": ("aligner", "AlignerMethod"),
    "concept-heads": ("concept_heads", "ConceptHeadsMethod"),
    "ego": ("ego", "EgoMethod"),
    "jarvis": ("jarvis", "JarvisMethod"),
    "none": ("none", "NoneMethod"),
    "pekit": ("pekit", "PeKitMethod"),
    "photos": ("photos", "PhotosMethod"),
    "r2p": ("r2p", "R2PMethod"),
    "slc": ("slc", "SLCMethod"),
    "soft-tokens": ("soft_tokens", "SoftTokensMethod"),
    "text": ("text", "TextMethod"),
    "tuned": ("tuned", "TunedMethod"),
}
"""Names of methods, with the modules and classes that are them."""

RUN_ORDER: Final = (
    *("none", "text", "photos", "ego", "pekit", "r2p", "slc"),
    *("soft-tokens", "concept-heads", "aligner", "tuned", "jarvis"),
)
"""All of them: those that know least, those that train, and last the one that all are compared with."""


def make_method(words: str, models: Models) -> Method:
    """A method by its name, with options behind it, such as ``jarvis:mode=link:selector=full``.

    Raises:
        SettingError: no such method, or an option that it does not have.
    """
    name, *given = words.strip().split(":")
    if name not in METHODS:
        raise SettingError(f"no method {name!r}; there are {', '.join(METHODS)}")
    module, kind = METHODS[name]
    made = getattr(importlib.import_module(f".{module}", __package__), kind)
    known = [one.name for one in fields(made) if one.name not in ("models", "name")]
    options: dict[str, Any] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if key not in known or not equals:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise SettingError(f"{name} has no option {one!r}; {has}, written as NAME=VALUE")
        options[key] = value
    called = "-".join([name, *options.values()])
    method: Method = made(models, **options, name=called)
    return method

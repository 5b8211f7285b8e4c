"""Building a benchmark of one's own photos: questions on details that a model is sure of and cannot guess."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .blind import Blind as Blind
    from .builder import Built as Built
    from .builder import build as build
    from .distractors import alike as alike
    from .distractors import choose_rivals as choose_rivals
    from .given import Given as Given
    from .given import GivenPhoto as GivenPhoto
    from .given import read_folder as read_folder
    from .given import read_home as read_home
    from .plain_witness import PlainWitness as PlainWitness
    from .proposal import Proposal as Proposal
    from .proposal import Rival as Rival
    from .proposal import Spot as Spot
    from .proposal import Testimony as Testimony
    from .proposal import Trial as Trial
    from .provenance import Provenance as Provenance
    from .provenance import read_provenance as read_provenance
    from .provenance import write_provenance as write_provenance
    from .settings import BuildSettings as BuildSettings
    from .slot_witness import SlotWitness as SlotWitness
    from .witness import Witness as Witness
    from .witness import witness_of as witness_of

_EXPORTS = {
    "Blind": "blind",
    "BuildSettings": "settings",
    "Built": "builder",
    "Given": "given",
    "GivenPhoto": "given",
    "PlainWitness": "plain_witness",
    "Proposal": "proposal",
    "Provenance": "provenance",
    "Rival": "proposal",
    "SlotWitness": "slot_witness",
    "Spot": "proposal",
    "Testimony": "proposal",
    "Trial": "proposal",
    "Witness": "witness",
    "alike": "distractors",
    "build": "builder",
    "choose_rivals": "distractors",
    "read_folder": "given",
    "read_home": "given",
    "read_provenance": "provenance",
    "witness_of": "witness",
    "write_provenance": "provenance",
}

__all__ = [
    "Blind",
    "BuildSettings",
    "Built",
    "Given",
    "GivenPhoto",
    "PlainWitness",
    "Proposal",
    "Provenance",
    "Rival",
    "SlotWitness",
    "Spot",
    "Testimony",
    "Trial",
    "Witness",
    "alike",
    "build",
    "choose_rivals",
    "read_folder",
    "read_home",
    "read_provenance",
    "witness_of",
    "write_provenance",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})

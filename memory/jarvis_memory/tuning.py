"""Settings that belong to an encoder: the squares it sees, and the cosines that mean "the same" to it."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import SettingError
from jarvis_retrievers.patches import MinerConfig
from jarvis_retrievers.retrieval import RetrieverConfig

__all__ = ["Tuning", "tuned"]

_MINER = MinerConfig(
    k=6,
    scales=(1.0, 0.8, 0.5, 0.4),
    overlap=0.7,
    aspects=(("an emblem", "a badge", "a logo"), ("an accessory", "something to wear", "a collar")),
)
_RETRIEVER = RetrieverConfig()


@dataclass(frozen=True, slots=True)
class Tuning:
    """How patches are mined and concepts found with one encoder.

    Attributes:
        miner: windows, prompts and choice of patches.
        retriever: thresholds.
        bank: (m, dim) unit vectors of many who are nobody in particular, to tell strangers by.
        subjects: what the miner looks for where the category of a concept is not known.
        least_relevance: a photo whose best whole window is below this shows nothing of its concept.
    """

    miner: MinerConfig = _MINER
    retriever: RetrieverConfig = _RETRIEVER
    bank: NDArray[np.float32] | None = field(default=None, compare=False)
    subjects: tuple[str, ...] = ("a photo of a pet", "a photo of a person", "a photo of a thing")
    # Measured with Pocket's encoder on 200 empty rooms and 200 drawn photos of held-out looks: rooms reach
    # 0.0001; photos 0.9995 and more with the right category or none, 0.86 with a word it never learned, and
    # 0.008 at least (0.37 in 99 %) with a wrong category. So no room passes, and no photo is blamed.
    least_relevance: float = 0.001


def tuned(name: str) -> Tuning:
    """Settings for the encoder of this name: of the ``jarvis.json`` beside its weights, else the defaults.

    Raises:
        SettingError: the shipped file names a setting that does not exist.
    """
    tuning, found = Tuning(), _shipped(name)
    try:
        retriever = _frozen(found.get("retriever", {}))
        calibration = replace(_RETRIEVER.calibration, **retriever.pop("calibration", {}))
        return Tuning(
            miner=replace(tuning.miner, **_frozen(found.get("miner", {}))),
            retriever=replace(tuning.retriever, calibration=calibration, **retriever),
            bank=_bank(name),
            subjects=tuple(found.get("subjects", tuning.subjects)),
            least_relevance=float(found.get("least_relevance", tuning.least_relevance)),
        )
    except TypeError as error:
        raise SettingError(
            f"the settings of encoder {name!r} cannot be used: {error}; install the package again"
        ) from error


def _beside(name: str, what: str) -> Path | None:
    """A file beside the weights of the encoder of this name."""
    file = Path(str(importlib.resources.files("jarvis_pocket") / "weights" / "clip" / what))
    return file if name == "pocket" and file.is_file() else None


def _bank(name: str) -> NDArray[np.float32] | None:
    from safetensors.numpy import load_file

    file = _beside(name, "bank.safetensors")
    return None if file is None else load_file(file)["vectors"].astype(np.float32)


def _shipped(name: str) -> dict[str, Any]:
    file = _beside(name, "jarvis.json")
    return {} if file is None else dict(json.loads(file.read_text(encoding="utf-8")))


def _frozen(settings: dict[str, Any]) -> dict[str, Any]:
    """Lists, as JSON has them, become tuples, also inside each other."""

    def freeze(value: Any) -> Any:
        return tuple(map(freeze, value)) if isinstance(value, list) else value

    return {key: freeze(value) for key, value in settings.items()}

"""Settings that belong to an encoder: the squares it sees, and the cosines that mean "the same" to it."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import replace
from typing import Any

from jarvis_retrievers.errors import SettingError
from jarvis_retrievers.patches import MinerConfig
from jarvis_retrievers.retrieval import RetrieverConfig

__all__ = ["tuned"]


def _shipped(name: str) -> dict[str, Any]:
    """The ``jarvis.json`` beside the weights of the model that ships with the package; others have none."""
    if name != "pocket":
        return {}
    file = importlib.resources.files("jarvis_pocket") / "weights" / "clip" / "jarvis.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def tuned(name: str) -> tuple[MinerConfig, RetrieverConfig]:
    """Miner and retriever settings for the encoder of this name; the defaults if none are known.

    Raises:
        SettingError: the shipped file names a setting that does not exist.
    """
    found = _shipped(name)
    try:
        miner = replace(MinerConfig(), **{k: _frozen(v) for k, v in found.get("miner", {}).items()})
        retriever = replace(
            RetrieverConfig(), **{k: _frozen(v) for k, v in found.get("retriever", {}).items()}
        )
    except TypeError as error:
        raise SettingError(
            f"the settings of encoder {name!r} cannot be used: {error}; install the package again"
        ) from error
    return miner, retriever


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

"""The model, as far as it can be seen without loading it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

from .check import Check
from .machine import amount

__all__ = ["MODEL_TYPES", "look_at_model"]

MODEL_TYPES: Final = {
    "qwen2_5_vl": "Qwen2.5-VL",
    "qwen3_vl": "Qwen3-VL",
    "internvl": "InternVL",
    "llava_onevision": "LLaVA-OneVision",
    "smolvlm": "SmolVLM",
    "idefics3": "SmolVLM",
    "gemma3": "Gemma 3",
    "qwen3_5": "Qwen3.5",
}
"""``model_type`` of each family; they themselves would load torch."""


def look_at_model(model: str, clip: str) -> Iterator[Check]:
    """Where a model is, of which family and revision, and what was measured with it."""
    yield Check("model", "name", model)
    folder, revision = _folder(model)
    if folder is None:
        how = "it is fetched from the hub when it is first used; without a network, name a folder"
        yield Check("model", "files", "not on this disk", "warning", how)
    else:
        size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        if not size:
            how = "fetch it again, or name another folder"
            yield Check("model", "files", f"{folder} has no weights in safetensors", "wrong", how)
        else:
            yield Check("model", "files", f"{amount(size)} in {folder}")
        yield _family(folder)
        if revision:
            yield Check("model", "revision", revision)
        measured = _json(folder / "gate.json")
        if measured:
            yield Check("model", "gate", f"{measured.get('mode')} with {measured.get('storage')}, as shipped")
    yield Check("model", "encoder", clip)


def _family(folder: Path) -> Check:
    found = _json(folder / "config.json").get("model_type", "")
    name = MODEL_TYPES.get(str(found))
    if name is None:
        how = f"choose a model of {', '.join(dict.fromkeys(MODEL_TYPES.values()))}"
        return Check("model", "family", f"{found or 'unknown'}, which is not supported", "wrong", how)
    return Check("model", "family", name)


def _folder(model: str) -> tuple[Path | None, str]:
    """Where the files are, and for a model of the hub which commit."""
    if model == "pocket":
        return Path(str(resources.files("jarvis_pocket"))) / "weights" / "vlm", ""
    path = Path(model).expanduser()
    if path.is_dir():
        return path, ""
    there = _hub() / f"models--{model.replace('/', '--')}"
    try:
        commit = (there / "refs" / "main").read_text().strip()
    except OSError:
        return None, ""
    snapshot = there / "snapshots" / commit
    return (snapshot, commit[:12]) if snapshot.is_dir() else (None, "")


def _hub() -> Path:
    """Where huggingface_hub keeps what it has fetched."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

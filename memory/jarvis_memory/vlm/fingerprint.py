"""What a segment depends on, as one digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import torch

from jarvis_memory.kv import FORMAT_VERSION

__all__ = ["model_fingerprint", "weights_digest"]

# Neither changes what the model computes; the first is often a path.
_ASIDE = ("_name_or_path", "transformers_version")


def model_fingerprint(
    model: Any,
    processor: Any,
    *,
    name: str,
    revision: str | None,
    tokenizer_state: str,
    prefix_ids: tuple[int, ...],
    patch_side: int,
    photo_pixels: int | None,
) -> str:
    """SHA-256, in hexadecimal, of everything that a segment of this model depends on.

    Two segments may stand in one context, and a stored one may be used again, only where this is equal.

    Args:
        model: A transformers model, as it will compute: its weights are read as they are now.
        processor: Its processor.
        name: The id of the model.
        revision: The revision of its repository, where it came from one.
        tokenizer_state: The whole tokenizer as canonical JSON.
        prefix_ids: The tokens of the prefix.
        patch_side: Side in pixels of an encoded patch.
        photo_pixels: The most pixels of a whole photo, if that is not left to the processor.
    """
    import transformers

    about = {
        "chat_template": _digest(processor.chat_template),
        "config": model.config.to_dict(),
        "dtype": str(model.dtype),
        "format": FORMAT_VERSION,
        "model": name,
        "patch_side": patch_side,
        "photo_pixels": photo_pixels,
        "prefix": list(prefix_ids),
        "processor": processor.image_processor.to_dict(),
        "revision": revision or "",
        "tokenizer": _digest(tokenizer_state),
        "transformers": ".".join(transformers.__version__.split(".")[:2]),
        "weights": weights_digest(model),
    }
    return _digest(json.dumps(_plain(about), sort_keys=True, ensure_ascii=True, separators=(",", ":")))


def weights_digest(model: Any) -> str:
    """SHA-256, in hexadecimal, of names, dtypes, shapes and bytes of all weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(memoryview(flat.view(torch.uint8).numpy()))
    return digest.hexdigest()


def _digest(text: str | dict[str, str]) -> str:
    if not isinstance(text, str):
        text = json.dumps(text, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """The same as JSON values, without what does not matter."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items() if k not in _ASIDE}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)

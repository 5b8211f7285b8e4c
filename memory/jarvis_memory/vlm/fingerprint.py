"""What a segment depends on, as one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import torch

from jarvis_memory.kv import FORMAT_VERSION

from .adapters import adapters

__all__ = ["FIELDS", "model_fields", "model_fingerprint", "weights_digest"]

FIELDS = (
    "adapter",
    "attention",
    "chat_template",
    "config",
    "dtype",
    "format",
    "model",
    "patch_side",
    "photo_pixels",
    "prefix",
    "processor",
    "quantisation",
    "revision",
    "rope",
    "tokenizer",
    "torch",
    "transformers",
    "weights",
)
"""Everything that a fingerprint is made of, sorted."""

# Neither changes what the model computes; the first is often a path.
_ASIDE = ("_name_or_path", "transformers_version")


def model_fields(
    model: Any,
    processor: Any,
    *,
    name: str,
    revision: str | None,
    tokenizer_state: str,
    prefix_ids: tuple[int, ...],
    patch_side: int,
    photo_pixels: int | None,
) -> dict[str, Any]:
    """Everything that a segment of this model depends on, as JSON values by :data:`FIELDS`.

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

    config = model.config.to_dict()
    quantisation = config.pop("quantization_config", None)
    fields = {
        "adapter": adapters(model),
        "attention": list(_attention(model.config)),
        "chat_template": _digest(processor.chat_template),
        "config": config,
        "dtype": str(model.dtype),
        "format": FORMAT_VERSION,
        "model": name,
        "patch_side": patch_side,
        "photo_pixels": photo_pixels,
        "prefix": list(prefix_ids),
        "processor": _processing(processor),
        "quantisation": quantisation,
        "revision": revision or "",
        "rope": _rope(model),
        "tokenizer": _digest(tokenizer_state),
        "torch": _minor(torch.__version__),
        "transformers": _minor(transformers.__version__),
        "weights": weights_digest(model),
    }
    return {field: _plain(value) for field, value in fields.items()}


def model_fingerprint(fields: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal, of :func:`model_fields`.

    Two segments may stand in one context, and a stored one may be used again, only where this is equal.
    """
    return _digest(json.dumps(fields, sort_keys=True, ensure_ascii=True, separators=(",", ":")))


def weights_digest(model: Any) -> str:
    """SHA-256, in hexadecimal, of names, dtypes, shapes and bytes of all weights."""
    return _tensors_digest(model.state_dict())


def _tensors_digest(tensors: dict[str, torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _attention(config: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Which attention each part of the model computes with; a config says so only when it is asked."""
    yield name, str(getattr(config, "_attn_implementation", None))
    for part in sorted(getattr(config, "sub_configs", None) or ()):
        inner = getattr(config, part, None)
        if inner is not None:
            yield from _attention(inner, f"{name}.{part}")


def _processing(processor: Any) -> dict[str, Any]:
    """How images are made, and what the processor itself says of it, such as how many tokens an image has."""
    own = {key: value for key, value in vars(processor).items() if isinstance(value, (bool, int, float, str))}
    own.pop("chat_template", None)
    return {"images": processor.image_processor.to_dict(), "kind": type(processor).__name__, "own": own}


def _rope(model: Any) -> dict[str, Any]:
    """Frequencies as they are now: they stand in no file of weights, and a program may stretch them."""
    stored = model.state_dict()
    tables = {name: table for name, table in model.named_buffers() if name not in stored}
    scaling = {
        name: module.attention_scaling
        for name, module in model.named_modules()
        if isinstance(getattr(module, "attention_scaling", None), (int, float))
    }
    return {"tables": _tensors_digest(tables), "scaling": scaling}


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


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
    if isinstance(value, (set, frozenset)):
        return sorted(str(_plain(v)) for v in value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)

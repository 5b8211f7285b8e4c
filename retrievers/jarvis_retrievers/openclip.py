"""OpenCLIP as an `ImageTextEncoder`: the model that ships here, a local folder, or a published one."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import open_clip
import torch
from safetensors import SafetensorError

from .errors import InputError, SettingError
from .pixels import PixelBatch
from .tower import image_tower

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["OpenCLIPEncoder"]

_CONFIG: Final = "open_clip_config.json"


class OpenCLIPEncoder:
    """Image and text towers of one OpenCLIP model (float32, no gradients); safe to share between threads.

    Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021),
    section 2.3; model format of the open_clip package.
    """

    def __init__(
        self,
        model: Any,
        preprocess: Any,
        tokenizer: Any,
        *,
        fingerprint: str,
        batch_size: int = 64,
        name: str = "",
    ) -> None:
        """Wrap a loaded model; `load` is the usual way in.

        Args:
            model: an open_clip model with ``encode_image`` and ``encode_text``.
            preprocess: Pillow image -> tensor (3, h, w), the model's evaluation transform.
            tokenizer: open_clip tokenizer of the model.
            fingerprint: identity of model, weights and preprocessing.
            batch_size: images or texts per forward, at least 1.
            name: what it was loaded by; settings of a known encoder are found by it.

        Raises:
            SettingError: a batch size below 1.
        """
        if batch_size < 1:
            raise SettingError(f"batch_size must be at least 1, got {batch_size}")
        self.name = name
        self._model = model.float().eval().requires_grad_(False)
        self._pixels, self._image = PixelBatch(preprocess), image_tower(self._model)
        self._words = _Words(tokenizer)
        self._device = next(model.parameters()).device
        self._batch_size = batch_size
        self._fingerprint = fingerprint
        with torch.no_grad():
            self._dim = int(self._model.encode_text(self._words([""]).to(self._device)).shape[1])
            self._logit_scale = float(self._model.logit_scale.exp())

    @classmethod
    def load(cls, name: str = "pocket", device: str | None = None, batch_size: int = 64) -> Self:
        """Load a model by name.

        Args:
            name: ``"pocket"`` (ships with the project), a local folder in open_clip's format, or
                ``"ARCHITECTURE/TAG"`` such as ``"ViT-B-32/laion2b_s34b_b79k"`` (downloaded on first use).
            device: a torch device; ``None`` takes the first GPU if there is one.
            batch_size: images or texts per forward.

        Raises:
            SettingError: a model that is unknown, missing or broken, or a device that is not there.
        """
        place = _device(device)
        label, source, tag = _resolve(name)
        try:
            # Weights are read as safetensors or with torch's weights-only reader; open_clip sees to both.
            model, _, preprocess = open_clip.create_model_and_transforms(source, pretrained=tag, device=place)
            tokenizer = open_clip.get_tokenizer(source)
        except (
            OSError,
            RuntimeError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            SafetensorError,
        ) as error:
            reason = " ".join(str(error).split())[:200]
            raise SettingError(f"the OpenCLIP model {name!r} cannot be loaded: {reason}") from error
        config = {
            "model": open_clip.get_model_config(source),
            "preprocess": open_clip.get_model_preprocess_cfg(model),
        }
        fingerprint = _fingerprint(label, config, model)
        return cls(model, preprocess, tokenizer, fingerprint=fingerprint, batch_size=batch_size, name=name)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over the model's name, configuration and weights."""
        return self._fingerprint

    @property
    def logit_scale(self) -> float:
        """What the model multiplies cosines with before a softmax (its learned inverse temperature)."""
        return self._logit_scale

    def encode_images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Float32 array (n, dim) of unit rows. An oblong image is cut to its centre."""
        rows = []
        for start in range(0, len(images), self._batch_size):
            batch = self._pixels(images[start : start + self._batch_size])
            with torch.inference_mode():
                rows.append(_unit(self._image(batch.to(self._device))))
        return np.concatenate(rows) if rows else np.zeros((0, self._dim), np.float32)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Float32 array (n, dim) of unit rows. A text longer than the model's context is cut.

        Raises:
            InputError: one string where a sequence is meant, or a text that cannot be told from control
                tokens.
        """
        if isinstance(texts, str):
            raise InputError(
                f"texts must be a sequence of strings, got one string {texts[:40]!r}; put it in a list"
            )
        rows = []
        for start in range(0, len(texts), self._batch_size):
            ids = self._words(list(texts[start : start + self._batch_size]))
            with torch.inference_mode():
                rows.append(_unit(self._model.encode_text(ids.to(self._device))))
        return np.concatenate(rows) if rows else np.zeros((0, self._dim), np.float32)


class _Words:
    """User text to token ids (n, context length) without a way to a control token.

    CLIP's tokenizer lower-cases, unescapes HTML twice and then takes ``<end_of_text>`` in a text for the
    real end, which cuts off what follows. So the ids of the text are filtered, not its characters.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        # Fast tokenizers keep their truncation setting in a place that threads share.
        self._lock = threading.Lock()

    def __call__(self, texts: list[str]) -> torch.Tensor:
        # A lone surrogate (half an emoji) has no UTF-8 form.
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        with self._lock:
            if hasattr(self._tokenizer, "all_special_ids"):
                return self._clip(clean)
            return torch.as_tensor(self._tokenizer([self._without_added(text) for text in clean]))

    def _clip(self, texts: list[str]) -> torch.Tensor:
        tokenizer, special = self._tokenizer, set(self._tokenizer.all_special_ids)
        length = int(tokenizer.context_length)
        ids = torch.zeros(len(texts), length, dtype=torch.long)
        for row, text in enumerate(texts):
            inner = [token for token in tokenizer.encode(text) if token not in special][: length - 2]
            whole = [tokenizer.sot_token_id, *inner, tokenizer.eot_token_id]
            ids[row, : len(whole)] = torch.tensor(whole)
        return ids

    def _without_added(self, text: str) -> str:
        """For Hugging Face tokenizers: bare letters and digits where the text would hit an added token."""
        if not self._hits_added(text):
            return text
        plain = "".join(letter if letter.isalnum() else " " for letter in text)
        if self._hits_added(plain):
            raise InputError(f"the text {text[:40]!r} holds a control token of the text encoder; reword it")
        return plain

    def _hits_added(self, text: str) -> bool:
        inner = self._tokenizer.tokenizer
        added = set(inner.get_added_vocab().values()) - {inner.unk_token_id}
        cleaned = self._tokenizer.clean_fn(text)
        return not added.isdisjoint(inner(cleaned, add_special_tokens=False).input_ids)


def _unit(features: torch.Tensor) -> NDArray[np.float32]:
    rows: NDArray[np.float32] = torch.nn.functional.normalize(features.float(), dim=-1).cpu().numpy()
    return rows


def _device(device: str | None) -> torch.device:
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(device)
        torch.empty(1, device=place)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise SettingError(f"device {device!r} cannot be used; give 'cpu', 'cuda' or leave it out") from error
    return place


def _resolve(name: str) -> tuple[str, str, str | None]:
    """Label for the fingerprint, open_clip's model name, and its pretrained tag."""
    if name == "pocket":
        folder = Path(str(importlib.resources.files("jarvis_pocket"))) / "weights" / "clip"
        if not (folder / _CONFIG).is_file():
            raise SettingError(
                "the pocket OpenCLIP weights are not installed with this package; "
                "train them, or name another model such as 'ViT-B-32/laion2b_s34b_b79k'"
            )
        return name, f"local-dir:{folder}", None
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        if not (folder / _CONFIG).is_file() or not any(folder.glob("*.safetensors")):
            raise SettingError(
                f"folder {name!r} holds no OpenCLIP model; it needs {_CONFIG} and a .safetensors file"
            )
        # Not the path: a folder that moves is still the same model.
        return "local-dir", f"local-dir:{folder}", None
    architecture, _, tag = name.partition("/")
    if architecture not in open_clip.list_models():
        raise SettingError(
            f"no OpenCLIP model {name!r}: neither a folder nor 'ARCHITECTURE/TAG' with a known architecture; "
            "try 'pocket' or 'ViT-B-32/laion2b_s34b_b79k'"
        )
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if tag not in tags:
        known = ", ".join(tags[:8]) or "none"
        raise SettingError(f"OpenCLIP's {architecture} has no weights {tag!r}; known: {known}")
    return name, architecture, tag


def _fingerprint(label: str, config: dict[str, Any], model: torch.nn.Module) -> str:
    digest = hashlib.sha256()

    def add(field: bytes) -> None:
        digest.update(len(field).to_bytes(8, "little"))
        digest.update(field)

    add(b"jarvis.openclip.v1")
    add(label.encode())
    add(json.dumps(config, sort_keys=True, default=str).encode())
    for key, value in sorted(model.state_dict().items()):
        tensor = value.detach().cpu().contiguous()
        add(f"{key}|{tensor.dtype}|{tuple(tensor.shape)}".encode())
        add(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()

"""Writes blocks of text and images into a training example."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TAIL = "<|im_end|>\n<|im_start|>assistant\n"
TURN = "<|im_end|>\n<|im_start|>user\n"


@dataclass
class Example:
    """Token ids, labels (-100: not judged), blocks, M-RoPE positions (3, tokens), and the images by size."""

    ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    positions: list[tuple[int, int, int]] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    images: list[tuple[int, NDArray[np.uint8]]] = field(default_factory=list)


class Writer:
    """Writes blocks of text and images into an `Example`."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.cache: dict[str, list[int]] = {}
        names = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>")
        self.vision_start, self.vision_end, self.pad = tokenizer.convert_tokens_to_ids(list(names))
        self.example = Example()
        self.ends: list[int] = []

    def encode(self, text: str) -> list[int]:
        """Token ids of a text (control tokens count: the templates are ours)."""
        if text not in self.cache:
            if len(self.cache) > 200_000:
                self.cache.clear()
            self.cache[text] = self.tokenizer(text)["input_ids"]
        return self.cache[text]

    def open(self, parent: int) -> int:
        """Start a block behind ``parent`` (-1: the root); returns its number."""
        self.example.parents.append(parent)
        self.ends.append(self.ends[parent] if parent >= 0 else 0)
        return len(self.ends) - 1

    def text(self, text: str, kind: int = -1) -> None:
        """Write text; ``kind`` >= 0 makes it an answer that is judged."""
        self._put(self.encode(text), kind)

    def verdicts(self, text: str, pattern: re.Pattern[str], kind: int) -> None:
        """Write text of which only the tokens that ``pattern`` touches are judged."""
        encoded = self.tokenizer(text, return_offsets_mapping=True)
        spans = [found.span() for found in pattern.finditer(text)]
        start = len(self.example.ids)
        self._put(encoded["input_ids"], kind)
        for at, (begin, end) in enumerate(encoded["offset_mapping"], start):
            if not any(begin < last and first < end for first, last in spans):
                self.example.labels[at], self.example.kinds[at] = -100, -1

    def _put(self, ids: list[int], kind: int = -1) -> None:
        example, block = self.example, len(self.ends) - 1
        start = self.ends[block]
        example.ids += ids
        example.labels += ids if kind >= 0 else [-100] * len(ids)
        example.kinds += [kind] * len(ids)
        example.blocks += [block] * len(ids)
        example.positions += [(start + i,) * 3 for i in range(len(ids))]
        self.ends[block] = start + len(ids)

    def image(self, image: Image.Image) -> None:
        """Write an image between its markers; its sides are multiples of 16 pixels."""
        rows, columns = image.height // 16, image.width // 16
        self.example.images.append((len(self.example.ids) + 1, np.asarray(image, dtype=np.uint8)))
        self._grid([self.pad] * (rows * columns), rows, columns)

    def imagine(self, words: Sequence[str], rows: int, columns: int) -> None:
        """Write words where the cells of an image would be, at its positions; of a word the first token."""
        self._grid([self.encode(f" {word}")[0] for word in words], rows, columns)

    def _grid(self, ids: list[int], rows: int, columns: int) -> None:
        self._put([self.vision_start])
        example, block = self.example, len(self.ends) - 1
        start, count = self.ends[block], rows * columns
        if len(ids) != count:
            raise ValueError(f"a grid of {rows} x {columns} holds {count} tokens: got {len(ids)}")
        example.ids += ids
        example.labels += [-100] * count
        example.kinds += [-1] * count
        example.blocks += [block] * count
        example.positions += [(start, start + r, start + c) for r in range(rows) for c in range(columns)]
        self.ends[block] = start + max(rows, columns)
        self._put([self.vision_end])

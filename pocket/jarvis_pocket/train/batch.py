"""From examples to tensors, and the forward pass over a batch of trees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from jarvis_pocket.train.writer import Example


@dataclass
class Batch:
    """A padded batch.

    ``ids``, ``labels``, ``kinds``, ``blocks`` (B, T); ``positions`` (3, B, T); ``sees`` (B, blocks, blocks);
    ``images``: per size (rows, columns of 8-pixel patches) the pixels (N, 3, H, W) uint8 and the flat slots
    (N, tokens).
    """

    ids: Tensor
    labels: Tensor
    kinds: Tensor
    blocks: Tensor
    positions: Tensor
    sees: Tensor
    images: dict[tuple[int, int], tuple[Tensor, Tensor]]

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        images = {
            size: (pixels.to(device), slots.to(device)) for size, (pixels, slots) in self.images.items()
        }
        parts = (self.ids, self.labels, self.kinds, self.blocks, self.positions, self.sees)
        ids, labels, kinds, blocks, positions, sees = (part.to(device) for part in parts)
        return Batch(ids, labels, kinds, blocks, positions, sees, images)


def collate(examples: Sequence[Example], pad: int) -> Batch:
    """Pad examples to one length; padding is a block that nobody sees."""
    length = max(len(e.ids) for e in examples)
    most = max(len(e.parents) for e in examples) + 1
    shape = (len(examples), length)
    ids, labels = np.full(shape, pad), np.full(shape, -100)
    kinds, blocks = np.full(shape, -1), np.full(shape, most - 1)
    positions = np.zeros((3, *shape), dtype=np.int64)
    sees = np.zeros((len(examples), most, most), dtype=bool)
    images: dict[tuple[int, int], tuple[list[NDArray[np.uint8]], list[NDArray[np.int64]]]] = defaultdict(
        lambda: ([], [])
    )
    for row, example in enumerate(examples):
        n = len(example.ids)
        ids[row, :n], labels[row, :n], kinds[row, :n] = example.ids, example.labels, example.kinds
        blocks[row, :n] = example.blocks
        positions[:, row, :n] = np.asarray(example.positions).T
        sees[row, most - 1, most - 1] = True
        for block, parent in enumerate(example.parents):
            sees[row, block] = sees[row, parent] if parent >= 0 else False
            sees[row, block, block] = True
        for start, pixels in example.images:
            size = (pixels.shape[0] // 8, pixels.shape[1] // 8)
            count = size[0] * size[1] // 4
            images[size][0].append(pixels.transpose(2, 0, 1))
            images[size][1].append(row * length + start + np.arange(count))
    return Batch(
        ids=torch.from_numpy(ids),
        labels=torch.from_numpy(labels),
        kinds=torch.from_numpy(kinds),
        blocks=torch.from_numpy(blocks),
        positions=torch.from_numpy(positions),
        sees=torch.from_numpy(sees),
        images={
            s: (torch.from_numpy(np.stack(p)), torch.from_numpy(np.stack(i))) for s, (p, i) in images.items()
        },
    )


def patchify(pixels: Tensor) -> Tensor:
    """Images (N, 3, H, W) in 0..255 to the flat patches (N, patches, 3*2*8*8) that Qwen's processor makes."""
    n, _, height, width = pixels.shape
    x = (pixels.float() / 255 - 0.5) / 0.5
    x = x.reshape(n, 3, height // 16, 2, 8, width // 16, 2, 8).permute(0, 2, 5, 3, 6, 1, 4, 7)
    x = x.unsqueeze(6).expand(-1, -1, -1, -1, -1, -1, 2, -1, -1)  # the one frame stands for a pair of frames
    return x.reshape(n, height * width // 64, -1)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat((-second, first), -1) * sin


def see(tower: Any, pixels: Tensor) -> Tensor:
    """The vision tower on images of one size at once: (N, 3, H, W) to (N, tokens, width).

    The stock forward packs images and loops over them; this one has the same weights and the same values.
    """
    n, _, height, width = pixels.shape
    patches = patchify(pixels)
    count = patches.shape[1]
    x = tower.patch_embed(patches.reshape(n * count, -1)).reshape(n, count, -1)
    rows, columns = torch.meshgrid(torch.arange(height // 8), torch.arange(width // 8), indexing="ij")
    grid = torch.stack((rows, columns), -1).reshape(height // 16, 2, width // 16, 2, 2).permute(0, 2, 1, 3, 4)
    heads = tower.blocks[0].attn.num_heads
    head = x.shape[-1] // heads
    inv_freq = 1.0 / (10000.0 ** (torch.arange(0, head // 2, 2, dtype=torch.float32) / (head // 2)))
    angles = (grid.reshape(count, 2, 1).float() * inv_freq).reshape(count, -1).repeat(1, 2).to(x.device)
    cos, sin = angles.cos(), angles.sin()
    for block in tower.blocks:
        qkv = block.attn.qkv(block.norm1(x)).reshape(n, count, 3, heads, head).permute(2, 0, 3, 1, 4)
        q, k, v = _rotate(qkv[0], cos, sin), _rotate(qkv[1], cos, sin), qkv[2]
        mixed = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, count, -1)
        x = x + block.attn.proj(mixed)
        x = x + block.mlp(block.norm2(x))
    return tower.merger(x.reshape(n * count, -1)).reshape(n, count // 4, -1)  # type: ignore[no-any-return]


def forward(model: Any, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Logits (J, vocabulary) before the judged tokens; these tokens, their kinds, numbers of answers (J,)."""
    embeds = model.get_input_embeddings()(batch.ids)
    flat = embeds.reshape(-1, embeds.shape[-1])
    for pixels, slots in batch.images.values():
        seen = see(model.model.visual, pixels)
        flat = flat.index_copy(0, slots.reshape(-1), seen.reshape(-1, seen.shape[-1]).to(flat.dtype))
    embeds = flat.reshape(embeds.shape)
    rows = torch.arange(len(batch.ids), device=batch.ids.device)[:, None, None]
    allowed = batch.sees[rows, batch.blocks[:, :, None], batch.blocks[:, None, :]]
    allowed = allowed & torch.ones(allowed.shape[-2:], dtype=torch.bool, device=allowed.device).tril()
    mask = torch.zeros(allowed.shape, dtype=embeds.dtype, device=embeds.device)
    mask = mask.masked_fill(~allowed, torch.finfo(embeds.dtype).min)[:, None]
    hidden = model.model.language_model(
        inputs_embeds=embeds, position_ids=batch.positions, attention_mask=mask, use_cache=False
    ).last_hidden_state
    judged = batch.labels[:, 1:] >= 0
    logits = model.lm_head(hidden[:, :-1][judged])
    answers = rows[..., 0] * batch.sees.shape[1] + batch.blocks
    return logits, batch.labels[:, 1:][judged], batch.kinds[:, 1:][judged], answers[:, 1:][judged]

"""The cohort that ships with Pocket's OpenCLIP model: vectors of many who are nobody in particular.

How near the nearest of them comes to a concept says how near strangers will come.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from jarvis_pocket import scene, world

COHORT = 1000
_SIDE = 256
_AT_ONCE = 50


@torch.no_grad()
def write_bank(folder: Path, model: Any, side: int, count: int = COHORT, seed: int = 0) -> Path:
    """Write unit vectors (count, dim), float16, of photos of looks of the training split.

    Args:
        folder: of the exported model; gets ``bank.safetensors`` with the tensor ``vectors``.
        model: an open_clip model.
        side: pixels of the square that it sees.
        count: how many looks.
        seed: of the draw.
    """
    rng = random.Random(f"bank/{seed}")
    lots, was = [], model.training
    model.eval()
    for start in range(0, count, _AT_ONCE):
        pixels = []
        for _ in range(min(_AT_ONCE, count - start)):
            photo = scene.draw_photo(rng, world.draw_look(rng, "train", seed), _SIDE).image
            small = photo.resize((side, side), Image.Resampling.BOX)  # as photos are shrunk in use
            pixels.append(np.asarray(small, dtype=np.uint8).transpose(2, 0, 1))
        batch = torch.from_numpy(np.stack(pixels)).float() / 255
        weight = model.logit_scale
        lots.append(model.encode_image(((batch - 0.5) / 0.5).to(weight.device, weight.dtype), normalize=True))
    model.train(was)
    file = folder / "bank.safetensors"
    save_file({"vectors": torch.cat(lots).half().cpu().contiguous()}, file)
    return file

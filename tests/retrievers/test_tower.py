"""The quick way of an image to its vector, against the model's own way and each picture by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from torchvision import transforms

from jarvis_retrievers.openclip import OpenCLIPEncoder
from jarvis_retrievers.pixels import PixelBatch
from jarvis_retrievers.tower import image_tower

VISION: dict[str, Any] = {"image_size": 32, "layers": 3, "width": 32, "head_width": 16, "patch_size": 8}
TEXT: dict[str, Any] = {"context_length": 16, "vocab_size": 600, "width": 16, "heads": 2, "layers": 1}


def noise(count: int, size: tuple[int, int]) -> list[Image.Image]:
    chance = np.random.default_rng(3)
    shape = (size[1], size[0], 3)
    return [Image.fromarray(chance.integers(0, 256, shape, dtype=np.uint8)) for _ in range(count)]


@pytest.mark.parametrize(
    ("change", "short"),
    [
        ({}, True),
        ({"ls_init_value": 0.3}, True),
        ({"final_ln_after_pool": True}, True),
        ({"no_ln_pre": True}, True),
        ({"pool_type": "avg"}, False),
        ({"attentional_pool": True, "attn_pooler_queries": 4, "attn_pooler_heads": 2}, False),
        ({"output_tokens": True}, False),
    ],
)
def test_the_tower_equals_the_models_own(change: dict[str, Any], short: bool) -> None:
    torch.manual_seed(0)
    vision = open_clip.CLIPVisionCfg(**VISION | change)
    model = open_clip.CLIP(embed_dim=16, vision_cfg=vision, text_cfg=open_clip.CLIPTextCfg(**TEXT)).eval()
    for block in model.visual.transformer.resblocks:  # zeros in a new model would hide a bias left out
        torch.nn.init.normal_(block.attn.in_proj_bias)
        torch.nn.init.normal_(block.attn.out_proj.bias)
    tower = image_tower(model)
    assert (tower != model.encode_image) is short
    if not short:
        return
    pixels = torch.randn(5, 3, 32, 32)
    with torch.no_grad():
        made, own = (
            torch.nn.functional.normalize(way(pixels), dim=-1) for way in (tower, model.encode_image)
        )
    torch.testing.assert_close(made, own, atol=2e-6, rtol=0)


def test_a_convolutional_tower_is_left_alone() -> None:
    vision = open_clip.CLIPVisionCfg(image_size=32, layers=(1, 1, 1, 1), width=8)
    model = open_clip.CLIP(embed_dim=16, vision_cfg=vision, text_cfg=open_clip.CLIPTextCfg(**TEXT)).eval()
    assert image_tower(model) == model.encode_image


@pytest.mark.parametrize("mode", ["shortest", "squash", "longest"])
@pytest.mark.parametrize("size", [32, (24, 40)])
def test_many_pictures_are_each_as_by_itself(mode: str, size: Any) -> None:
    transform = open_clip.image_transform(
        size, is_train=False, mean=(0.48, 0.45, 0.4), std=(0.26, 0.27, 0.28), resize_mode=mode
    )
    batch = PixelBatch(transform)
    height, width = (size, size) if isinstance(size, int) else size
    grey = noise(1, (width, height))[0].convert("L")
    for images in (
        noise(5, (width, height)),
        [grey],
        noise(3, (50, 41)),
        [*noise(2, (width, height)), *noise(1, (9, 70))],
    ):
        expected = torch.stack([transform(image.convert("RGB")) for image in images])
        assert torch.equal(batch(images), expected)
    assert batch._size == (width, height)


def test_a_transform_that_does_more_is_applied_to_each() -> None:
    normal = transforms.Normalize((0.5,) * 3, (0.5,) * 3)
    blurred = transforms.Compose(
        [transforms.Resize((32, 32)), transforms.GaussianBlur(3), transforms.ToTensor(), normal]
    )
    for transform in (blurred, lambda image: normal(transforms.ToTensor()(image.resize((32, 32))))):
        batch, images = PixelBatch(transform), noise(3, (32, 32))
        assert batch._size is None
        torch.manual_seed(1)
        expected = torch.stack([transform(image) for image in images])
        torch.manual_seed(1)
        assert torch.equal(batch(images), expected)


def test_pockets_vectors_are_those_of_its_model() -> None:
    encoder = OpenCLIPEncoder.load("pocket", device="cpu")
    images = noise(70, (48, 48)) + noise(2, (64, 48))
    with torch.no_grad():
        rows = [encoder._model.encode_image(encoder._pixels._transform(image)[None]) for image in images]
    own = torch.nn.functional.normalize(torch.cat(rows), dim=-1).numpy()
    np.testing.assert_allclose(encoder.encode_images(images), own, atol=1e-5)

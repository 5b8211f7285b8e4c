"""The whole subject is chosen by what shows it best, whoever else looks like it."""

from __future__ import annotations

from PIL import Image, ImageDraw

from jarvis_retrievers.patches import MinerConfig, PatchMiner, crop
from jarvis_retrievers.reference import ColourEncoder

CONFIG = MinerConfig(background_prompts=("green", "gray"), logit_scale=20.0, side=32, min_side=4)


def test_a_look_alike_does_not_push_the_window_off_its_subject() -> None:
    """A shifted window is more distinct from a look-alike, but it shows the subject worse."""
    mine = Image.new("RGB", (64, 64), (30, 160, 50))
    pen = ImageDraw.Draw(mine)
    pen.rectangle((20, 20, 62, 62), fill="#dc1e1e")
    pen.rectangle((34, 34, 49, 49), fill="#f0dc28")
    encoder = ColourEncoder()
    alone = PatchMiner(encoder, CONFIG).mine([mine], ["red"])
    twin = encoder.encode_images([crop(mine, alone[0].box, 32)])
    beside = PatchMiner(encoder, CONFIG).mine([mine], ["red"], twin)
    assert alone[0].box.left > 0  # a window off the subject was there to be chosen
    assert beside[0].box == alone[0].box
    assert beside[0].distinctiveness < 0.01 < alone[0].distinctiveness

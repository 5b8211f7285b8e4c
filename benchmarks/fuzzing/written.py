"""What people give: pictures, what names pictures, names, notes, and text for the model."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from jarvis_retrievers.errors import ImageError, InputError, JarvisError

from .target import Target, as_text, folder, must

__all__ = ["TARGETS"]


def _images() -> list[bytes]:
    from PIL import Image

    found = []
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        buffer = io.BytesIO()
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (5, 3), (200, 30, 40)).save(buffer, kind, exif=exif.tobytes())
        found.append(buffer.getvalue())
    return found


def _image(data: bytes) -> None:
    import warnings

    from jarvis_retrievers.images import load_image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of spoilt EXIF
            made = load_image(data, max_pixels=100_000)
    except ImageError as error:
        must("\n" not in str(error), "an error of two lines")
        return
    must(made.mode == "RGB" and not made.info and made.width * made.height <= 100_000, "not plain RGB")


def _sources() -> list[bytes]:
    return [
        b"data:image/png;base64,iVBORw0KGgo=",
        b"https://a.example:443/a.png?x=1",
        b"file:///etc/a",
        b"../a",
        b"a.png",
    ]


def _source(data: bytes) -> None:
    from jarvis_retrievers.sources import ImagePolicy

    text = as_text(data)
    for policy in (ImagePolicy(), ImagePolicy(root=folder())):
        for take in (policy.load, policy.from_url, policy.from_base64, policy.from_path):
            try:
                take(text)
            except ImageError as error:
                must("\n" not in str(error), "an error of two lines")


def _names() -> list[bytes]:
    texts = ["Bo", "Mia's mug", "\uff1c\uff5cim_end\uff5c\uff1e", "ear: black", "e\u0301", "A dog."]
    return [text.encode() for text in texts]


def _name(data: bytes) -> None:
    from jarvis_memory.checks import check_attribute, check_caption, check_name, check_note, name_key
    from jarvis_memory.profile import build_profile, profile_text

    text = as_text(data)
    for check in (check_name, check_attribute, check_caption):
        try:
            kept = check(text)
        except JarvisError as error:
            must("\n" not in str(error), "an error of two lines")
            continue
        must(check(kept) == kept, f"{check.__name__} does not keep what it gave")
        must(len(kept.splitlines()) == 1, f"{check.__name__} gave several lines")
    must(name_key(name_key(text)) == name_key(text), "a key of a key is another")
    try:
        note = check_note(text)
    except InputError:
        return
    must(note == text, "a note was changed")
    profile = build_profile("Bo", [note], None)
    must(all("\n" not in fact for fact in profile.facts), "a fact of two lines")
    must(
        profile_text(profile) == profile_text(build_profile("Bo", [note], None)),
        "two profiles of one note",
    )


@cache
def _encoder() -> Any:
    from jarvis_memory.vlm import VLM

    return VLM.load("pocket", device="cpu").parts.encoder


def _prompts() -> list[bytes]:
    return [
        b"<|im_end|>",
        b"<|vision_start|><|image_pad|><|vision_end|>",
        b"What does Bo like?",
        b"<tool_call>{}",
    ]


def _prompt(data: bytes) -> None:
    text = as_text(data)
    encoder = _encoder()
    try:
        ids = encoder.encode(text)
    except InputError:
        return
    must(not encoder.control_ids & set(ids), "a text became a control token")
    must(encoder.decode(ids) == text, "a text did not come back")


TARGETS = {
    "image": Target("the door of images", _images, _image),
    "name": Target("names, notes, captions and attributes", _names, _name),
    "prompt": Target("text on its way to the model", _prompts, _prompt),
    "source": Target("addresses and paths of images", _sources, _source),
}

"""Headers of tensor files that lie, and pictures that cost more than they show."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save

from jarvis_retrievers.cluster_snapshot import ClusterSnapshot
from jarvis_retrievers.errors import CorruptRecordError, ImageError
from jarvis_retrievers.images import load_image
from jarvis_retrievers.tensor_file import header_of


def behind(header: str, rows: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header.encode() + rows


def test_a_header_is_what_the_library_writes() -> None:
    header = header_of(save({"a": np.zeros((2, 3), np.float32)}, {"k": "v"}))
    assert header["__metadata__"] == {"k": "v"}
    assert header["a"] == {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "claims 0 bytes"),
        (b"\xff" * 8, "claims 18446744073709551615 bytes"),
        (behind("{}")[:-1], "claims 2 bytes"),
        (behind(json.dumps({str(n): n for n in range(20_000)})), "of at most 65536"),
        (behind("[" * 50_000), "nested too deeply"),
        (behind("[]"), "no JSON object"),
        (behind("{"), "Expecting"),
    ],
)
def test_one_that_lies_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        header_of(data)
    with pytest.raises(CorruptRecordError, match="no snapshot of clusters"):
        ClusterSnapshot.from_bytes(data, 4)


def test_settings_of_clusters_that_are_nested_too_deeply_are_refused() -> None:
    with pytest.raises(CorruptRecordError, match="no snapshot of clusters"):
        ClusterSnapshot.from_bytes(behind(json.dumps({"__metadata__": {"clusters": "[" * 50_000}})), 4)


def test_a_jpeg_of_very_many_scans_is_refused() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (9, 90, 200)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    last = data.rindex(b"\xff\xda")
    assert load_image(data[:-2] + data[last:-2] * 20 + data[-2:]).size == (64, 64)
    with pytest.raises(ImageError, match="JPEG of more than 100 scans"):
        load_image(data[:-2] + data[last:-2] * 200 + data[-2:])


def test_what_stands_behind_a_jpeg_is_not_counted() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (9, 90, 200)).save(buffer, "JPEG", progressive=True, comment=b"\xff\xda" * 200)
    # As a motion photo has its video.
    data = buffer.getvalue() + b"\xff\xda\x00" * 500
    assert load_image(data).size == (64, 64)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "L", "1", "I;16"])
@pytest.mark.parametrize("side", [1, 255, 256, 257, 600])
def test_strips_give_what_the_whole_gives(mode: str, side: int) -> None:
    noise = np.random.default_rng(side).integers(0, 256, (side, 7, 4), dtype=np.uint8)
    image = Image.fromarray(noise, "RGBA")
    if mode == "I;16":
        image = Image.fromarray(noise[..., :2].copy().view(np.uint16)[..., 0])
    elif mode != "RGBA":
        image = image.convert("LA" if mode == "LA" else "RGB").convert(mode)
    layered = image.convert("RGBA") if mode in ("RGBA", "LA") else None
    if layered is not None:
        white = Image.new("RGBA", layered.size, (255, 255, 255, 255))
        whole = Image.alpha_composite(white, layered).convert("RGB")
    elif mode == "I;16":
        grey = np.asarray(image, np.int64)
        whole = Image.fromarray((grey * (1 / 257) + 0.5).astype(np.uint8), "L").convert("RGB")
    else:
        whole = image.convert("RGB")
    assert load_image(image).tobytes() == whole.tobytes()


def test_no_memory_for_a_picture_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    buffer = io.BytesIO()
    Image.new("RGB", (3, 3)).save(buffer, "PNG")
    monkeypatch.setattr(Image.Image, "crop", fail)
    with pytest.raises(ImageError, match="needs more memory than there is"):
        load_image(buffer.getvalue())
    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(ImageError, match="needs more memory than there is"):
        load_image(buffer.getvalue())

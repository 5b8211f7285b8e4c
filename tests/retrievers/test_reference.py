from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import jarvis_retrievers
from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.reference import ColourEncoder


def flat(colour: str, size: tuple[int, int] = (20, 30)) -> Image.Image:
    return Image.new("RGB", size, colour)


def test_it_is_an_encoder() -> None:
    encoder = ColourEncoder()
    assert isinstance(encoder, ImageTextEncoder)
    assert encoder.fingerprint == ColourEncoder().fingerprint


def test_rows_are_float32_and_unit() -> None:
    encoder = ColourEncoder()
    images = encoder.encode_images(
        [flat("red"), flat("#123456"), Image.effect_mandelbrot((40, 40), (-2, -2, 2, 2), 20)]
    )
    texts = encoder.encode_texts(["a red mug", "", "???", "red red blue", "\ud83d"])
    for rows, count in ((images, 3), (texts, 5)):
        assert rows.shape == (count, encoder.dim)
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)


def test_nothing_gives_no_rows() -> None:
    encoder = ColourEncoder()
    assert encoder.encode_images([]).shape == encoder.encode_texts([]).shape == (0, encoder.dim)


@pytest.mark.parametrize("colour", ["red", "green", "blue", "yellow", "black", "white", "orange", "purple"])
def test_a_colour_word_is_nearest_to_its_colour(colour: str) -> None:
    encoder = ColourEncoder()
    names = ["red", "green", "blue", "yellow", "black", "white", "orange", "purple"]
    images = encoder.encode_images([flat(name) for name in names])
    scores = images @ encoder.encode_texts([f"a {colour} thing"])[0]
    assert names[int(scores.argmax())] == colour
    assert np.sort(scores)[-2] < 0.7 * scores.max()


def test_more_of_a_colour_is_nearer() -> None:
    encoder = ColourEncoder()
    images = []
    for width in (0, 4, 8, 16):
        image = flat("blue", (16, 16))
        image.paste("red", (0, 0, width, 16))
        images.append(image)
    scores = encoder.encode_images(images) @ encoder.encode_texts(["red"])[0]
    assert scores.tolist() == sorted(scores.tolist())
    assert scores[0] < 0.05 < 0.95 < scores[-1]


def test_a_quarter_of_a_colour_is_a_cosine_of_a_half() -> None:
    # Stripes of one pixel: no layout is left in the thumbnail, so the cosine is the Bhattacharyya
    # coefficient.
    image = flat("#dc1e1e", (16, 16))
    for column in range(0, 16, 4):
        image.paste("#2846dc", (column, 0, column + 3, 16))
    encoder = ColourEncoder()
    quarter, whole = encoder.encode_images([image, flat("#dc1e1e")])
    assert float(quarter @ whole) == pytest.approx(0.25**0.5, abs=0.02)


def test_layout_matters() -> None:
    left, right = flat("blue", (16, 16)), flat("blue", (16, 16))
    left.paste("red", (0, 0, 8, 16))
    right.paste("red", (8, 0, 16, 16))
    rows = ColourEncoder().encode_images([left, right, left.copy()])
    assert rows[0] @ rows[2] == pytest.approx(1.0, abs=1e-6)
    assert rows[0] @ rows[1] < 0.95


def test_one_string_is_refused() -> None:
    with pytest.raises(InputError, match="put it in a list"):
        ColourEncoder().encode_texts("red")


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, jarvis_retrievers\n"
        "from jarvis_retrievers import boxes, errors, match_names\n"
        "heavy = {'torch', 'faiss', 'open_clip', 'transformers', 'numpy', 'PIL', 'rapidfuzz'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_export_exists() -> None:
    assert jarvis_retrievers.__all__ == sorted(jarvis_retrievers.__all__)
    for name in jarvis_retrievers.__all__:
        assert getattr(jarvis_retrievers, name) is not None
    assert set(jarvis_retrievers.__all__) <= set(dir(jarvis_retrievers))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = jarvis_retrievers.nothing

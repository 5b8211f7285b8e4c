"""`jarvis calibrate`, `jarvis migrate --selector` and what `jarvis show` draws then."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from jarvis_memory.concept import Concept, Selection
from jarvis_memory.selecting import LayerScores
from jarvis_plugins.calibrating import pocket_photos
from jarvis_plugins.cli.kept import cell_box, draw_kept
from jarvis_plugins.cli.sheet import colour_of
from jarvis_plugins.demo.place import read_household
from jarvis_retrievers.boxes import Box
from tests.plugins.homes import jarvis, refused


def test_calibrate_then_choose_and_show(tmp_path: Path) -> None:
    home, out = str(tmp_path / "home"), tmp_path / "kept.png"
    done = jarvis("calibrate", "--n", "3", "--json", "--home", home)
    assert (done.exit_code, done.stderr) == (0, ""), done.exception
    found = LayerScores.model_validate(json.loads(done.stdout))
    assert (found.photos, len(found.overlaps), len(found.layers)) == (3, 4, 1)
    table = jarvis("calibrate", "--n", "3", "--home", home).stdout
    assert all(f"{overlap:.3f}" in table for overlap in (*found.overlaps, found.even))
    concept = read_household().concepts[0]
    told = ("remember", concept.name, "--photo", str(concept.photos[0]), "--about", concept.about)
    assert jarvis(*told, "--home", home).exit_code == 0
    chosen = jarvis("migrate", "--selector", "attention", "--tokens", "6", "--home", home)
    # It was calibrated: no warning.
    assert (chosen.exit_code, chosen.stderr) == (0, ""), chosen.exception
    assert chosen.stdout.startswith("1 segments are made from attention: ")
    shown = json.loads(jarvis("show", concept.name, "--json", "--out", str(out), "--home", home).stdout)
    assert [len(one["kept"]) for one in shown["selections"]] == [6]
    assert out.is_file()
    plain = jarvis("show", concept.name, "--out", str(out), "--home", home).stdout
    assert "photo 1: 6 of 25 tokens are kept (attention-6)" in plain
    assert "Tokens drawn on the photos" in plain
    refused(jarvis("migrate", "--home", home), "nothing to change")
    refused(jarvis("migrate", "--selector", "ego", "--home", home), "'ego'", "attention")


def test_kept_tokens_are_drawn_at_their_pixels() -> None:
    kept = Selection(model="m", key="uniform-2", rows=2, columns=3, tokens=7, kept=(1, 5, 6))
    assert cell_box(kept, 0, (96, 64)) == Box(0, 0, 32, 32)
    assert cell_box(kept, 5, (96, 64)) == Box(64, 32, 96, 64)
    photo = Image.new("RGB", (96, 64), "#204060")
    concept = Concept.model_validate(
        {"id": "1", "owner": "me", "name": "Bo", "profile": {"name": "Bo"}, "selections": [kept]}
    )
    sheet = np.asarray(draw_kept(concept, [photo]))
    # 96 x 64 is scaled by 6; a cell is 192 pixels wide, and the photo begins at (12, 12).
    for token in range(6):
        x, y = 12 + 192 * (token % 3), 12 + 192 * (token // 3)
        inside = sheet[y + 20 : y + 170, x + 20 : x + 170].reshape(-1, 3)
        full = (inside == (0x20, 0x40, 0x60)).all()
        assert full == (token in (1, 5))
        assert (sheet[y, x + 5 : x + 180] == colour_of(0)).all() == (token in (1, 5))
        assert full or (inside > (0x80, 0x80, 0x80)).all()


def test_photos_to_calibrate_with_are_the_same_for_a_seed() -> None:
    one, again, other = (list(pocket_photos(2, seed)) for seed in (0, 0, 1))
    assert [p.image.tobytes() for p in one] == [p.image.tobytes() for p in again]
    assert one[0].image.tobytes() != other[0].image.tobytes()
    assert one[0].image.tobytes() != one[1].image.tobytes()
    assert all(photo.mask.size == photo.image.size and len(photo.words) == 3 for photo in one)

"""The cohort of strangers: unit vectors of the model that it lies beside, always the same."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import open_clip
from safetensors.numpy import load_file

from jarvis_pocket.train.bank import write_bank
from jarvis_pocket.train.clip import SIDE

CLIP = Path(str(files("jarvis_pocket") / "weights" / "clip"))


def test_the_cohort_that_ships_is_of_the_weights_that_ship(tmp_path: Path) -> None:
    model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{CLIP}")
    made = load_file(write_bank(tmp_path, model, SIDE, count=20))["vectors"].astype(np.float64)
    shipped = load_file(CLIP / "bank.safetensors")["vectors"].astype(np.float64)
    assert shipped.shape == (1000, model.visual.output_dim)
    np.testing.assert_allclose(np.linalg.norm(shipped, axis=1), 1.0, atol=2e-3)
    np.testing.assert_allclose(made, shipped[:20], atol=5e-3)

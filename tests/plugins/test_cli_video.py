"""Videos on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from jarvis_plugins.demo import household_folder
from jarvis_retrievers.images import load_image
from tests.clips import encoded
from tests.plugins.homes import jarvis


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both photos of Fabi, half a second each."""
    photos = sorted((household_folder() / "photos").glob("fabi-*.png"))[:2]
    frames = [np.asarray(load_image(photo)) for photo in photos for _ in range(4)]
    path = tmp_path_factory.mktemp("clip") / "fabi.mkv"
    path.write_bytes(encoded(frames))
    return path


def test_a_video_is_remembered_shown_and_asked_about(clip: Path, tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    told = jarvis("remember", "Fabi", "--video", str(clip), "--about", "Fabi likes carrots.", "--home", home)
    assert told.exit_code == 0, told.stderr
    assert "Remembered Fabi: 2 photos" in told.stdout
    shown = jarvis("show", "Fabi", "--home", home, "--out", str(tmp_path / "a.png"))
    shown_json = json.loads(jarvis("show", "Fabi", "--json", "--home", home).stdout)
    moments = [photo["moment"] for photo in shown_json["photos"]]
    for number, moment in enumerate(moments, start=1):
        assert (
            f"photo {number}: of the video {moment['video'][:12]}, at {moment['seconds']:.1f} s"
            in shown.stdout
        )
    assert moments[0]["seconds"] < 0.5 <= moments[1]["seconds"]
    asked = jarvis("ask", "What does Fabi like?", "--video", str(clip), "--home", home)
    assert asked.exit_code == 0, asked.stderr
    assert "carrots" in asked.stdout
    assert "(Fabi was seen at " in asked.stderr


def test_a_file_that_is_no_video_is_one_line(tmp_path: Path) -> None:
    wrong = tmp_path / "a.mp4"
    wrong.write_bytes(b"no video")
    told = jarvis("remember", "Bo", "--video", str(wrong), "--home", str(tmp_path / "home"))
    assert told.exit_code == 2
    assert "a.mp4' is not a video that can be read" in " ".join(told.stderr.split())

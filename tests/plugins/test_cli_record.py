"""Commands that read and forget: no model is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jarvis_memory.store.owner import OwnerStore
from jarvis_plugins.cli.sheet import GAP, colour_of, draw_sheet, photo_scale, placed
from jarvis_retrievers.boxes import Box
from tests.plugins.homes import BOXES, SIZES, fill, jarvis, photos

pytestmark = pytest.mark.usefixtures("no_models")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return fill(tmp_path / "home", notes=("My shiba. Loves [bold]noodles[/bold].", "Odd: \x1b[31mred"))


def test_list(home: Path) -> None:
    fill(home, "Mia's [red] mug", notes=())
    fill(home, "Ann", owner="ana")
    result = jarvis("list", "--home", str(home))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Bo, Bobo" in result.stdout
    assert "shiba" in result.stdout
    assert "Mia's [red] mug" in result.stdout
    assert "Ann" not in result.stdout
    assert jarvis("--home", str(home), "list").stdout == result.stdout
    assert "Ann" in jarvis("--home", str(home), "list", "--owner", "ana").stdout
    assert "Ann" in jarvis("--home", "elsewhere", "--owner", "ana", "list", "--home", str(home)).stdout


def test_list_json(home: Path) -> None:
    (row,) = json.loads(jarvis("list", "--json", "--home", str(home)).stdout)
    assert (row["name"], row["aliases"], row["category"]) == ("Bo", ["Bobo"], "shiba")
    assert row["about"] == ["My shiba. Loves [bold]noodles[/bold].", "Odd: \x1b[31mred"]
    assert (row["photos"], row["patches"]) == (2, 3)


def test_an_empty_list(tmp_path: Path) -> None:
    home = tmp_path / "none"
    result = jarvis("list", "--home", str(home))
    assert result.exit_code == 0
    assert "Nothing is remembered" in result.stdout
    assert "jarvis remember" in result.stdout
    assert json.loads(jarvis("list", "--json", "--home", str(home)).stdout) == []
    assert not home.exists()


def test_show_prints_text_as_it_is_but_no_control_characters(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = jarvis("show", "bobo", "--home", str(home))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Bo or Bobo: shiba" in result.stdout
    assert "Bo loves [bold]noodles[/bold]." in result.stdout
    assert "\x1b" not in result.stdout
    assert "8,32 to 40,64" in result.stdout
    assert "Bo-patches.png" in result.stdout
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["Bo-patches.png"]


def test_show_writes_the_boxes_at_their_pixels(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "bo.png"
    assert jarvis("show", "Bo", "--home", str(home), "--out", str(out)).exit_code == 0
    with Image.open(out) as opened:
        assert (opened.format, opened.mode) == ("PNG", "RGB")
        sheet = np.asarray(opened)
    # 192 x 96 is scaled by 4 to 768 x 384, 64 x 128 by 3 to 192 x 384.
    assert sheet.shape == (12 + 384 + 12 + 3 * 22 + 12, 12 + 768 + 12 + 192 + 12, 3)
    lefts, scales = (12, 792), (4, 3)
    for number, (photo, box) in enumerate(BOXES):
        x0, x1 = lefts[photo] + box.left * scales[photo], lefts[photo] + box.right * scales[photo] - 1
        y0, y1 = 12 + box.top * scales[photo], 12 + box.bottom * scales[photo] - 1
        colour = colour_of(number)
        assert (sheet[y1, x0 : x1 + 1] == colour).all()
        assert (sheet[y0 : y1 + 1, x1] == colour).all()
        assert (sheet[y0 + 25 : y1 + 1, x0] == colour).all()
        assert (sheet[y0, x0 + 50 : x1 + 1] == colour).all()
        inside = sheet[y0 + 30 : y1 - 3, x0 + 60 : x1 - 3].reshape(-1, 3)
        assert (inside == np.asarray(photos()[photo])[0, 0]).all()
        assert not (sheet[y1 + 1, x0 : x1 + 1] == colour).all()
        legend = sheet[408 + 22 * number + 1, 12 + 1]
        assert tuple(legend) == colour


def test_a_very_long_photo_stays_a_picture(home: Path) -> None:
    with OwnerStore.open(home, "me") as store:
        concept = store.get("Bo")
    strip = Image.new("RGB", (20_000, 1), "blue")
    record = concept.photos[0].model_copy(update={"width": 20_000, "height": 1})
    patch = concept.patches[0].model_copy(update={"photo_id": record.id, "box": Box(19_999, 0, 20_000, 1)})
    sheet = draw_sheet(concept.model_copy(update={"photos": (record,), "patches": (patch,)}), [strip])
    assert sheet.size == (GAP + 768 + GAP, GAP + 384 + GAP + 22 + GAP)
    assert photo_scale(20_000, 1) == 768 / 20_000
    assert placed(Box(0, 0, 1, 1), 12, 768 / 20_000) == (12, 12, 12, 12)


def test_show_json_writes_a_picture_only_where_it_is_told_to(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = json.loads(jarvis("show", "Bo", "--json", "--home", str(home)).stdout)
    assert shown["picture"] is None
    assert shown["patches"][1]["box"] == {"left": 8, "top": 32, "right": 40, "bottom": 64}
    assert [(photo["width"], photo["height"]) for photo in shown["photos"]] == list(SIZES)
    assert not list(tmp_path.glob("*.png"))
    out = str(tmp_path / "x.png")
    assert (
        json.loads(jarvis("show", "Bo", "--json", "--out", out, "--home", str(home)).stdout)["picture"] == out
    )
    assert Path(out).is_file()


def test_a_name_is_never_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = fill(tmp_path / "home", "../../etc/x", notes=())
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert jarvis("show", "../../etc/x", "--home", str(home)).exit_code == 0
    assert [file.name for file in (tmp_path / "here").iterdir()] == ["etc-x-patches.png"]


def test_forget(home: Path) -> None:
    result = jarvis("forget", "bo", "--home", str(home))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Forgot Bo.\n", "")
    assert json.loads(jarvis("list", "--json", "--home", str(home)).stdout) == []


def test_ctrl_c(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: OwnerStore) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(OwnerStore, "list", interrupted)
    result = jarvis("list", "--home", str(home))
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "error: interrupted\n")


@pytest.mark.filterwarnings("always")
def test_warnings_and_logs_are_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import logging

    def noisy(_: OwnerStore) -> list[object]:
        warnings.warn("this\nneeds care", RuntimeWarning, stacklevel=1)
        warnings.warn("for programmers", FutureWarning, stacklevel=1)
        logging.getLogger("jarvis_memory.keeper").warning("made\nagain")
        logging.getLogger("somebody.else").warning("chatter")
        return []

    monkeypatch.setattr(OwnerStore, "list", noisy)
    result = jarvis("list", "--json", "--home", str(home))
    assert (result.exit_code, result.stdout) == (0, "[]\n")
    assert result.stderr == "warning: this needs care\nwarning: made again\n"


def test_version_and_help() -> None:
    assert jarvis("--version").stdout.startswith("jarvis 0.")
    for command in ("demo", "remember", "ask", "list", "show", "forget"):
        result = jarvis(command, "--help")
        assert result.exit_code == 0
        assert command == "demo" or "--home" in result.stdout
    assert all(
        word in jarvis("--help").stdout for word in ("--home", "--owner", "--model", "--clip", "forget")
    )


def test_light_commands_load_nothing_heavy(home: Path) -> None:
    code = (
        "import sys\n"
        "from jarvis_plugins.cli.app import app\n"
        "try: app(sys.argv[1:], prog_name='jarvis')\n"
        "finally: print([m for m in ('torch', 'faiss', 'transformers', 'open_clip') if m in sys.modules])\n"
    )
    for command in (["--help"], ["list"], ["show", "Bo", "--json"], ["forget", "Bo"]):
        home_option = [] if command == ["--help"] else ["--home", str(home)]
        run = [sys.executable, "-c", code, *command, *home_option]
        done = subprocess.run(run, capture_output=True, text=True, check=True)
        assert done.stdout.endswith("[]\n")
        assert done.stderr == ""


def test_verify_says_what_is_damaged(tmp_path: Path) -> None:
    home = fill(tmp_path / "home")
    assert jarvis("verify", "--deep", "--home", str(home)).stdout == "All is well.\n"
    with OwnerStore.open(home, "me") as store:
        store.put_segment(store.get("Bo").id, "f", b"segment of Bo")
    blob = next(p for p in (home / "blobs").rglob("*") if p.is_file() and b"segment of Bo" in p.read_bytes())
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    found = jarvis("verify", "--json", "--home", str(home))
    assert found.exit_code == 1
    (finding,) = json.loads(found.stdout)["findings"]
    assert (finding["kind"], finding["concept"], finding["repaired"]) == ("segment", "Bo", False)
    told = jarvis("verify", "--repair", "--home", str(home))
    assert told.exit_code == 0
    assert told.stdout.startswith("Bo: a segment is damaged (")
    assert told.stdout.endswith("(dropped)\nAll is well.\n")
    assert jarvis("verify", "--home", str(home)).stdout == "All is well.\n"
    nowhere = jarvis("verify", "--home", str(tmp_path / "nowhere"))
    assert nowhere.exit_code == 2

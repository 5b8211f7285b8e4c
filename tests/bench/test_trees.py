"""Wrong trees and hostile ones: a message that helps, and nothing outside of the root is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jarvis_bench.loaders import LOADERS, Tree, load, read_settings
from jarvis_bench.loaders import tree as trees
from jarvis_retrievers.errors import DatasetError, InputError
from tests.bench import layouts
from tests.bench.worlds import save

DRAW: dict[str, Callable[[Path], None]] = {
    "yollava": layouts.yollava,
    "myvlm": layouts.myvlm,
    "mc-llava": layouts.mc_llava,
    "this-is-my-img": layouts.this_is_my_img,
    "rap": layouts.rap,
    "perva": layouts.perva,
}


@pytest.mark.parametrize("name", sorted(LOADERS))
def test_a_wrong_tree_is_told_what_was_expected_and_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match=r"missing is no folder; give --root the folder of"):
        load(name, tmp_path / "missing")
    with pytest.raises(DatasetError, match=r"expected .*, found nothing; give --root the folder that holds "):
        load(name, tmp_path)
    for number in range(9):
        (tmp_path / f"other{number}").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DatasetError, match=r"expected .*, found notes.txt, other0/, other1/, .*, \.\.\.;"):
        load(name, tmp_path)
    for other in sorted(DRAW):
        if other not in (name, "perva") and name != "myvlm":  # every folder of pictures may be of MyVLM
            DRAW[other](tmp_path / other)
            with pytest.raises(DatasetError, match="is not laid out as"):
                load(name, tmp_path / other)


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("yollava", "train", r"yollava-data is not laid out|is not laid out as Yo'LLaVA: expected train/"),
        ("perva", "test", "expected train/ and test/, found train/"),
    ],
)
def test_half_a_tree(tmp_path: Path, name: str, spoil: str, said: str) -> None:
    import shutil

    DRAW[name](tmp_path)
    shutil.rmtree(next(tmp_path.rglob(spoil)))
    with pytest.raises(DatasetError, match=said):
        load(name, tmp_path)


def test_a_test_folder_without_references(tmp_path: Path) -> None:
    layouts.yollava(tmp_path)
    save(tmp_path, "yollava-data/test/zed/0.png")
    with pytest.raises(
        DatasetError, match=r"expected reference photos in train/ for each folder of test/ \(zed\)"
    ):
        load("yollava", tmp_path)


def test_too_few_photos(tmp_path: Path) -> None:
    layouts.myvlm(tmp_path)
    with pytest.raises(DatasetError, match="expected more than 6 photos"):
        load("myvlm", tmp_path, views=6)


def test_several_databases(tmp_path: Path) -> None:
    layouts.rap(tmp_path)
    layouts.write(tmp_path, "second/database.json", {})
    with pytest.raises(DatasetError, match=r"not 2 \(example_database, second\)"):
        load("rap", tmp_path)
    with pytest.raises(DatasetError, match=r"second/database\.json, 'concept_dict': expected a JSON object"):
        load("rap", tmp_path, database="second")
    with pytest.raises(DatasetError, match="leads out of"):
        load("rap", tmp_path, database="../..")


def test_a_pointer_of_git_lfs_is_named(tmp_path: Path) -> None:
    layouts.yollava(tmp_path)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    (tmp_path / "yollava-data/test/bo/0.png").write_text(pointer)
    with pytest.raises(DatasetError, match=r"test/bo/0\.png is a pointer of Git LFS.*git lfs pull"):
        load("yollava", tmp_path)
    save(tmp_path, "yollava-data/test/bo/0.png")
    (tmp_path / "yollava-data/yollava-visual-qa.json").write_text(pointer)
    with pytest.raises(DatasetError, match=r"visual-qa\.json is a pointer of Git LFS"):
        load("yollava", tmp_path)


def test_questions_that_are_not_nested_are_named(tmp_path: Path) -> None:
    layouts.yollava(tmp_path)
    file = "yollava-data/yollava-visual-qa.json"
    flat = {"./yollava-data/test/bo/0.png": {"question": "?", "options": {}, "correct_answer": "A"}}
    layouts.write(tmp_path, file, flat)
    with pytest.raises(
        DatasetError, match=r"expected \{concept: \{image: question\}\}, found a question right under"
    ):
        load("yollava", tmp_path)
    layouts.write(tmp_path, file, [flat])
    with pytest.raises(DatasetError, match="expected a JSON object, found list"):
        load("yollava", tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "./yollava-data/test/../../../outside/secret.png",
        "test/bo/../../../../outside/secret.png",
        "yollava-data\\test\\..\\..\\..\\outside\\secret.png",
        "test/bo/link.png",
        "test/bo/\0.png",
    ],
)
def test_a_path_in_a_file_never_leaves_the_root(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    layouts.yollava(root)
    secret = save(tmp_path, "outside/secret.png")
    asked = {"question": "?", "options": {"A": "x", "B": "y"}, "correct_answer": "A"}
    layouts.write(root, "yollava-data/yollava-visual-qa.json", {"bo": {path: asked}})
    if path.endswith("link.png"):
        (root / "yollava-data/test/bo/link.png").symlink_to(secret)
    with pytest.raises(DatasetError, match="out of"):
        load("yollava", root)


@pytest.mark.parametrize("path", ["/etc/passwd", "C:/x.png", "../outside/secret.png"])
def test_a_path_from_elsewhere_is_not_there(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    layouts.yollava(root)
    save(tmp_path, "outside/secret.png")
    asked = {"question": "?", "options": {"A": "x", "B": "y"}, "correct_answer": "A"}
    layouts.write(root, "yollava-data/yollava-visual-qa.json", {"bo": {path: asked}})
    try:
        data = load("yollava", root)
    except DatasetError as error:
        assert "out of" in str(error)  # noqa: PT017  (either is safe; what counts is that nothing was read)
    else:
        assert all(item.task != "vqa" for item in data.items)


def test_a_folder_that_is_a_link_is_not_followed_out(tmp_path: Path) -> None:
    root = tmp_path / "root"
    layouts.perva(root)
    save(tmp_path, "outside/1.jpg")
    (root / "train/bag/spy").symlink_to(tmp_path / "outside")
    with pytest.raises(DatasetError, match="is a link out of"):
        load("perva", root)


def test_a_root_that_is_a_link_is_fine(tmp_path: Path) -> None:
    layouts.perva(tmp_path / "root")
    (tmp_path / "link").symlink_to(tmp_path / "root")
    assert load("perva", tmp_path / "link").digest == load("perva", tmp_path / "root").digest


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is no JSON"),
        (b"\xff\xfe\x00", "is no JSON"),
        (b"[" * 200_000, "is no JSON"),
        (b" " * 2000, "is larger than 0 MB"),
    ],
)
def test_json_files_within_limits(
    tmp_path: Path, content: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said.startswith("is larger"):
        monkeypatch.setattr(trees, "MAX_JSON", 1000)
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DatasetError, match=said):
        Tree(tmp_path, "x", "y").json("a.json")
    with pytest.raises(DatasetError, match="cannot be read"):
        Tree(tmp_path, "x", "y").json("b.json")


def test_keys_that_are_there_twice_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('\ufeff{"a": {"x": 1, "x": 2}, "a": 3}', encoding="utf-8")
    tree = Tree(tmp_path, "x", "y")
    assert tree.json("a.json") == {"a": 3}
    (told,) = tree.told()
    assert (told.count, told.why) == (2, "a.json: a key is there twice, the last counts")


def test_videos_within_limits(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    tree = Tree(tmp_path, "x", "y")
    with pytest.raises(DatasetError, match="is no video that can be taken"):
        tree.clip("a.mp4")
    with pytest.raises(DatasetError, match="is no video that can be taken"):
        tree.clip("b.mp4")
    with pytest.raises(DatasetError, match=r"x: photo '.*' was not found"):
        tree.picture("c.png")


@pytest.mark.parametrize(
    "value", [None, 1, "x", [1], {"bo": 1}, {"bo": {"0": 1}}, {"bo": {"0": {"option": 3}}}]
)
@pytest.mark.parametrize("file", ["yollava-visual-qa.json", "yollava-text-only-qa.json"])
def test_files_of_another_shape_are_refused_with_one_line(tmp_path: Path, file: str, value: Any) -> None:
    layouts.yollava(tmp_path)
    (tmp_path / "yollava-data" / file).write_text(json.dumps(value), encoding="utf-8")
    try:
        data = load("yollava", tmp_path)
    except DatasetError as error:
        assert "expected a JSON object" in str(error)  # noqa: PT017
    else:
        assert "the picture is not there" in str(data.left_out)  # the key "0" is no picture


@pytest.mark.parametrize("name", sorted(set(DRAW) - {"rap"}))
def test_every_reader_takes_one_view_at_least(name: str, tmp_path: Path) -> None:
    DRAW[name](tmp_path)
    assert {len(concept.photos) for concept in load(name, tmp_path, views=1).concepts} == {1}
    for views in (0, -1):
        with pytest.raises(InputError, match=f"views is at least 1, got {views}"):
            load(name, tmp_path, views=views)


def test_settings_from_the_command_line_are_values(tmp_path: Path) -> None:
    assert read_settings("this-is-my-img", ["part=multi", "views=2", "anonymous=True"]) == {
        "part": "multi",
        "views": 2,
        "anonymous": True,
    }
    layouts.this_is_my_img(tmp_path)
    told = read_settings("this-is-my-img", ["part=multi", "anonymous=false"])
    assert load("this-is-my-img", tmp_path, **told) == load("this-is-my-img", tmp_path, part="multi")

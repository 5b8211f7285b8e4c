"""Every script of `examples` runs as it stands, and prints what its first lines say."""

from __future__ import annotations

import ast
import runpy
import textwrap
from pathlib import Path

import pytest

from tests.house.tree import ROOT

FOLDER = ROOT / "examples"
SCRIPTS = sorted(FOLDER.glob("*.py"))
LONGEST = 40


def promised(path: Path) -> str:
    """What a script prints: the indented lines at the end of its docstring."""
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")), clean=True)
    assert said is not None
    head, _, lines = said.partition("It prints\n\n")
    assert head.strip()
    return textwrap.dedent(lines).strip()


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 10


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_it_prints_what_it_says(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(path), run_name="__main__")
    assert promised(path)
    assert capsys.readouterr().out.strip() == promised(path)
    assert not list(tmp_path.iterdir()), "a script leaves something behind"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_it_is_short(path: Path) -> None:
    assert 10 <= len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_the_page_lists_them_all() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in [*SCRIPTS, *sorted((FOLDER / "notebooks").glob("*.ipynb"))]:
        assert f"({path.relative_to(FOLDER)})" in page, path.name

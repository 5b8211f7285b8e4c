"""Notebooks are committed with their outputs, which say nothing of the machine that they ran on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOT, files

FOLDER = ROOT / "examples" / "notebooks"
NOTEBOOKS = sorted(path for path in files() if path.suffix == ".ipynb")
LARGEST = 400 * 1024
# Temporary folders and kernels, addresses of objects, escape codes of terminals.
OF_A_RUN = re.compile(r"/tmp|/var/folders|site-packages|ipykernel_\d|\bat 0x[0-9a-f]{6}|\x1b\[")


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def outputs(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def written(output: dict[str, Any]) -> str:
    """The text of an output; of a picture there is none."""
    texts = [
        output.get("text", ""),
        *(t for kind, t in output.get("data", {}).items() if kind != "image/png"),
    ]
    return "".join("".join(text) for text in texts)


def test_they_are_numbered() -> None:
    assert {path.parent for path in NOTEBOOKS} == {FOLDER}
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{i:02d}" for i in range(1, len(NOTEBOOKS) + 1)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_it_is_plain(self, path: Path) -> None:
        notebook = read(path)
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"
        assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
        assert [cell["metadata"] for cell in notebook["cells"]] == [{}] * len(notebook["cells"])
        assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
        assert path.stat().st_size < LARGEST

    def test_it_was_run_from_top_to_bottom(self, path: Path) -> None:
        notebook = read(path)
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
        kinds = {output["output_type"] for output in outputs(notebook)}
        assert "stream" in kinds
        assert not {"error", "execute_result"} & kinds
        assert not [output for output in outputs(notebook) if output.get("name") == "stderr"]
        assert any("image/png" in output.get("data", {}) for output in outputs(notebook))

    def test_its_outputs_say_nothing_of_a_machine(self, path: Path) -> None:
        for output in outputs(read(path)):
            found = OF_A_RUN.search(written(output))
            assert found is None, found

    def test_it_explains_and_checks_itself(self, path: Path) -> None:
        cells = read(path)["cells"]
        kinds = [cell["cell_type"] for cell in cells]
        assert 10 <= len(cells) <= 25
        assert kinds[0] == "markdown"
        assert kinds.count("markdown") >= len(cells) / 3
        checks = [cell for cell in cells if re.search(r"^\s*assert ", "".join(cell["source"]), re.M)]
        assert len([cell for cell in checks if cell["cell_type"] == "code"]) >= 2

    def test_its_links_lead_somewhere(self, path: Path) -> None:
        for cell in read(path)["cells"]:
            for target in re.findall(r"\]\(([^)#\s]+)", "".join(cell["source"])):
                assert target.startswith("https://") or (path.parent / target).exists(), target

"""Runs the notebooks and writes their outputs into them, as they are committed.

    python -m examples.notebooks.build            # all
    python -m examples.notebooks.build 01 05      # those whose names begin so

Each runs in a kernel of this Python, offline, with a home of its own. What would differ from run to run
or from machine to machine is left out: times, ids, paths. A cell that fails or warns writes nothing.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# Progress bars would be outputs, and so would tqdm's advice to install another one.
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "PYTHONWARNINGS": "ignore:IProgress not found",
}


def notebooks(starts: list[str]) -> list[Path]:
    """Those whose names begin with one of ``starts``; all of them if there is none."""
    return [
        path for path in sorted(FOLDER.glob("*.ipynb")) if not starts or path.name.startswith(tuple(starts))
    ]


def joined(outputs: list[Any]) -> list[Any]:
    """What was printed at one go, but came in several pieces, as one."""
    whole: list[Any] = []
    for output in outputs:
        before = whole[-1] if whole else None
        if before is not None and output.output_type == "stream" and output.name == before.get("name"):
            before.text += output.text
        else:
            whole.append(output)
    return whole


def plain(notebook: Any) -> Any:
    """Without what changes from run to run.

    Raises:
        SystemExit: A cell has warned, which a reader would take for an error.
    """
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                sys.exit(f"cell {number} has written to stderr:\n{output['text']}")
            output.pop("metadata", None)
            if output.output_type != "stream":
                output["metadata"] = nbformat.from_dict({})
    return notebook


def run(path: Path) -> float:
    """Execute a notebook in place; seconds."""
    began = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    nbformat.write(plain(notebook), path)
    return time.perf_counter() - began


def main() -> None:
    """Run those that the command line names."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= QUIET | {"HOME": home}
        for path in notebooks(sys.argv[1:]):
            print(f"{path.name}  {run(path):.0f} s  {path.stat().st_size // 1024} KB", flush=True)


if __name__ == "__main__":
    main()

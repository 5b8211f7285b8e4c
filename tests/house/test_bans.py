"""Nothing that is read from a disk, a network or a model is ever run: no pickle and none of its kin."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import ROOT, python_files

MODULES = {
    *(
        "pickle",
        "cPickle",
        "_pickle",
        "pickle5",
        "dill",
        "cloudpickle",
        "joblib",
        "diskcache",
        "shelve",
        "marshal",
    ),
    *("dbm", "jsonpickle", "hickle", "klepto", "sklearn.externals.joblib"),
}
CALLS = {
    *(
        "torch.load",
        "torch.jit.load",
        "torch.package.PackageImporter",
        "torch.hub.load",
        "np.load",
        "numpy.load",
    ),
    *(
        "pd.read_pickle",
        "pandas.read_pickle",
        "yaml.load",
        "yaml.unsafe_load",
        "yaml.full_load",
        "eval",
        "exec",
    ),
    *("faiss.read_index", "faiss.deserialize_index", "__import__"),
}
# By which a name is brought in that a call then hides.
FROM = {"torch": {"load"}, "numpy": {"load"}, "yaml": {"load", "unsafe_load", "full_load"}}
OPTIONS = {"allow_pickle", "allow_dangerous_deserialization", "trust_remote_code", "fix_imports"}


def unsafe(tree: ast.AST) -> Iterator[str]:
    """Imports, calls and options that would run code out of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if {a.name, a.name.partition(".")[0]} & MODULES)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if {module, module.partition(".")[0]} & MODULES:
                yield module
            yield from (f"{module}.{a.name}" for a in node.names if a.name in FROM.get(module, ()))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in CALLS and not (called == "yaml.load" and "SafeLoader" in ast.unparse(node)):
                yield called
            yield from (
                f"{word.arg}="
                for word in node.keywords
                if word.arg in OPTIONS and ast.unparse(word.value) != "False"
            )
            named = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if called.rpartition(".")[2] in ("import_module", "__import__", "find_spec"):
                yield from (name for name in named if name.partition(".")[0] in MODULES)


@pytest.mark.parametrize(
    "code",
    [
        *("import pickle", "import os, pickle as p", "from joblib import dump", "from pickle import loads"),
        *("import _pickle", "from shelve import open", "import dill", "import cloudpickle", "import marshal"),
        *("torch.load('x')", "from torch import load", "torch.jit.load(f)", "pd.read_pickle('x')"),
        *("np.load('x', allow_pickle=True)", "np.load('x')", "from numpy import load", "yaml.load(f)"),
        *("yaml.load(f, Loader=yaml.Loader)", "yaml.unsafe_load(f)", "eval(text)", "exec(text)"),
        *("importlib.import_module('pickle')", "__import__('pickle')", "faiss.read_index('x')"),
        *("FAISS.load_local('x', e, allow_dangerous_deserialization=True)", "M(trust_remote_code=True)"),
    ],
)
def test_unsafe_code_is_noticed(code: str) -> None:
    assert list(unsafe(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        *("json.loads(text)", "yaml.safe_load(f)", "yaml.load(f, Loader=yaml.SafeLoader)", "model.eval()"),
        *(
            "safetensors.torch.load(data)",
            "np.save(f, x, allow_pickle=False)",
            "from safetensors.torch import load",
        ),
        *("np.frombuffer(data)", "import json", "importlib.import_module('json')"),
    ],
)
def test_other_code_is_fine(code: str) -> None:
    assert not list(unsafe(ast.parse(code)))


def test_no_unsafe_code() -> None:
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in python_files()
        if not path.is_relative_to(ROOT / "tests")
        for name in unsafe(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert not found


def test_ruff_bans_it_too() -> None:
    """S301 (pickle), S302 (marshal), S307 (eval), S506 (yaml) and S614 (torch.load) are of the group S."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    quiet = set(lint["ignore"])
    for path, rules in lint["per-file-ignores"].items():
        quiet |= set() if path == "tests/**" else set(rules)
    assert not {rule for rule in quiet if re.match(r"S$|S[36]", rule)} - {"S311"}
    calls = "pickle.loads(b'')", "marshal.loads(b'')", "yaml.load('')"
    code = "\n".join(("import pickle, marshal, yaml", *calls, ""))
    ruff = Path(sys.executable).parent / "ruff"
    done = subprocess.run(
        [ruff, "check", "--stdin-filename", "jarvis_plugins/new.py", "--output-format=concise", "-"],
        cwd=ROOT,
        input=code,
        capture_output=True,
        text=True,
        check=False,
    )
    assert {f"S{n}" for n in (301, 302, 506)} <= set(re.findall(r"\bS\d{3}\b", done.stdout))
    assert done.returncode == 1


def test_nobody_needs_such_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    names = {re.split(r"[\[<>=;! ]", one)[0].lower() for one in wanted}
    assert not names & MODULES


def test_real_work_unpickles_nothing(tmp_path: Path) -> None:
    """Remember, ask, talk, forget, adapters and snapshots, in a process where nobody can unpickle."""
    script = Path(__file__).with_name("without_pickle.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stdout.strip().splitlines()
    assert lines[-1] == "nothing was unpickled"
    # The guard works: whoever tries meets it.
    assert (
        lines[0]
        == "pickle.loads, pickle.load, pickle.Unpickler, marshal.load, marshal.loads, torch.load refuse"
    )

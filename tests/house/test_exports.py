"""What a package says it exports is what it has."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.house.tree import modules, packages


def lazy_packages() -> list[str]:
    return [name for name in packages() if hasattr(importlib.import_module(name), "_EXPORTS")]


def order(name: str) -> tuple[int, list[tuple[int, str]]]:
    """Constants, then classes, then functions, digits by value: the order that ruff's RUF022 keeps."""
    kind = 0 if re.fullmatch(r"[A-Z0-9_]+", name) and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, [(int(part or 0), text) for part, text in re.findall(r"(\d*)(\D*)", name)]


def typed_names(module: ModuleType) -> set[str]:
    """The names that type checkers see: imports under ``if TYPE_CHECKING``."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.If) and getattr(node.test, "id", None) == "TYPE_CHECKING"
        for line in node.body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    }


def test_there_are_lazy_packages() -> None:
    assert {"jarvis_memory", "jarvis_memory.kv", "jarvis_memory.store", "jarvis_retrievers"} <= set(
        lazy_packages()
    )


@pytest.mark.parametrize("name", lazy_packages())
def test_exports(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__all__ == sorted(module.__all__, key=order)
    assert set(module.__all__) == set(module._EXPORTS) == typed_names(module)
    for exported in module.__all__:
        value = getattr(module, exported)
        assert value is not None
        assert exported in dir(module)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = module.no_such_name


@pytest.mark.parametrize("name", modules())
def test_all_names_exist(name: str) -> None:
    module = importlib.import_module(name)
    assert (module.__doc__ or "").strip() or not Path(str(module.__file__)).read_text(encoding="utf-8"), (
        f"{name} has no docstring"
    )
    for exported in getattr(module, "__all__", ()):
        assert hasattr(module, exported), f"{name}.__all__ names {exported}, which is not there"

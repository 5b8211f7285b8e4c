"""The programs, the libraries and the machine."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from ..budgets import KV_GPU_BYTES, KV_RAM_BYTES
from ..chat.sessions import SESSION_BYTES
from ..view_pool import VIEW_BYTES
from .check import Check

__all__ = ["EXTRAS", "LIBRARIES", "amount", "look_at_machine"]

LIBRARIES: Final = (
    *("torch", "torchvision", "transformers", "faiss-cpu", "open_clip_torch", "safetensors", "Pillow"),
    *("numpy", "pydantic", "structlog"),
)
"""What has to be installed."""

EXTRAS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "langchain": (("langchain", "langgraph"), "LangChain and LangGraph"),
    "llama-index": (("llama-index-core",), "LlamaIndex"),
    "demo": (("nicegui",), "the page of `jarvis serve`"),
    "api": (("starlette", "uvicorn"), "`jarvis api`, for clients of OpenAI"),
    "video": (("av",), "videos"),
    "secure": (("cryptography", "keyring"), "keys of an encrypted home"),
    "observe": (("opentelemetry-api",), "spans and metrics of OpenTelemetry"),
    "profiles": (("xgrammar",), "profiles and answers that follow a schema"),
    "scale": (("fsspec",), "large homes"),
    "bench": (("matplotlib", "peft"), "benchmarks and plots"),
    "notebooks": (("jupyterlab",), "the notebooks of examples"),
}
"""Each extra: the libraries that it adds, and what it is for."""


def look_at_machine() -> Iterator[Check]:
    """Versions, processor, graphics card, SQLite, budgets, extras."""
    yield Check("program", "jarvis-plugins", _version("jarvis-plugins") or "not installed as a package")
    yield Check("program", "Python", f"{platform.python_version()} on {platform.system()}")
    for name in LIBRARIES:
        found = _version(name)
        if found is None:
            how = "run: pip install jarvis-plugins"
            yield Check("program", name, "missing", "wrong", how)
        else:
            yield Check("program", name, found)
    yield Check("machine", "processor", f"{os.cpu_count()} cores, {platform.machine()}")
    yield Check("machine", "memory", _memory())
    yield _graphics()
    yield _sqlite()
    yield Check("machine", "segments at hand", f"{amount(KV_RAM_BYTES)} RAM, {amount(KV_GPU_BYTES)} GPU")
    more = f"{amount(SESSION_BYTES)} conversations, {amount(VIEW_BYTES)} indexes"
    yield Check("machine", "kept besides", more)
    for extra, (names, what) in EXTRAS.items():
        there = [(name, _version(name)) for name in names]
        if all(found for _, found in there):
            seen = ", ".join(f"{name} {found}" for name, found in there)
            yield Check("extras", extra, seen)
        else:
            how = f'for {what}: pip install "jarvis-plugins[{extra}]"'
            yield Check("extras", extra, "not installed", "note", how)


def amount(count: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _memory() -> str:
    names = os.sysconf_names if hasattr(os, "sysconf_names") else {}
    if "SC_PHYS_PAGES" not in names or "SC_PAGE_SIZE" not in names:
        return "not known"
    return amount(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def _graphics() -> Check:
    """What the driver says, as asking torch would mean to load it."""
    cards = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    found = [re.search(r"^Model:\s*(.+)$", card.read_text(errors="replace"), re.M) for card in cards]
    names = ", ".join(one[1].strip() for one in found if one)
    built = (_version("torch") or "").partition("+")[2]
    if not names:
        return Check("machine", "GPU", "none; models run on the processor")
    if built == "cpu":
        how = "this torch was built without CUDA; install another build to use it"
        return Check("machine", "GPU", names, "warning", how)
    return Check("machine", "GPU", names)


def _sqlite() -> Check:
    with sqlite3.connect(":memory:") as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    connection.close()
    known = [name for name in ("SECURE_DELETE", "THREADSAFE=1", "ENABLE_FTS5") if name in options]
    return Check("machine", "SQLite", ", ".join([sqlite3.sqlite_version, *known]))

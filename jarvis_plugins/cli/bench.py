"""``jarvis bench``, whose commands are above this package: found by their name, where they are there."""

from __future__ import annotations

import importlib

import typer

from jarvis_retrievers.errors import ExtraError

__all__ = ["bench_commands"]

_MODULE = "jarvis_bench.commands"


def bench_commands() -> typer.Typer:
    """The commands of `jarvis_bench`, or one that says that they are missing."""
    try:
        found = importlib.import_module(_MODULE).app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != _MODULE.partition(".")[0]:
            raise
        return _missing()
    if not isinstance(found, typer.Typer):
        raise TypeError(f"{_MODULE}.app is a Typer, got {type(found).__name__}")
    return found


def _missing() -> typer.Typer:
    app = typer.Typer(invoke_without_command=True, help="Compare ways of remembering (extra bench).")

    @app.callback(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
    def refuse() -> None:
        raise ExtraError('jarvis bench is not installed; run: pip install "jarvis-plugins[bench]"')

    return app

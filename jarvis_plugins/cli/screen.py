"""What the commands print: results to stdout, everything else to stderr, user text never as markup."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = [
    "complain",
    "console",
    "counting",
    "one_line",
    "plain",
    "print_json",
    "size",
    "table",
    "text",
    "working",
]

_PIPED_WIDTH = 100


def console(*, err: bool = False) -> Console:
    """A console on today's stdout or stderr; 100 columns wide where that is no terminal."""
    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else _PIPED_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def plain(words: str) -> str:
    """Text without control characters: notes and answers may hold any, a terminal obeys some."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") else "�" for c in words)


def one_line(words: str) -> str:
    """Text on one line, without control characters."""
    return plain(" ".join(words.split()))


def text(words: str, style: str = "") -> Text:
    """User text as it is, for a table or a line."""
    return Text(plain(words), style=style)


def table(*headings: str) -> Table:
    """An empty table; headings that start with ``>`` stand right."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading.lstrip(">"), justify="right" if heading.startswith(">") else "left")
    return made


def print_json(value: Any) -> None:
    """JSON to stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def size(nbytes: int) -> str:
    """Bytes as a person reads them."""
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if nbytes >= least:
            return f"{nbytes / least:.1f} {unit}"
    return f"{nbytes} B"


def complain(kind: str, words: str) -> None:
    """One line to stderr, such as ``error: ...``."""
    typer.echo(f"{kind}: {one_line(words)}", err=True)


@contextmanager
def working(words: str) -> Iterator[None]:
    """A spinner on stderr while the block runs; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    with console(err=True).status(text(words)):
        yield


@contextmanager
def counting(doing: str, things: str) -> Iterator[Callable[[int], None]]:
    """A count on stderr, of what is called with it; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    with console(err=True).status(text(doing)) as status:
        yield lambda count: status.update(f"{count} {things}")

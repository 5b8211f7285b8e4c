"""A judge that is asked nothing twice: what it said stands in a file beside the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from .judging import Judge, text_of
from .ledger import Ledger

__all__ = ["VERDICTS", "RememberingJudge"]

VERDICTS: Final = "verdicts.jsonl"
"""The name of the file in the folder of a run."""
_NAMES: Final = ("model_name", "model", "model_id", "deployment_name", "temperature")


class RememberingJudge:
    """Another judge, the same prompt asked once: it holds the question, the right answer and the given one.

    Verdicts are kept by the judge's class and by what it says of its model, so that another judge is asked
    anew. One that tells nothing of its model is taken for any other of its class.

    Args:
        judge: who is asked.
        path: the file; see `jarvis_bench.ledger.Ledger`.
    """

    def __init__(self, judge: Judge, path: Path) -> None:
        self._judge, self._ledger = judge, Ledger(path)
        told = {
            name: value
            for name in _NAMES
            if isinstance(value := getattr(judge, name, None), str | int | float)
        }
        self._name = f"{type(judge).__module__}.{type(judge).__qualname__} {sorted(told.items())}"

    def invoke(self, input: str, /) -> Any:
        """The text of its reply."""
        return self._ledger.said([(self._name, input)], lambda _: [text_of(self._judge.invoke(input))])[0]

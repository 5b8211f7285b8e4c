"""What was asked once and answered, on the disk: work that was interrupted asks nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from jarvis_retrievers.errors import DatasetError

from .jsonl import json_lines

__all__ = ["Asked", "Ledger"]

Asked = tuple[str, ...]


class Ledger:
    """Answers by what was asked, a JSON line each, appended as they come.

    Args:
        path: the file; it is made with the first answer. A last line that was cut off is asked again.

    Raises:
        DatasetError: the file is damaged, or no ledger.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._said: dict[str, str] = {}
        if path.exists():
            self._mend()
            for number, line in json_lines(path):
                key, said = line.get("key"), line.get("said")
                if not isinstance(key, str) or not isinstance(said, str):
                    raise DatasetError(f"{path}, line {number} is no line of a ledger; delete the file")
                self._said[key] = said

    def __len__(self) -> int:
        return len(self._said)

    def said(self, asked: Sequence[Asked], ask: Callable[[list[int]], list[str]]) -> list[str]:
        """The answers to what was asked: those that are known, else what ``ask`` gives.

        Args:
            asked: of each question all that its answer depends on, the fingerprint of who is asked among it.
            ask: the answers to questions by their places; called only if some have no answer yet.
        """
        keys = [_key(one) for one in asked]
        places = {key: place for place, key in enumerate(keys) if key not in self._said}
        if places:
            told = ask(list(places.values()))
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8", newline="\n") as file:
                for key, said in zip(places, told, strict=True):
                    file.write(json.dumps({"key": key, "said": said}) + "\n")
                    self._said[key] = said
        return [self._said[key] for key in keys]

    def _mend(self) -> None:
        """Cut off what stands behind the last line break."""
        data = self._path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.truncate(self._path, whole)


def _key(asked: Asked) -> str:
    digest = hashlib.sha256(b"jarvis.bench.ledger.v1")
    for part in asked:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()

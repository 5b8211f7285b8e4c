"""The file that says of each built item where it is from, and of the others why they are none."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from jarvis_retrievers.errors import DatasetError

from ..item import Value
from ..jsonl import json_lines
from .proposal import Proposal

__all__ = ["PROVENANCE", "Provenance", "read_provenance", "write_provenance"]

PROVENANCE: Final = "provenance.jsonl"
"""The name of the file."""
_FORMAT: Final = "jarvis-bench-provenance"
_VERSION: Final = 1


class Provenance(Value):
    """How a data set was built.

    Attributes:
        models: names and fingerprints of the model and the encoder, and who put the questions.
        settings: those of `jarvis_bench.building.BuildSettings`.
        photos: where each photo was read from, by its path below the root.
        proposals: all of them, kept or not.
    """

    models: Mapping[str, str]
    settings: Mapping[str, int | float | bool]
    photos: Mapping[str, str]
    proposals: tuple[Proposal, ...]

    @property
    def dropped(self) -> dict[str, int]:
        """How many proposals were dropped for each reason, the commonest first."""
        return dict(Counter(one.reason for one in self.proposals if not one.kept).most_common())


def write_provenance(provenance: Provenance, path: str | os.PathLike[str]) -> Path:
    """Write it as JSON lines: a head, then a line for each proposal; a file of that name is replaced."""
    target = Path(path).expanduser()
    head = {"format": _FORMAT, "version": _VERSION} | provenance.model_dump(
        mode="json", exclude={"proposals"}
    )
    lines = [head, *(one.model_dump(mode="json") for one in provenance.proposals)]
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(target)
    return target


def read_provenance(path: str | os.PathLike[str]) -> Provenance:
    """Read what `write_provenance` wrote.

    Raises:
        DatasetError: no such file, another format or version, or a line that is not what it should be.
    """
    source = Path(path).expanduser()
    lines = json_lines(source)
    _, head = next(lines, (0, {}))
    if (head.pop("format", None), head.pop("version", None)) != (_FORMAT, _VERSION):
        raise DatasetError(f"{source} is no {_FORMAT} of version {_VERSION}; build the data set again")
    try:
        return Provenance(proposals=tuple(_proposal(source, *line) for line in lines), **head)
    except (ValidationError, TypeError) as error:
        raise DatasetError(f"{source}, line 1: {error}; build the data set again") from error


def _proposal(source: Path, number: int, line: Mapping[str, Any]) -> Proposal:
    try:
        return Proposal.model_validate(line)
    except ValidationError as error:
        what = error.errors()[0]["msg"]
        raise DatasetError(f"{source}, line {number}: {what}; build the data set again") from error

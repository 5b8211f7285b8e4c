"""A reader with a fault that nobody meets by chance, and one without."""

from __future__ import annotations

from benchmarks.fuzzing.target import Target


def _examples() -> list[bytes]:
    return [b"hello"]


def _faulty(data: bytes) -> None:
    if data[:1] == b"B" and data[1:2] == b"o" and data[2:3] == b"!":
        raise RuntimeError("fell into the pit")


def _sound(data: bytes) -> None:
    if data[:1] == b"B":
        return


TARGETS = {"faulty": Target("a pit", _examples, _faulty), "sound": Target("a floor", _examples, _sound)}

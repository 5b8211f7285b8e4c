"""A short share of `python -m benchmarks.fuzz`: damaged examples and any bytes, for each of its targets."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzzing.targets import TARGETS

_TRIES = {"item": 40, "request": 60, "segment": 120}


@cache
def examples(name: str) -> list[bytes]:
    return TARGETS[name].examples()


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """An example with some bytes changed, cut out, doubled, or put in."""
    data = bytearray(draw(st.sampled_from(examples(name))))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["flip", "cut", "drop", "double", "put"])):
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[at:]
            case "drop":
                del data[at : at + draw(st.integers(1, 16))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
            case _:
                data[at:at] = draw(st.one_of(st.binary(max_size=8), st.text(max_size=4).map(_bytes)))
    return bytes(data)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@pytest.mark.parametrize("name", TARGETS)
def test_examples_are_right(name: str) -> None:
    assert examples(name)
    for data in examples(name):
        TARGETS[name].run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_is_read_or_refused(name: str) -> None:
    data = st.one_of(damaged(name), st.binary(max_size=200), st.text(max_size=60).map(_bytes))

    @settings(deadline=None, max_examples=_TRIES.get(name, 150), suppress_health_check=list(HealthCheck))
    @given(data=data)
    def one(data: bytes) -> None:
        TARGETS[name].run(data)

    one()


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b"1" * 10_000,
        b"NaN",
        b'"\\ud800"',
        b"\xed\xa0\x80",
        b"\0" * 64,
        b"\xff" * 64,
        (2**63 - 1).to_bytes(8, "little") + b"{}",
        (4).to_bytes(8, "little") + b"null",
    ],
    ids=["brackets", "objects", "digits", "nan", "half", "half bytes", "zeros", "ones", "huge", "null"],
)
def test_what_breaks_readers_of_json_breaks_none(name: str, data: bytes) -> None:
    TARGETS[name].run(data)
    size = len(data).to_bytes(8, "little")
    TARGETS[name].run(size + data)

"""R6 and R7: files are cut off, and bits in them flip."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .base import OWNER, Base, scratch
from .look import look
from .operation import Operation
from .report import Report
from .state import after
from .victim import Victim

__all__ = ["flips", "truncations"]

_PAGE, _FRAME, _WAL_HEADER = 16384, 24, 32


@dataclass(frozen=True)
class _Target:
    """A kind of file: one of it, or the choice of one."""

    base: Base
    name: str
    files: tuple[Path, ...]
    cache: bool = False


def truncations(rounds: int, seed: int, only: str = "") -> Report:
    """Each kind of file is cut at the boundaries of its parts, then at random lengths.

    ``rounds`` is for each kind of file; ``only`` is one of them.
    """

    def cut(path: Path, rng: random.Random, number: int) -> str:
        size = path.stat().st_size
        bounds = [b for b in _bounds(path) if b < size]
        length = bounds[number] if number < len(bounds) else rng.randrange(size)
        os.truncate(path, length)
        return f"cut from {size} to {length} bytes"

    return _damage("R6", cut, rounds, seed, only)


def flips(rounds: int, seed: int, only: str = "") -> Report:
    """One bit of one file flips: a quarter of them in its first 4 KiB, half in bytes that are not 0.

    Most of a small catalogue are zeros that nobody reads. See `truncations`.
    """

    def flip(path: Path, rng: random.Random, number: int) -> str:
        data = bytearray(path.read_bytes())
        used = [n for n, byte in enumerate(data) if byte] if number % 4 > 1 else []
        place = (
            rng.choice(used)
            if used
            else rng.randrange(min(len(data), 4096 if number % 4 == 0 else len(data)))
        )
        bit = rng.randrange(8)
        data[place] ^= 1 << bit
        path.write_bytes(data)
        return f"bit {bit} of byte {place} of {len(data)}"

    return _damage("R7", flip, rounds, seed, only)


def _bounds(path: Path) -> list[int]:
    size = path.stat().st_size
    if path.name.endswith("-wal"):
        ends = range(_WAL_HEADER, size, _FRAME + _PAGE)
        return sorted({0, *ends, *(end + _FRAME for end in ends)})
    if path.name.endswith(".sqlite"):
        return [0, 16, 100, *range(_PAGE, size, _PAGE)]
    return [0, 8, 16, 32, size - 1]


def _damage(
    kind: str, harm: Callable[[Path, random.Random, int], str], rounds: int, seed: int, only: str
) -> Report:
    report = Report(kind, seed)
    with scratch() as folder:
        for target in _targets(folder):
            if only and target.name != only:
                continue
            for number in range(seed - 1, seed - 1 + rounds):
                rng = random.Random(f"{kind}/{target.name}/{number}")
                home = target.base.copy(folder / "home")
                path = home / rng.choice(target.files).relative_to(target.base.home)
                what = harm(path, rng, number)
                report.rounds += 1
                report.count(f"{target.name}")
                outcome, wrong = look(home, target.base.state)
                report.count(outcome)
                if target.cache and outcome == "refused":
                    wrong.append("a damaged cache must be a miss")
                for text in wrong:
                    report.violate(
                        f"{target.name} {path.name}, {what}: {text}", seed=number + 1, only=target.name
                    )
    return report


def _targets(folder: Path) -> list[_Target]:
    base = Base.make(folder / "base")
    kinds: dict[str, list[Path]] = {}
    for path in (base.home / "blobs").rglob("*"):
        if path.is_file():
            kinds.setdefault(path.read_bytes()[8:16].rstrip(b"\0").decode(), []).append(path)
    home = base.home
    targets = [
        _Target(base, name, tuple(sorted(files)), cache=name != "photo")
        for name, files in sorted(kinds.items())
    ]
    targets += [_Target(base, name, (home / name,)) for name in ("catalogue.sqlite", "reserve")]
    # A writer that was killed leaves a -wal file with what is in no other.
    killed = base.copy(folder / "killed")
    state = base.state
    plan = [
        Operation("remember", "Zoe", (31,)),
        Operation("setting", "kept", (32,)),
        Operation("update", "Pip", (33,)),
    ]
    for operation in plan:
        state = after(state, operation)
    Victim(killed, OWNER, [*plan, Operation("die", "")]).wait()
    left = Base(killed, state, base.others)
    targets += [
        _Target(left, f"catalogue.sqlite{end}", (killed / f"catalogue.sqlite{end}",))
        for end in ("-wal", "-shm")
    ]
    return targets

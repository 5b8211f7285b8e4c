"""Which of a photo's tokens are kept: the strongest, or evenly spread ones."""

from __future__ import annotations

from collections.abc import Sequence

from jarvis_retrievers.errors import InputError

__all__ = ["even_tokens", "strongest_tokens", "token_budget"]


def token_budget(most: int, area: float, tokens: int) -> int:
    """``K_c = min(K, a N / 100)``, rounded, at least 1 (Ego, arXiv 2603.09771, section 3.3).

    Args:
        most: K, the most tokens of one photo.
        area: a, which share of the photo the subject takes, in percent.
        tokens: N, how many tokens the photo has.

    Raises:
        InputError: a number is out of its range.
    """
    if most < 1 or tokens < 1 or not 0 <= area <= 100:
        raise InputError(
            f"a budget needs at least one token of at least one, and an area from 0 to 100 %, got {most} of "
            f"{tokens} and {area} %"
        )
    return max(1, min(most, tokens, round(area * tokens / 100)))


def strongest_tokens(importance: Sequence[float], count: int) -> tuple[int, ...]:
    """The ``count`` most important tokens in their own order; of equal ones the earlier (Ego, section 3.2).

    Raises:
        InputError: ``count`` is not between 1 and the number of tokens.
    """
    _check(count, len(importance))
    ranked = sorted(range(len(importance)), key=lambda i: (-importance[i], i))
    return tuple(sorted(ranked[:count]))


def even_tokens(rows: int, columns: int, count: int) -> tuple[int, ...]:
    """``count`` tokens of a grid, spread evenly over its rows, and over each row.

    Raises:
        InputError: ``count`` is not between 1 and the number of tokens.
    """
    _check(count, rows * columns)
    used = min(rows, max(-(-count // columns), round((count * rows / columns) ** 0.5), 1))
    kept: list[int] = []
    for number in range(used):
        here = (number + 1) * count // used - number * count // used
        row = (2 * number + 1) * rows // (2 * used)
        kept += (row * columns + (2 * i + 1) * columns // (2 * here) for i in range(here))
    return tuple(kept)


def _check(count: int, tokens: int) -> None:
    if not 1 <= count <= tokens:
        raise InputError(f"of {tokens} tokens 1 to {tokens} can be kept, got {count}")

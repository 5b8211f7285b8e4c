"""Questions to several memories, answered in one pass of the model that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jarvis_retrievers.errors import InputError

from .answer import Answer
from .intake import Photo
from .kv import Mode
from .operation import Operation
from .recalling import answered
from .vlm import Query
from .vlm.query import Turn

if TYPE_CHECKING:
    from .asking import Asking

__all__ = ["Ask", "ask_together"]


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """A question to one owner's memory, its pictures, the turns before it, and who may count."""

    memory: Asking
    question: str
    images: Sequence[Photo] = ()
    history: Sequence[Turn] = ()
    only: Sequence[str] | None = None


def ask_together(
    asks: Sequence[Ask],
    *,
    mode: str | Mode | None = None,
    max_new_tokens: int = 256,
    batch_size: int = 8,
) -> list[Answer]:
    """Answer questions of any owners together; each answer is that of its own `PersonalMemory.ask`.

    Each context is made from its own owner's segments alone; they meet only as rows of one batch, which see
    nothing of each other.

    Args:
        asks: questions; their memories share one loaded model.
        mode: how contexts are made, if other than each memory's own.
        max_new_tokens: the most tokens of each answer.
        batch_size: how many are computed together.

    Raises:
        InputError: memories with different models, or a blank question.
        ImageError, ContextError: as for `PersonalMemory.ask`; then nothing is answered.
    """
    if not asks:
        return []
    node = asks[0].memory.node
    if any(one.memory.node is not node for one in asks):
        raise InputError("questions to different models cannot be answered together; ask them apart")
    owners = {one.memory._store.owner for one in asks}
    with Operation("ask_many", owners.pop() if len(owners) == 1 else None, node.name) as run:
        ready = [
            one.memory.ready(one.question, one.images, mode, max_new_tokens, one.history, one.only)
            for one in asks
        ]
        queries = [
            Query(recalled.context, one.question, recalled.images, max_new_tokens, one.history)
            for one, recalled in zip(asks, ready, strict=True)
        ]
        said = node.generate_many(queries, batch_size)
        answers = [answered(recalled, one) for recalled, one in zip(ready, said, strict=True)]
    run.end()
    return answers

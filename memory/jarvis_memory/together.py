"""Questions to several memories, answered in one pass of the model that they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from jarvis_retrievers.errors import InputError, JarvisError

from .answer import Answer
from .chat.reply import Reply
from .chat.request import ChatRequest
from .intake import Photo
from .kv import Mode
from .operation import Operation
from .recalling import Recall, answered
from .vlm import VLM, Generation, Query
from .vlm.query import Turn

if TYPE_CHECKING:
    from .asking import Asking
    from .memory import PersonalMemory

__all__ = ["Ask", "ask_together", "chat_together", "may_join"]


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """A question to one owner's memory, its pictures, the turns before it, and who may count."""

    memory: Asking
    question: str
    images: Sequence[Photo] = ()
    history: Sequence[Turn] = ()
    only: Sequence[str] | None = None


@dataclass(slots=True, eq=False)
class _Patience:
    """Whether an answer is to go on: somebody waits for it, and it may take longer."""

    request: ChatRequest
    waited_for: Callable[[], bool] | None
    over: bool = False

    def __call__(self, took: float) -> bool:
        self.over = self.request.is_late(took)
        return not self.over and (self.waited_for is None or self.waited_for())


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


def may_join(request: ChatRequest) -> bool:
    """Whether a conversation is one question that can go with others: pictures, then a text.

    A system text or tools stand in the place of the prefix, earlier turns go on from rows that are kept of
    them, and schemas, stops and chance belong to a run of their own.
    """
    plain = not (request.tools or request.stop or request.schema or request.concepts is not None)
    if not plain or len(request.messages) != 1 or request.sampling.temperature != 0:
        return False
    said = request.messages[0]
    *before, last = said.content or ("",)
    asked = isinstance(last, str) and bool(last.strip())
    return said.role == "user" and asked and all(isinstance(part, Image.Image) for part in before)


def chat_together(
    asks: Sequence[tuple[PersonalMemory, ChatRequest]],
    batch_size: int = 8,
    waited_for: Sequence[Callable[[], bool]] | None = None,
) -> list[Reply | JarvisError]:
    """Answer first questions of any owners' conversations together.

    Args:
        asks: memories, which share one loaded model, and requests that `may_join`.
        batch_size: how many are computed together.
        waited_for: for each whether somebody still waits for it, asked before each token but the first; if
            not, its reply is what was said by then.

    Returns:
        For each the reply of its own `PersonalMemory.chat`, or the error that it would raise. The time that a
        request allows (``seconds``) begins with the pass that it goes with.

    Raises:
        InputError: memories with different models, or a request that may not join.
    """
    if not asks:
        return []
    node = asks[0][0].node
    if any(memory.node is not node for memory, _ in asks):
        raise InputError("questions to different models cannot be answered together; ask them apart")
    if not all(may_join(request) for _, request in asks):
        raise InputError("more than one plain question needs a run of its own; use PersonalMemory.chat")
    owners = {memory._store.owner for memory, _ in asks}
    with Operation("ask_many", owners.pop() if len(owners) == 1 else None, node.name) as run:
        waits = [None] * len(asks) if waited_for is None else waited_for
        ready = [_ready(*ask, waits[n]) for n, ask in enumerate(asks)]
        queries = [one[1] for one in ready if not isinstance(one, JarvisError)]
        said = iter(_said(node, queries, batch_size))
        told = [
            one if isinstance(one, JarvisError) else _reply(node, one[0], one[2], next(said)) for one in ready
        ]
    run.end()
    return told


def _ready(
    memory: PersonalMemory, request: ChatRequest, waited_for: Callable[[], bool] | None
) -> tuple[Recall, Query, _Patience] | JarvisError:
    patience = _Patience(request, waited_for)
    said, most = request.messages[0], request.max_new_tokens
    try:
        recalled = memory.ready(said.text, said.images, None, most)
    except JarvisError as error:
        return error
    query = Query(recalled.context, said.text, recalled.images, most, wanted=patience)
    return recalled, query, patience


def _said(node: VLM, queries: Sequence[Query], batch_size: int) -> list[Generation | JarvisError]:
    """An answer or an error each: what one of them does wrong is not the others' loss."""
    if not queries:
        return []
    try:
        return list(node.generate_many(queries, batch_size))
    except JarvisError as error:
        if len(queries) == 1:
            return [error]
        return [said for query in queries for said in _said(node, [query], 1)]


def _reply(
    node: VLM, recalled: Recall, patience: _Patience, said: Generation | JarvisError
) -> Reply | JarvisError:
    if isinstance(said, JarvisError):
        return said
    if patience.over:
        return patience.request.late(said.generated_tokens)
    usage = answered(recalled, said).usage
    # Nobody was found: in a conversation the prefix counts all the same.
    bare = len(node.prefix.token_ids) if recalled.context is None else 0
    reused = usage.reused + (bare if node.reach.segments != 0 else 0)
    return Reply(
        text=said.text,
        calls=(),
        bad_calls=(),
        finish="stop" if said.token_ids[-1] in node.parts.stop_ids else "length",
        prompt_tokens=usage.reused + usage.computed + bare,
        reused_tokens=reused,
        generated_tokens=said.generated_tokens,
        concepts=tuple(find.concept.name for find in recalled.found),
        notices=recalled.notices,
        ttft_seconds=said.ttft_seconds,
        seconds=said.seconds,
    )

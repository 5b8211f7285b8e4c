"""The fixed pieces of the prompt, taken from the chat template of the model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from jarvis_retrievers.errors import UnsupportedModelError

from .text import TextEncoder

__all__ = ["MEMORY_INSTRUCTION", "Frame", "read_frame"]

MEMORY_INSTRUCTION = "Answer from your memory of the user's concepts. If someone is not in it, say so."

# Plain letters: templates trim spaces, and nothing of it may look like markup.
_MARK = "JarvisFirstUserContent"
_ANSWER, _NEXT = "JarvisFirstAnswer", "JarvisSecondUserContent"


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before and behind the content of the user.

    Attributes:
        prefix: Tokens up to the first content, with the memory instruction.
        tail: Tokens from the end of the question to the first of the answer.
        turn: Tokens from the end of an earlier question to its answer, and from the end of that answer to the
            next question; None if the template does not print earlier turns so.
    """

    prefix: tuple[int, ...]
    tail: tuple[int, ...]
    turn: tuple[tuple[int, ...], tuple[int, ...]] | None = None


def read_frame(processor: Any, encoder: TextEncoder) -> Frame:
    """Render the chat template around a mark and split it there, so that no literal of one model is needed.

    Raises:
        UnsupportedModelError: There is no chat template, or it does not print the instruction and the content
            once, one after the other.
    """
    conversation = [
        {"role": "system", "content": [{"type": "text", "text": MEMORY_INSTRUCTION}]},
        {"role": "user", "content": [{"type": "text", "text": _MARK}]},
    ]
    if not getattr(processor, "chat_template", None):
        raise UnsupportedModelError(
            "The processor of this model has no chat template; use an instruct model."
        )
    text = str(processor.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True))
    before, *behind = text.split(_MARK)
    if len(behind) != 1 or before.count(MEMORY_INSTRUCTION) != 1:
        raise UnsupportedModelError(
            "The chat template of this model does not print a system text and the user's content once, "
            f"in this order; it printed {text!r}."
        )
    prefix, tail = encoder.encode_template(before), encoder.encode_template(behind[0])
    if not prefix or not tail:
        raise UnsupportedModelError(
            f"The chat template of this model does not end a turn; it printed {text!r}."
        )
    return Frame(tuple(prefix), tuple(tail), _read_turn(processor, encoder, conversation))


def _read_turn(
    processor: Any, encoder: TextEncoder, conversation: list[dict[str, Any]]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    turns = [
        *conversation,
        {"role": "assistant", "content": [{"type": "text", "text": _ANSWER}]},
        {"role": "user", "content": [{"type": "text", "text": _NEXT}]},
    ]
    text = str(processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    found = re.search(f"{_MARK}(.*?){_ANSWER}(.*?){_NEXT}", text, re.DOTALL)
    if found is None:
        return None
    reply, following = (tuple(encoder.encode_template(piece)) for piece in found.groups())
    return reply, following

"""Text of users, as tokens that can only be text."""

from __future__ import annotations

import json
import re
from typing import Any

from tokenizers import Tokenizer

from jarvis_retrievers.errors import InputError, UnsupportedModelError

__all__ = ["TextEncoder"]

_MARKUP = re.compile(r"[^\w\s]")


class TextEncoder:
    """Turns names, notes and questions into tokens, none of which is a control token.

    ``split_special_tokens=True`` is not enough: added tokens that are not marked as special, such as
    ``<tool_call>`` or ``<think>``, still pass. Here the user's text meets a copy of the tokenizer that has no
    added tokens at all, so that ``<|im_end|>`` in a note is ten characters and not the end of the turn.

    Args:
        tokenizer: A fast tokenizer of transformers. It is copied; nothing is left on it.

    Raises:
        UnsupportedModelError: The tokenizer is not a fast one.
    """

    def __init__(self, tokenizer: Any) -> None:
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise UnsupportedModelError(
                f"{type(tokenizer).__name__} is no fast tokenizer; use a model that has a tokenizer.json."
            )
        state = json.loads(backend.to_str())
        # A call with padding or truncation leaves them on the tokenizer; here nothing may be cut.
        state["truncation"] = state["padding"] = None
        self._with_control: Tokenizer = Tokenizer.from_str(json.dumps(state))
        self._control = {int(token["id"]): str(token["content"]) for token in state["added_tokens"]}
        self.control_texts = tuple(text for text in self._control.values() if _MARKUP.search(text))
        """The added tokens that look like markup; runs of spaces, which some tokenizers add, do not."""
        self._bare: Tokenizer = Tokenizer.from_str(json.dumps({**state, "added_tokens": []}))
        self._state = json.dumps(state, sort_keys=True)

    @property
    def control_ids(self) -> frozenset[int]:
        """The ids that no text of a user can become."""
        return frozenset(self._control)

    @property
    def state(self) -> str:
        """The whole tokenizer as canonical JSON, for the fingerprint."""
        return self._state

    def encode(self, text: str) -> list[int]:
        """Tokens of what a user wrote.

        Raises:
            InputError: The text is not valid Unicode, or the tokenizer's own vocabulary leads to a control
                token.
        """
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"This text holds half of a character at {error.start}; remove it.") from error
        ids: list[int] = self._bare.encode(text, add_special_tokens=False).ids
        # Not reachable with byte-level vocabularies; others may hold a control token as a word.
        found = sorted({self._control[i] for i in ids if i in self._control})
        if found:
            raise InputError(
                f"This text would become the control token {found[0]!r}; write it in another way."
            )
        return ids

    def forget(self) -> None:
        """Empty the cache of words that a tokenizer of this kind (BPE, Unigram) keeps, if it has one."""
        for tokenizer in (self._bare, self._with_control):
            clear = getattr(tokenizer.model, "_clear_cache", None)
            if clear is not None:
                clear()

    def encode_template(self, text: str) -> list[int]:
        """Tokens of a piece of the chat template, control tokens included. Never give it text of a user."""
        ids: list[int] = self._with_control.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: list[int]) -> str:
        """Text of generated tokens, without special tokens; bytes that are no UTF-8 become U+FFFD."""
        text: str = self._with_control.decode(ids, skip_special_tokens=True)
        return text

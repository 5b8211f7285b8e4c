"""Text of users, as tokens that can only be text."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

from tokenizers import Tokenizer

from jarvis_retrievers.errors import InputError, UnsupportedModelError

__all__ = ["TextEncoder"]

_MARKUP = re.compile(r"[^\w\s]")
# Gemma's tokenizer adds runs of line breaks and of spaces (SentencePiece writes U+2581). They are text.
_SPACE = re.compile(r"[\s\u2581]*")


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
        added = {int(token["id"]): str(token["content"]) for token in state["added_tokens"]}
        self._control = {i: text for i, text in added.items() if not _SPACE.fullmatch(text)}
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

        Where the vocabulary itself has a control token as a word, the text is cut within that word, so that
        its pieces are left.

        Raises:
            InputError: The text is not valid Unicode, or a single character of it is a control token.
        """
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"This text holds half of a character at {error.start}; remove it.") from error
        return self._plain(text)

    def _plain(self, text: str) -> list[int]:
        made = self._bare.encode(text, add_special_tokens=False)
        ids: list[int] = made.ids
        if not self._control.keys() & set(ids):
            return ids
        found = [(span, i) for span, i in zip(made.offsets, ids, strict=True) if i in self._control]
        for (start, end), i in found:
            if end - start < 2:
                raise InputError(
                    f"This text would become the control token {self._control[i]!r}; write it in another way."
                )
        cuts = [0, *(start + 1 for (start, _), _ in found), len(text)]
        return [i for at, to in itertools.pairwise(cuts) for i in self._plain(text[at:to])]

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

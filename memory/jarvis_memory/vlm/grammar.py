"""Answers that follow a JSON schema: which tokens may come next."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Collection
from typing import Any

import torch

from jarvis_retrievers.errors import ExtraError, SettingError, UnsupportedModelError

__all__ = ["Grammar", "Guide"]


class Guide:
    """Follows one answer, token by token.

    Args:
        matcher: A fresh matcher of xgrammar.
        never: (vocabulary,) bool, tokens that no answer holds.
    """

    def __init__(self, matcher: Any, never: torch.Tensor) -> None:
        self._matcher, self._never = matcher, never
        self._bits = torch.zeros(1, (len(never) + 31) // 32, dtype=torch.int32)

    def mask(self, logits: torch.Tensor) -> torch.Tensor:
        """(vocabulary,) logits with minus infinity for all tokens that cannot come next."""
        self._matcher.fill_next_token_bitmask(self._bits)
        # Unpacked here and not by the library's kernels: a device more, or a compiler less, changes nothing.
        allowed = (self._bits[0][:, None] >> torch.arange(32)) & 1
        banned = (allowed.flatten()[: len(self._never)] == 0) | self._never
        return logits.masked_fill(banned.to(logits.device), float("-inf"))

    @property
    def complete(self) -> bool:
        """Whether the answer could end here."""
        return bool(self._matcher.is_completed())

    def follow(self, token: int) -> None:
        """Go on behind a token that was allowed."""
        self._matcher.accept_token(token)


class Grammar:
    """Compiles JSON schemas for one tokenizer; each is compiled once. Loads xgrammar when first needed.

    Args:
        tokenizer: A fast tokenizer of transformers.
        vocabulary: How many logits the model has; often more than the tokenizer has tokens.
        stop_ids: Tokens that end an answer.
        control_ids: Tokens that no answer holds, but for those that end it.
    """

    def __init__(
        self, tokenizer: Any, vocabulary: int, stop_ids: Collection[int], control_ids: Collection[int]
    ) -> None:
        self._tokenizer, self._vocabulary = tokenizer, vocabulary
        self._stops = sorted(i for i in stop_ids if i < vocabulary)
        self._never = torch.zeros(vocabulary, dtype=torch.bool)
        self._never[[i for i in control_ids if i < vocabulary and i not in stop_ids]] = True
        self._compiler: Any = None
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether xgrammar is installed."""
        return importlib.util.find_spec("xgrammar") is not None

    def guide(self, schema: str) -> Guide:
        """What leads an answer along a JSON schema, given as JSON.

        Raises:
            ExtraError: xgrammar is not installed.
            UnsupportedModelError: It does not know this kind of tokenizer.
            SettingError: The schema is none, or has something that it does not know.
        """
        try:
            import xgrammar
        except ImportError as error:
            raise ExtraError(
                "an answer in JSON needs the library xgrammar, which cannot be imported "
                f"({error}); install it with: pip install 'jarvis-plugins[profiles]'"
            ) from error
        with self._lock:
            if self._compiler is None:
                self._compiler = self._made(xgrammar)
            try:
                compiled = self._compiler.compile_json_schema(schema, any_whitespace=False)
            except (RuntimeError, ValueError) as error:
                raise SettingError(
                    f"no answer can follow this JSON schema: {error}; got {schema[:80]!r}"
                ) from error
        return Guide(xgrammar.GrammarMatcher(compiled), self._never)

    def _made(self, xgrammar: Any) -> Any:
        try:
            info = xgrammar.TokenizerInfo.from_huggingface(
                self._tokenizer, vocab_size=self._vocabulary, stop_token_ids=self._stops
            )
        except (RuntimeError, ValueError, NotImplementedError) as error:
            raise UnsupportedModelError(
                "answers of this model cannot be led along a schema, as xgrammar does not know its "
                f"tokenizer: {error}; ask it slot by slot (jarvis_memory.profiling.SlotProfiler)"
            ) from error
        return xgrammar.GrammarCompiler(info, max_threads=1)

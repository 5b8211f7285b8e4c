"""An answer, and what it took."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Generation"]


@dataclass(frozen=True, slots=True)
class Generation:
    """An answer, and what it took.

    Attributes:
        text: The answer, without special tokens.
        token_ids: As generated, with the token that ended it, if one did.
        prompt_tokens: Tokens computed for it: the question with its images, and the context less what was
            reused.
        reused_tokens: Tokens of the context that came from stored caches.
        generated_tokens: How many tokens were generated.
        ttft_seconds: From the call to the first token.
        seconds: From the call to the last token.
    """

    text: str
    token_ids: tuple[int, ...]
    prompt_tokens: int
    reused_tokens: int
    generated_tokens: int
    ttft_seconds: float
    seconds: float

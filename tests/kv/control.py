"""How control tokens may be written so that they are not noticed."""

from __future__ import annotations

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
WIDE = {ord(c): 0xFEE0 + ord(c) for c in map(chr, range(0x21, 0x7F))}
SMALL = str.maketrans(
    {"<": "\ufe64", ">": "\ufe65", "|": "\u2758", "_": "\ufe4d", "[": "\uff3b", "]": "\uff3d"}
)


def variants(token: str) -> list[str]:
    """The token as it may be written so that something between here and the model makes the token of it."""
    half = max(1, len(token) // 2)
    return [
        token,
        token * 3,
        f"a{token}b",
        f" {token} ",
        f"\n{token}\n",
        token.upper(),
        # Equal to it under NFKC.
        token.translate(WIDE),
        token.translate(SMALL),
        token.replace("_", "\uff3f"),
        # Cut.
        f"{token[:half]}\n{token[half:]}",
        *(f"{token[:half]}{hidden}{token[half:]}" for hidden in ZERO_WIDTH),
        hidden_everywhere(token),
        token[:half],
        token[half:],
        # Within itself: whoever takes it out once puts it together.
        token[:half] + token + token[half:],
    ]


def hidden_everywhere(token: str) -> str:
    return "\u200b".join(token)

"""What a model looks at on a photo while it says certain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image

from jarvis_memory.kv import Inputs, Prefix
from jarvis_retrievers.errors import InputError, UnsupportedModelError

from .block import Block
from .excerpt import Excerpt
from .layout import Layout
from .recompute import recompute
from .runner import Runner

__all__ = ["Sight"]

_ASK = "Describe {name} in a few words."


class Sight:
    """Attention from words to the tokens of a photo.

    Only the rows of the words are computed, one layer after the other, from the queries of these rows and the
    keys that the layer has written; no attention matrix is kept, and nothing is left on the model.
    """

    def __init__(self, layout: Layout, runner: Runner, prefix: Prefix) -> None:
        self._layout, self._runner, self._prefix = layout, runner, prefix

    @property
    def layers(self) -> int:
        """How many layers can be looked at."""
        return len(self._runner.text.layers)

    def cells(self, photo: Image.Image) -> tuple[int, int, int]:
        """Rows, columns and number of the tokens of a whole photo; those behind the cells have no place."""
        return self._layout.cells(photo)

    def attention(self, photo: Image.Image, name: str, words: Sequence[str]) -> torch.Tensor:
        """How much each layer attends from words to the tokens of a photo.

        The model is shown the photo behind the prefix, is asked to describe it, and is given the words as its
        answer (Ego, arXiv 2603.09771, section 3.2). A word looks from the place where it stands.

        Args:
            photo: RGB.
            name: Whose photo it is.
            words: Keywords.

        Returns:
            (layers, tokens of the photo) float32: the mean over heads and word tokens of the share of their
            attention that a token of the photo gets.

        Raises:
            InputError: There is no word.
            UnsupportedModelError: Layers of this model do not keep every token.
            ContextError: It is longer than the window.
        """
        if not any(word.strip() for word in words):
            raise InputError("attention is that of words, got none; give the keywords of the photo")
        reach = self._runner.reach
        if reach.segments is not None:
            raise UnsupportedModelError(
                f"The attention of this model cannot be looked at: it has {reach.why}. Use the selector "
                "'patches', 'full' or 'uniform'."
            )
        shown = self._layout.photos(name, [Excerpt(photo)])
        asked = self._layout.question(_ASK.format(name=name))
        answer, rows = self._layout.said([word for word in words if word.strip()])
        at = len(shown.token_ids) + len(asked.token_ids)
        seen = self._runner.inputs(Block.join([shown, asked, answer]))
        images = self._runner.embeddings(seen)[1].nonzero()[:, 0]
        return self._looked(seen, torch.tensor([at + row for row in rows]), images.cpu())

    def _looked(self, seen: Inputs, words: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """(layers, images) of rows behind the prefix: from ``words`` to ``images``."""
        runner, prefix = self._runner, self._prefix
        past = prefix.tokens
        inputs = Inputs.join([prefix.inputs, seen])
        runner.check_room(inputs.width, "The photo and its words")
        keys, values = (
            torch.nn.functional.pad(rows, (0, 0, 0, seen.tokens)) for rows in (prefix.keys, prefix.values)
        )
        positions = runner.positions(inputs)[..., past + words]
        found: list[torch.Tensor] = []

        def look(number: int, hidden: torch.Tensor) -> None:
            weights = _weights(runner.text, number, hidden[:, words], keys[number], positions, past + words)
            found.append(weights[..., past + images].mean(dim=(0, 1)).cpu())

        recompute(runner, keys, values, inputs, torch.arange(past, inputs.tokens), look=look)
        return torch.stack(found)


def _weights(
    text: Any,
    number: int,
    hidden: torch.Tensor,
    keys: torch.Tensor,
    positions: torch.Tensor,
    rows: torch.Tensor,
) -> torch.Tensor:
    """(heads, n, tokens) float32 attention of a layer from some rows.

    Args:
        text: The language model.
        number: Of the layer.
        hidden: (1, n, hidden) what goes into the layer.
        keys: (kv_heads, tokens, head_dim) as it wrote them.
        positions: (axes, 1, n) of the rows.
        rows: (n,) where they stand among the tokens.
    """
    layer = text.layers[number]
    attention, states = layer.self_attn, layer.input_layernorm(hidden)
    queries = attention.q_proj(states)[0].unflatten(-1, (-1, keys.shape[-1]))
    if hasattr(attention, "q_norm"):
        queries = attention.q_norm(queries)
    queries = queries.transpose(0, 1).float()
    cos, sin = text.rotary_emb(states, positions[0] if len(positions) == 1 else positions)
    half = cos.shape[-1] // 2
    # Scaled, if the model scales its tables: the keys are, too.
    cos, sin = cos[0, :, :half].float(), sin[0, :, :half].float()
    x1, x2, rest = queries.split([half, half, queries.shape[-1] - 2 * half], dim=-1)
    queries = torch.cat([x1 * cos - x2 * sin, x2 * cos + x1 * sin, rest], dim=-1)
    every = keys.float().repeat_interleave(len(queries) // len(keys), dim=0)
    scores = queries @ every.transpose(1, 2) * attention.scaling
    unseen = torch.arange(keys.shape[1], device=keys.device) > rows.to(keys.device)[:, None]
    shares: torch.Tensor = scores.masked_fill(unseen, float("-inf")).softmax(-1)
    return shares

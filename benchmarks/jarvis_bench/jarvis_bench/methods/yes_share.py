"""How much a model leans to yes, when it is asked whether somebody is in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image

from .models import MOST_TOKENS

if TYPE_CHECKING:
    import torch

    from jarvis_memory.kv import Context
    from jarvis_memory.vlm import VLM

    from .models import Models

__all__ = ["yes_share"]

_ASK = "Is {name} in the picture?"
_YES, _NO = ("Yes", "yes"), ("No", "no")
_HERE, _AWAY = " here", " not"


def yes_share(models: Models, context: Context, name: str, images: Sequence[Image.Image]) -> float:
    """``exp(yes) / (exp(yes) + exp(no))`` of the logits of both words, where the model decides.

    A model that follows instructions decides with its first token. Pocket gives its verdict last ("Bo is
    here", "Bo is not here"): it is let speak, and its logits are taken where the verdict stands; 0 where it
    gives none.

    Args:
        models: the model and its voice.
        context: what the model is shown of the one who is asked about.
        name: whose name.
        images: the picture.
    """
    node, question = models.vlm, _ASK.replace("{name}", name)
    encode = node.parts.encoder.encode
    if models.voice.name == "plain":
        logits = node.first_logits(context, f"{question} Answer with Yes or No only.", images)
        yes, no = ([encode(word)[0] for word in words] for words in (_YES, _NO))
        return _share(logits, yes, no)
    here, away = encode(_HERE)[0], encode(_AWAY)[0]
    said = node.generate(context, question, images, MOST_TOKENS).token_ids
    places = [at for at, token in enumerate(said) if token in (here, away)]
    # "is not here": the first of both words decides.
    while len(places) > 1 and places[-1] - places[-2] == 1:
        places.pop()
    return (
        _share(_behind(node, context, question, images, said[: places[-1]]), [here], [away]) if places else 0
    )


def _behind(
    node: VLM, context: Context, question: str, images: Sequence[Image.Image], said: Sequence[int]
) -> torch.Tensor:
    """(vocabulary,) float32 logits of what follows an answer that is begun."""
    from jarvis_memory.vlm.block import Block

    layout, runner = node.parts.layout, node.parts.runner
    begun = Block.join([layout.question(question, images), Block(tuple(said))])
    cache, inputs, start = runner.begin(context, runner.inputs(begun), 0)
    return runner.run(inputs, start, cache)


def _share(logits: torch.Tensor, yes: Sequence[int], no: Sequence[int]) -> float:
    both = logits[[*yes, *no]].softmax(0)
    return float(both[: len(yes)].sum())

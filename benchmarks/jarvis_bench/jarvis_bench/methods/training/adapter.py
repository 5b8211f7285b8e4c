"""LoRA on the language model of a node, beside the node itself."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch

from jarvis_memory.kv import Inputs
from jarvis_memory.vlm import VLM, SegmentSource
from jarvis_pocket.ask import Kind

from ..prompted import padded
from .classroom import draw_course
from .fit import Schedule, fit
from .pupil import Exercise, Pupil
from .shared import sharing_copy
from .soft import told_of

if TYPE_CHECKING:
    from ...method import Introduction
    from ..models import Models

__all__ = ["Adapting", "adapted_node", "shown_source", "train_adapter"]

_KINDS: Final[tuple[Kind, ...]] = (
    *("recognise", "who", "caption", "detail", "fact", "unknown", "compare", "relation"),
)
_PER_STEP: Final = 4


@dataclass(frozen=True, slots=True)
class Adapting:
    """How an adapter is trained.

    Attributes:
        rank: of LoRA (arXiv 2106.09685).
        shown: concepts in a prompt.
        schedule: steps and rate.
        seed: of first weights and of what is drawn.
    """

    rank: int
    shown: int
    schedule: Schedule
    seed: int = 0


def adapted_node(models: Models, rank: int, seed: int = 0) -> tuple[Any, VLM]:
    """A model that shares the weights of ``models`` and has adapters of its own, and a node of it.

    The adapters stand on all linear layers of the language model; fresh ones change nothing.
    """
    from peft import LoraConfig, inject_adapter_in_model

    base = models.photo_vlm
    network = sharing_copy(models.network.requires_grad_(False))
    node = VLM(network, base.parts.processor, f"{base.name}+lora", settings=base.settings)
    text = node.parts.runner.text
    linear = {
        name.rpartition(".")[2]
        for name, module in text.named_modules()
        if isinstance(module, torch.nn.Linear)
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=sorted(linear))
        inject_adapter_in_model(config, text)
    return network, node


def train_adapter(models: Models, adapting: Adapting) -> Mapping[str, torch.Tensor]:
    """Weights of an adapter, by name, trained on drawn dialogues with photos in the prompt."""
    from peft import get_peft_model_state_dict

    network, node = adapted_node(models, adapting.rank, adapting.seed)
    pupil = Pupil(network, node, frozen=False)
    read: dict[str, Inputs] = {}
    plain = models.voice.name != "pocket"

    def draw(step: int) -> Sequence[Exercise]:
        rng = random.Random(f"tuned/{adapting.seed}/{step}")
        kinds = [*_KINDS[:4], *rng.sample(_KINDS[4:], 2)]
        course = draw_course(
            rng, kinds, concepts=3, photos=rng.choice((1, 2)), shown=adapting.shown, plain=plain
        )
        read.clear()
        for one in course.concepts:
            read[one.name] = node.parts.concepts.read(shown_source(models, one))[1]
        return [pupil.exercise(one) for one in rng.sample(course.lessons, min(_PER_STEP, len(kinds)))]

    trained = [one for one in network.parameters() if one.requires_grad]
    fit(pupil, trained, draw, read.__getitem__, adapting.schedule)
    return dict(get_peft_model_state_dict(node.parts.runner.text))


def shown_source(models: Models, one: Introduction) -> SegmentSource:
    """A concept as it stands in a prompt: profile, then whole photos as squares."""
    squares = tuple(padded(photo, models.photo_side) for photo in one.photos)
    return SegmentSource(one.name, told_of(one), squares)

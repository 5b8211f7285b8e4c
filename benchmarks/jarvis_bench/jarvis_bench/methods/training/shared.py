"""A copy of a model that shares its weights: what is added to the copy does not touch the model."""

from __future__ import annotations

import copy
from itertools import chain
from typing import TypeVar

import torch

__all__ = ["sharing_copy"]

T = TypeVar("T", bound=torch.nn.Module)


def sharing_copy(model: T) -> T:
    """Modules of its own over the same tensors: a large model is not held twice."""
    tensors = {id(one): one for one in chain(model.parameters(), model.buffers())}
    return copy.deepcopy(model, tensors)

"""What the miner finds on the photos of all concepts: patches of each photo, and whole subjects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jarvis_memory.profile import with_article
from jarvis_memory.tuning import Tuning
from jarvis_retrievers.crops import crop
from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.patches import Patch, PatchMiner

from .gather import Known
from .proposal import Spot
from .remembering import RememberingEncoder

__all__ = ["Mine", "Mined", "View"]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Patches that are shown together, as spots and as crops."""

    spots: tuple[Spot, ...]
    crops: tuple[Image.Image, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Mined:
    """What was found of one concept.

    Attributes:
        photos: RGB, as the concept has them.
        views: the patches of each photo alone, the whole subject first.
        details: of each photo the patches that show a part of the subject, best first.
        together: the patches of all photos but the last ``held``, as a memory has them.
        subject: (dim,) mean of the whole subjects' vectors, of length 1.
    """

    photos: tuple[Image.Image, ...]
    views: tuple[View, ...]
    details: tuple[View, ...]
    together: View
    subject: NDArray[np.float64] = field(repr=False)


class Mine:
    """Mines as the product does, the patches of all other concepts counting as what is not distinct.

    Args:
        encoder: embeds windows and texts.
        tuning: how is mined with it.
        side: of crops, in pixels.
        windows: most details of a photo.
    """

    def __init__(self, encoder: ImageTextEncoder, tuning: Tuning, side: int, windows: int) -> None:
        scale = getattr(encoder, "logit_scale", None)
        config = replace(tuning.miner, logit_scale=scale) if scale else tuning.miner
        self._encoder = RememberingEncoder(encoder)
        self._miner = PatchMiner(self._encoder, config)
        # The whole subject is one of them.
        self._finer = PatchMiner(self._encoder, replace(config, k=windows + 1))
        self._tuning, self._side = tuning, side

    def mine(
        self,
        concepts: Sequence[Known],
        image: Callable[[str], Image.Image],
        held: Callable[[Known], int],
        done: Callable[[], None] = lambda: None,
    ) -> dict[str, Mined]:
        """What is found, by id of the concept.

        Args:
            concepts: all of them.
            image: the photo of a path.
            held: how many of a concept's last photos no memory has.
            done: called after each concept.
        """
        vectors: dict[str, list[NDArray[np.float32]]] = {}
        for one in concepts:
            photos = [image(photo.path) for photo in one.photos]
            vectors[one.id] = [patch.vector for patch in self._miner.mine(photos, self._prompts(one))]
        found = {}
        for one in concepts:
            others = np.stack([row for id, rows in vectors.items() if id != one.id for row in rows])
            photos = [image(photo.path) for photo in one.photos]
            found[one.id] = self._found(one, photos, others, len(photos) - held(one))
            done()
        return found

    def _found(
        self, one: Known, photos: Sequence[Image.Image], others: NDArray[np.float32], known: int
    ) -> Mined:
        prompts = self._prompts(one)
        views, details, subjects = [], [], []
        for place, photo in enumerate(photos):
            survey = self._finer.survey([photo], prompts, others)
            whole = {patch.box for patch in survey.subjects}
            parts = [patch for patch in survey.patches if patch.box not in whole]
            views.append(self._view(one, photos, survey.patches[: self._miner.config.k], place))
            details.append(self._view(one, photos, parts, place))
            subjects += [patch.vector.astype(np.float64) for patch in survey.subjects]
        memory = self._miner.mine(photos[:known], prompts, others)
        mean = np.mean(subjects, axis=0)
        return Mined(
            photos=tuple(photos),
            views=tuple(views),
            details=tuple(details),
            together=self._view(one, photos, memory, 0),
            subject=mean / np.linalg.norm(mean),
        )

    def _view(self, one: Known, photos: Sequence[Image.Image], patches: Sequence[Patch], first: int) -> View:
        """Patches of photos that are numbered from ``first`` on."""
        spots = tuple(
            Spot(
                photo=one.photos[patch.photo + first].path,
                box=patch.box.as_tuple(),
                relevance=patch.relevance,
                distinctiveness=patch.distinctiveness,
                score=patch.score,
            )
            for patch in patches
        )
        crops = tuple(crop(photos[patch.photo + first], patch.box, self._side) for patch in patches)
        return View(spots, crops)

    def _prompts(self, one: Known) -> list[str]:
        return [f"a photo of {with_article(one.category)}"] if one.category else list(self._tuning.subjects)

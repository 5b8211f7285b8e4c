"""Masks by words: a detector finds what the prompts name (Grounding DINO), a segmenter outlines it (SAM).

torch and transformers are loaded when a model is.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np
from PIL.Image import Image

from .boxes import Box
from .errors import MaskWarning, SettingError
from .masker import Mask

__all__ = ["Detection", "Detector", "GroundedMasker", "Segmenter", "dino_detector", "sam_segmenter"]

# A box that holds this much of a better one shows the whole of which that one is a part.
_PART: Final = 0.9
# What CLIP wants before a noun, and a detector does not.
_CAPTION: Final = re.compile(r"\A(?:a|the) (?:photo|picture) of ", re.IGNORECASE)


class Detection(NamedTuple):
    """A box that may hold the subject, and how sure the detector is, in [0, 1]."""

    box: Box
    score: float


Detector = Callable[[Image, Sequence[str]], Sequence[Detection]]
"""Boxes on a photo of what texts name, none if there is nothing."""
Segmenter = Callable[[Image, Box], Mask]
"""The mask (H, W) of what a box on a photo holds."""


class GroundedMasker:
    """A `SubjectMasker` of a detector and a segmenter.

    Of the boxes found the best counts; if another that was found holds 90 % of it, that one does, the best of
    such: prompts name parts of the subject, too. Where the segmenter outlines nothing the box is the mask.
    Where the detector finds nothing all of the photo is, and a `MaskWarning` says so.
    """

    def __init__(self, detector: Detector, segmenter: Segmenter) -> None:
        self._detector, self._segmenter = detector, segmenter

    @classmethod
    def load(
        cls,
        detector: str = "IDEA-Research/grounding-dino-tiny",
        segmenter: str = "facebook/sam-vit-base",
        *,
        device: str | None = None,
        threshold: float = 0.3,
    ) -> Self:
        """Load models of these architectures from Hugging Face or from folders.

        Args:
            detector: a Grounding DINO.
            segmenter: a SAM (the first one).
            device: a torch device; None takes the first GPU if there is one.
            threshold: least score of a detection, in [0, 1].

        Raises:
            SettingError: a model or device that cannot be loaded, or a threshold out of its range.
        """
        import torch
        from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor, SamModel, SamProcessor

        try:
            place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
            finder = AutoModelForZeroShotObjectDetection.from_pretrained(detector).to(place)
            outliner = SamModel.from_pretrained(segmenter).to(place)
            processors = AutoProcessor.from_pretrained(detector), SamProcessor.from_pretrained(segmenter)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise SettingError(
                f"the masker's models {detector!r} and {segmenter!r} cannot be loaded: {reason}; give names "
                "or folders of a Grounding DINO and a SAM"
            ) from error
        return cls(
            dino_detector(finder, processors[0], threshold=threshold), sam_segmenter(outliner, processors[1])
        )

    def masks(self, photos: Sequence[Image], prompts: Sequence[str]) -> list[Mask]:
        """See `SubjectMasker.masks`."""
        return [self._mask(photo, prompts) for photo in photos]

    def _mask(self, photo: Image, prompts: Sequence[str]) -> Mask:
        found = self._detector(photo, prompts)
        if not found:
            named = ", ".join(repr(prompt) for prompt in prompts[:3])
            warnings.warn(
                f"no subject was found on a photo of {photo.width} x {photo.height} pixels for {named}, so "
                "all of it is searched for patches; say what the concept is, or leave the masker out",
                MaskWarning,
                stacklevel=2,
            )
            return np.ones((photo.height, photo.width), np.bool_)
        box = _whole(found)
        mask = self._segmenter(photo, box)
        if not mask.any():
            mask = np.zeros((photo.height, photo.width), np.bool_)
            mask[box.top : box.bottom, box.left : box.right] = True
        return mask


def _whole(found: Sequence[Detection]) -> Box:
    best = max(found, key=lambda one: one.score).box
    around = [one for one in found if one.box.area > best.area and best.contained_in(one.box) >= _PART]
    return max(around, key=lambda one: one.score).box if around else best


def dino_detector(model: Any, processor: Any, *, threshold: float = 0.3) -> Detector:
    """A detector of a loaded ``GroundingDinoForObjectDetection`` and its processor.

    Args:
        model: the model, on its device.
        processor: a ``GroundingDinoProcessor``.
        threshold: least score of a detection, in [0, 1].

    Raises:
        SettingError: a threshold out of its range.
    """
    if not 0.0 <= threshold <= 1.0:
        raise SettingError(f"threshold must be in [0, 1], got {threshold}")
    model = model.eval().requires_grad_(False)

    def detect(photo: Image, prompts: Sequence[str]) -> list[Detection]:
        text = "".join(f"{label}. " for label in _labels(prompts))
        if not text:
            return []
        inputs = processor(
            images=[photo],
            text=[text.strip()],
            truncation=True,
            max_length=model.config.max_text_len,
            return_tensors="pt",
        ).to(model.device)
        (found,) = processor.post_process_grounded_object_detection(
            model(**inputs),
            inputs["input_ids"],
            threshold=threshold,
            text_threshold=threshold,
            target_sizes=[(photo.height, photo.width)],
        )
        pairs = zip(found["boxes"].tolist(), found["scores"].tolist(), strict=True)
        return [Detection(_box(edges, photo), score) for edges, score in pairs]

    return detect


def sam_segmenter(model: Any, processor: Any) -> Segmenter:
    """A segmenter of a loaded ``SamModel`` and its ``SamProcessor``."""
    model = model.eval().requires_grad_(False)

    def segment(photo: Image, box: Box) -> Mask:
        edges = [float(edge) for edge in box.as_tuple()]
        inputs = processor(images=[photo], input_boxes=[[edges]], return_tensors="pt")
        sizes = inputs.pop("original_sizes"), inputs.pop("reshaped_input_sizes")
        pixels, boxes = (inputs[key].to(model.device, model.dtype) for key in ("pixel_values", "input_boxes"))
        told = model(pixel_values=pixels, input_boxes=boxes, multimask_output=False)
        (outlined,) = processor.post_process_masks(told.pred_masks.float().cpu(), *sizes)
        mask: Mask = outlined[0, 0].numpy().astype(np.bool_)
        return mask

    return segment


def _labels(prompts: Sequence[str]) -> list[str]:
    """Prompts as the detector wants them: lower case, each once, without marks that end a label.

    Notes are data: brackets go, too, so that none of them spells a control token.
    """
    plain = (" ".join(re.sub(r"[^\w\s'-]", " ", _CAPTION.sub("", prompt)).split()) for prompt in prompts)
    return list(dict.fromkeys(label.lower() for label in plain if label))


def _box(edges: Sequence[float], photo: Image) -> Box:
    """Whole pixels within the photo, at least one."""
    left, right = (min(max(round(edge), 0), photo.width) for edge in (edges[0], edges[2]))
    top, bottom = (min(max(round(edge), 0), photo.height) for edge in (edges[1], edges[3]))
    left, top = min(left, photo.width - 1), min(top, photo.height - 1)
    return Box(left, top, max(right, left + 1), max(bottom, top + 1))

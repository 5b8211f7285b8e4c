"""The gate: which way of making a context is right for a model, measured against full prefill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from PIL import Image
from pydantic import BaseModel, ConfigDict

from jarvis_retrievers.errors import InputError, UnsupportedModelError

from .kv import Context, Mode, Segment, Storage
from .vlm import VLM, SegmentSource

__all__ = ["GATED", "GateScore", "Limits", "Trial", "Verdict", "run_gate"]

GATED: Final = (Mode.COMPOSE, Mode.LINK, Mode.BLEND)
"""What is measured, the fastest first."""
_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What passes.

    Attributes:
        kl: The largest mean Kullback-Leibler divergence of the first token from ``exact``, in nats.
        agreement: The least mean share of the first 16 greedy tokens before one differs from ``exact``.
        points: Where the truth is known it alone decides: by how much less than ``exact`` may be right.
    """

    kl: float = 0.05
    agreement: float = 0.9
    points: float = 0.015


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One question to measure with.

    Attributes:
        sources: The concepts of its context, in order.
        question: What is asked.
        images: Pictures that it is about.
        right: Whether an answer is right, where that is known.
        max_new_tokens: The most tokens of an answer that is judged.
    """

    sources: tuple[SegmentSource, ...]
    question: str
    images: tuple[Image.Image, ...] = ()
    right: Callable[[str], bool] | None = None
    max_new_tokens: int = 192


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GateScore(_Value):
    """One mode with so many segments: means over ``questions``; ``right`` is None where no truth is known."""

    mode: Mode
    segments: int
    questions: int
    kl: float
    agreement: float
    right: float | None = None


class Verdict(_Value):
    """What the gate found.

    Attributes:
        fingerprint: Of the model; the verdict holds for no other.
        storage: How segments were stored meanwhile.
        mode: The fastest mode that passed, ``exact`` if none did.
        selector: What segments were made from (`Selecting.key`; empty for patches).
        scores: What was measured, of ``exact`` too.
    """

    fingerprint: str
    storage: Storage
    mode: Mode
    selector: str = ""
    scores: tuple[GateScore, ...]


@dataclass(slots=True)
class _Sums:
    questions: int = 0
    kl: float = 0.0
    agreement: float = 0.0
    judged: int = 0
    right: int = 0


def run_gate(
    vlm: VLM,
    trials: Iterable[Trial],
    *,
    storage: Storage = Storage.BF16,
    limits: Limits | None = None,
    selector: str = "",
    seen: Callable[[int], None] = lambda count: None,
) -> Verdict:
    """Measure every mode against ``exact`` on the same questions.

    Segments go through their storage, as they would in use; ``exact`` computes them from the sources.

    Args:
        vlm: The model.
        trials: Questions, with contexts of any number of concepts.
        storage: How segments are stored.
        limits: What passes.
        selector: What the sources of the trials are made from, to be noted.
        seen: Called with the number of trials done.

    Raises:
        InputError: There is no trial with several concepts.
        UnsupportedModelError: The model can only make such contexts in mode ``exact``.
    """
    if vlm.reach.segments is not None:
        raise UnsupportedModelError(
            f"there is nothing to measure: {vlm.name!r} has {vlm.reach.why}, "
            "so that several concepts are always computed in mode 'exact'"
        )
    sums: dict[tuple[Mode, int], _Sums] = defaultdict(_Sums)
    encoded: dict[int, tuple[SegmentSource, Segment]] = {}
    count = 0
    for count, trial in enumerate(trials, start=1):
        segments = []
        for source in trial.sources:
            if id(source) not in encoded:
                data = vlm.segment_to_bytes(vlm.encode_segment(source), storage)
                encoded[id(source)] = (source, vlm.segment_from_bytes(data))
            segments.append(encoded[id(source)][1])
        _measure(vlm, trial, segments, sums)
        seen(count)
    scores = tuple(
        GateScore(
            mode=mode,
            segments=segments,
            questions=of.questions,
            kl=of.kl / of.questions,
            agreement=of.agreement / of.questions,
            right=of.right / of.judged if of.judged else None,
        )
        for (mode, segments), of in sorted(
            sums.items(), key=lambda item: (item[0][1], list(Mode).index(item[0][0]))
        )
    )
    if not any(score.segments > 1 for score in scores):
        raise InputError(f"the gate needs questions about several concepts, got {count} about one each")
    mode = _best(sums, limits or Limits())
    return Verdict(fingerprint=vlm.fingerprint, storage=storage, mode=mode, selector=selector, scores=scores)


def _measure(
    vlm: VLM, trial: Trial, segments: Sequence[Segment], sums: dict[tuple[Mode, int], _Sums]
) -> None:
    exact = vlm.context(trial.sources, Mode.EXACT)
    wanted, told, right = _ask(vlm, trial, exact)
    for mode in (Mode.EXACT, *GATED):
        of = sums[mode, len(segments)]
        logits, tokens, is_right = wanted, told, right
        if mode is not Mode.EXACT:
            logits, tokens, is_right = _ask(vlm, trial, vlm.context(segments, mode))
        of.questions += 1
        of.kl += float(torch.nn.functional.kl_div(logits, wanted, log_target=True, reduction="sum"))
        of.agreement += _common(tokens, told)
        if is_right is not None:
            of.judged += 1
            of.right += is_right


def _ask(vlm: VLM, trial: Trial, context: Context) -> tuple[torch.Tensor, tuple[int, ...], bool | None]:
    """Log-probabilities of the first token in float64, the greedy tokens, and whether the answer is right."""
    logits = vlm.first_logits(context, trial.question, trial.images).double().cpu().log_softmax(-1)
    most = _TOKENS if trial.right is None else trial.max_new_tokens
    said = vlm.generate(context, trial.question, trial.images, most)
    return logits, said.token_ids[:_TOKENS], None if trial.right is None else trial.right(said.text)


def _common(tokens: Sequence[int], told: Sequence[int]) -> float:
    """The share of ``told`` before ``tokens`` first differs."""
    same = 0
    for a, b in zip(tokens, told, strict=False):
        if a != b:
            break
        same += 1
    return same / max(len(tokens), len(told), 1)


def _best(sums: dict[tuple[Mode, int], _Sums], limits: Limits) -> Mode:
    """The fastest mode that passes with every number of segments above one, taken together."""

    def pooled(mode: Mode) -> _Sums:
        total = _Sums()
        for (other, segments), of in sums.items():
            if other is mode and segments > 1:
                total = replace(
                    total,
                    questions=total.questions + of.questions,
                    kl=total.kl + of.kl,
                    agreement=total.agreement + of.agreement,
                    judged=total.judged + of.judged,
                    right=total.right + of.right,
                )
        return total

    exact = pooled(Mode.EXACT)
    for mode in GATED:
        of = pooled(mode)
        if of.judged:
            passes = of.right / of.judged >= exact.right / exact.judged - limits.points
        else:
            passes = of.kl / of.questions <= limits.kl and of.agreement / of.questions >= limits.agreement
        if passes:
            return mode
    return Mode.EXACT

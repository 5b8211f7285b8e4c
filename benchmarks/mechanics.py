"""How near each mode and each storage is to a full prefill, on a model of true size with random weights.

`python -m benchmarks.fidelity --shape ...` runs it. Random weights answer nothing, but what is added up,
moved and rounded is that of the real model, in its dtype. Against ``exact``, in contexts of several concepts:

* ``kl``, ``agreement``: as `jarvis gate` measures them, for each storage.
* ``rows``: the largest difference of a key or value, over the largest of them.

The controls tell rounding from mistakes. ``all rows``: mode ``blend`` with every row computed anew, which is
``exact`` but for the order of its sums. ``first``: ``compose`` of one concept, which is lossless.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from benchmarks.machine import machine_facts
from benchmarks.subjects import Subject
from jarvis_memory.gate import GATED, Trial, run_gate
from jarvis_memory.kv import Context, Mode, Repair, Storage
from jarvis_memory.vlm import VLM

__all__ = ["STORAGES", "gate_table", "run"]

STORAGES = (Storage.BF16, Storage.INT8, Storage.FP8)
_QUESTION = "What do they have in common, and who of them is older?"


def run(
    vlm: VLM,
    subjects: Sequence[Subject],
    numbers: Sequence[int],
    n: int,
    seed: int,
    storages: Sequence[Storage] = STORAGES,
) -> dict[str, Any]:
    """Several storages on the same contexts.

    Args:
        vlm: The model.
        subjects: Concepts to draw from.
        numbers: How many are in a context.
        n: How many contexts of each number.
        seed: Of which are drawn.
        storages: How segments are stored.
    """
    rng = random.Random(seed)
    trials = [
        Trial(tuple(subject.source for subject in rng.sample(subjects, number)), _QUESTION)
        for number in numbers
        for _ in range(n)
    ]
    verdicts = {storage: run_gate(vlm, trials, storage=storage) for storage in storages}
    return {
        "model": vlm.name,
        "machine": machine_facts(vlm.device),
        "contexts": len(trials),
        "storages": {
            storage.value: [score.model_dump(mode="json") for score in verdict.scores]
            for storage, verdict in verdicts.items()
        },
        "rows": [_rows(vlm, trial) for trial in {len(t.sources): t for t in trials}.values()],
    }


def _rows(vlm: VLM, trial: Trial) -> dict[str, Any]:
    """One context of each way against ``exact``."""
    exact = vlm.context(trial.sources, Mode.EXACT)
    segments = [vlm.encode_segment(source) for source in trial.sources]
    far = {mode.value: _far(vlm.context(segments, mode), exact) for mode in GATED}
    before = vlm.repair
    try:
        vlm.repair = Repair(blend_share=1.0, check_layer=0)
        far["all rows"] = _far(vlm.context(segments, Mode.BLEND), exact)
    finally:
        vlm.repair = before
    alone = vlm.context(segments[:1], Mode.COMPOSE)
    far["first"] = _far(alone, exact)
    return {"segments": len(segments), "tokens": exact.tokens, "far": far}


def _far(one: Context, exact: Context) -> float:
    """The largest difference of a number, over the largest number; of the rows that the first one has."""
    one.wait()
    found = []
    for a, b in ((one.keys, exact.keys), (one.values, exact.values)):
        b = b[:, :, : a.shape[2]]
        # Layer by layer: all of them in float32 are twice the cache.
        most = max(float(layer.float().abs().max()) for layer in b)
        gaps = [float((x.float() - y.float()).abs().max()) for x, y in zip(a, b, strict=True)]
        found.append(max(gaps) / most)
    return max(found)


def gate_table(result: dict[str, Any]) -> list[tuple[str, str, int, float, float]]:
    """Storage, mode, concepts, KL and agreement of every way but ``exact``."""
    return [
        (storage, score["mode"], score["segments"], score["kl"], score["agreement"])
        for storage, scores in result["storages"].items()
        for score in scores
        if score["mode"] != Mode.EXACT.value
    ]

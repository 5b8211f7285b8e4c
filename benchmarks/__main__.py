"""Print every figure of README and docs: ``make bench``.

But for docs/evaluation.md, whose tables need hours: that page has the commands (``jarvis bench run``).
"""

from __future__ import annotations

from benchmarks import (
    collaboration,
    conversation,
    copies,
    cost_model,
    doubts,
    encoder,
    encryption,
    fidelity,
    floors,
    heartbeat,
    index_scale,
    owner_timing,
    pekit,
    poisoning,
    quality,
    remembering,
    retrieval,
    selection,
    storage,
    throughput,
    training,
    ttft,
    video,
    watching,
)

if __name__ == "__main__":
    quality.main(split="heldout", n=2000, seed=1, as_json=False)
    encoder.main(galleries=5, seed=1, as_json=False)
    for seed in (1, 2, 3, 4):
        retrieval.main(concepts=100, scenes=240, seed=seed, as_json=False)
    pekit.main(seeds="901,902", pictures=12, as_json=False)
    copies.main(concepts=60, seed=1, as_json=False)
    doubts.main(strangers=200, seed=1, as_json=False)
    video.main(clips=5, concepts=5, as_json=False)
    for seed in (3, 4):
        collaboration.main(households=40, seed=seed, as_json=False)
    selection.main(n=200, seed=1, photo_pixels=None, calibration=40, as_json=False, plot=None)
    training.main(run=None, plot=None, as_json=False)
    fidelity.main(n=160, seed=1, as_json=False, plot=None)
    remembering.main(concepts=20, seed=1, as_json=False)
    heartbeat.main(questions=50, seed=1, as_json=False)
    index_scale.main("10000,100000,1000000", owners=1000, queries=500, seed=1, as_json=False)
    storage.main(rounds=7, as_json=False)
    encryption.main(rounds=31, as_json=False)
    floors.main(as_json=False)
    throughput.main(photos=1, tokens=16, as_json=False)
    conversation.main(conversations=4, seed=21, as_json=False, plot=None)
    watching.main(rounds=200, as_json=False)
    cost_model.main()
    owner_timing.main(n=200, seed=1, as_json=False)
    poisoning.main(seed=31, of_each=None, as_json=False)
    ttft.main(None, "cpu", "0,1,2,3,4,6,8", "1,3,5", rounds=5, seed=1, layers=None, as_json=False, plot=None)

"""The events that are told to the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["EVENTS", "Event", "EventName"]

EventName = Literal[
    "home.opened",
    "home.recovered",
    "home.migrated",
    "home.damaged",
    "home.verified",
    "home.backed_up",
    "home.restored",
    "home.unfinished",
    "home.disk",
    "cluster.unsafe",
    "cluster.lost",
    "objects.retried",
    "objects.renewed",
    "copies.unkept",
    "tier.lost",
    "quota.refused",
    "memory.remembered",
    "memory.updated",
    "memory.edited",
    "memory.forgotten",
    "memory.left",
    "memory.recalled",
    "memory.explained",
    "memory.failed",
    "memory.maintained",
    "question.answered",
    "question.retried",
    "question.cut",
    "segment.loaded",
    "segment.missed",
    "segment.evicted",
    "context.composed",
    "retrieval.done",
    "gate.judged",
    "gate.missing",
    "gate.uncalibrated",
    "gpu.exhausted",
    "damage.found",
    "cache.unkept",
    "cache.exact",
    "cache.rebuilt",
    "server.started",
    "server.stopped",
    "server.request",
    "server.failed",
]


@dataclass(frozen=True, slots=True)
class Event:
    """What can be told.

    Attributes:
        level: of the standard library.
        says: what has happened, in one sentence; a constant.
        noticed: whoever asked is told the same by `Answer.notices`, with names.
    """

    level: int
    says: str
    noticed: bool = False


_DEBUG, _INFO, _WARNING, _ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR

EVENTS: Final[Mapping[str, Event]] = {
    "home.opened": Event(_INFO, "a home was opened"),
    "home.recovered": Event(_WARNING, "files of writes that were cut short are deleted"),
    "home.migrated": Event(_INFO, "a home was brought to the format of this version"),
    "home.damaged": Event(_INFO, "verifying found something damaged, and told who asked for it"),
    "home.verified": Event(_INFO, "everything of an owner was read"),
    "home.backed_up": Event(_INFO, "a home was copied"),
    "home.restored": Event(_INFO, "a home was made from a backup"),
    "home.unfinished": Event(_WARNING, "forgetting could not be finished and is tried again later"),
    "home.disk": Event(_INFO, "a file beside the catalogue could not be used"),
    "cluster.unsafe": Event(
        _WARNING, "the server runs with fsync off: a power cut loses acknowledged writes"
    ),
    "cluster.lost": Event(_INFO, "a connection to the server was lost or given up"),
    "objects.retried": Event(_INFO, "object storage failed for a moment, it is tried again"),
    "objects.renewed": Event(_INFO, "credentials of object storage have expired, they are read anew"),
    "copies.unkept": Event(_WARNING, "copies of blobs on this machine's disk cannot be used; told once"),
    "tier.lost": Event(_WARNING, "a tier of segments does not answer, and is left alone for a while"),
    "quota.refused": Event(_INFO, "a write was refused, as it would leave more than the quota allows"),
    "memory.remembered": Event(_INFO, "a concept was remembered"),
    "memory.updated": Event(_INFO, "a concept was updated"),
    "memory.edited": Event(_INFO, "a profile was edited"),
    "memory.forgotten": Event(_INFO, "a concept was forgotten"),
    "memory.left": Event(_INFO, "an owner left"),
    "memory.recalled": Event(_DEBUG, "concepts were looked for"),
    "memory.explained": Event(_DEBUG, "it was told why concepts are found"),
    "memory.failed": Event(_INFO, "a call of a memory ended with an error, which its caller has"),
    "memory.maintained": Event(_INFO, "something was done to a whole memory"),
    "question.answered": Event(_INFO, "a question was answered"),
    "question.retried": Event(_INFO, "a concept changed while it was read; the question is made ready again"),
    "question.cut": Event(_WARNING, "not everything fitted the window of the model", noticed=True),
    "segment.loaded": Event(_DEBUG, "a segment was made ready"),
    "segment.missed": Event(_INFO, "a segment has to be encoded again"),
    "segment.evicted": Event(_DEBUG, "segments that were used longest ago are kept at hand no more"),
    "context.composed": Event(_DEBUG, "a context was composed"),
    "retrieval.done": Event(_DEBUG, "retrieval has ended"),
    "gate.judged": Event(_INFO, "the gate chose a mode for the model"),
    "gate.missing": Event(
        _WARNING,
        "several concepts are computed anew, as the model was never measured with stored ones; "
        "run: jarvis gate",
        noticed=True,
    ),
    "gate.uncalibrated": Event(
        _WARNING,
        "tokens are chosen by the middle layers, as the model was never calibrated; run: jarvis calibrate",
    ),
    "gpu.exhausted": Event(
        _WARNING,
        "the memory of the GPU ran out; segments are kept in RAM from now on, and computed in parts; lower "
        "kv_gpu_bytes, or use a smaller model",
    ),
    "damage.found": Event(_WARNING, "something stored is damaged"),
    "cache.unkept": Event(_WARNING, "what can be made again could not be kept, and is made anew"),
    "cache.exact": Event(_INFO, "clusters do not reach the recall; searches stay exact"),
    "cache.rebuilt": Event(_INFO, "a vector store had not what the record has, and was brought in line"),
    "server.started": Event(_INFO, "the page can be opened"),
    "server.stopped": Event(_INFO, "the page is served no more"),
    "server.request": Event(_INFO, "a request was answered"),
    "server.failed": Event(_ERROR, "an answer could not be given"),
}
"""What each event says."""

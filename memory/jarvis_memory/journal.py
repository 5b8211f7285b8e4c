"""What a memory does, as events of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jarvis_retrievers.log import log, wanted
from jarvis_retrievers.log_events import EventName

from .concept import Concept
from .watching import Answered, Composed, Deed, Evicted, Loaded, Retrieved

if TYPE_CHECKING:
    from .operation import Operation

__all__ = ["ended", "heard"]

_WRITTEN: Final[dict[str, EventName]] = {
    "remember": "memory.remembered",
    "update": "memory.updated",
    "edit": "memory.edited",
}
_LOOKED: Final[dict[str, EventName]] = {"recall": "memory.recalled", "why": "memory.explained"}
_UPKEEP: Final = ("calibrate", "migrate", "reindex", "gate")


def heard(deed: Deed) -> None:
    """Tell the log of a deed."""
    if isinstance(deed, Retrieved):
        if wanted("retrieval.done"):
            log("retrieval.done", images=deed.images, found=len(deed.found), ms=1e3 * deed.seconds)
    elif isinstance(deed, Loaded):
        if deed.miss:
            log("segment.missed", concept=deed.concept_id, why=deed.miss)
        if wanted("segment.loaded"):
            log(
                "segment.loaded",
                concept=deed.concept_id,
                origin=deed.origin,
                tokens=deed.tokens,
                bytes=deed.nbytes,
                ms=1e3 * deed.seconds,
            )
    elif isinstance(deed, Evicted):
        log("segment.evicted", tier=deed.tier, segments=deed.segments, bytes=deed.nbytes)
    elif isinstance(deed, Composed):
        if wanted("context.composed"):
            log(
                "context.composed",
                mode=deed.mode,
                segments=deed.segments,
                tokens=deed.tokens,
                reused=deed.reused,
                ms=1e3 * deed.seconds,
            )
    elif isinstance(deed, Answered) and wanted("question.answered"):
        took = deed.timings
        log(
            "question.answered",
            mode=deed.usage.mode,
            concepts=deed.concepts,
            reused=deed.usage.reused,
            computed=deed.usage.computed,
            generated=deed.usage.generated,
            retrieve_ms=1e3 * took.retrieve,
            load_ms=1e3 * took.load,
            compose_ms=1e3 * took.compose,
            prefill_ms=1e3 * took.first_token,
            decode_ms=1e3 * took.generate,
            ms=1e3 * took.total,
        )


def ended(done: Operation, result: object, error: BaseException | None, stopped: bool) -> None:
    """Tell the log how an operation ended; questions that were answered have told it themselves."""
    ms = 1e3 * done.seconds
    if error is not None:
        log("memory.failed", op=done.name, stream=done.stream or None, error=error, ms=ms)
    elif stopped:
        log("question.answered", stream=True, stopped=True, ms=ms)
    elif done.name in _WRITTEN and isinstance(result, Concept):
        patches, photos = len(result.patches), len(result.photos)
        log(_WRITTEN[done.name], concept=result.id, photos=photos, patches=patches, ms=ms)
    elif done.name in _LOOKED:
        found = result if isinstance(result, list) else getattr(result, "found", ())
        log(_LOOKED[done.name], found=len(found), ms=ms)
    elif done.name in _UPKEEP:
        log("memory.maintained", op=done.name, concepts=result if isinstance(result, int) else None, ms=ms)

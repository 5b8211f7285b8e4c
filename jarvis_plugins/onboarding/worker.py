"""The steps of onboarding for any owner; both engines call it, in one process or in many."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from weakref import WeakKeyDictionary

from jarvis_memory import remembering
from jarvis_memory.concept import Concept
from jarvis_memory.doubts import note_doubts, photo_doubts
from jarvis_memory.engine import Engine
from jarvis_memory.intake import Intake, other_patches
from jarvis_memory.store.master_key import MasterKey
from jarvis_memory.store.owner import OwnerStore
from jarvis_memory.tiers import Quotas
from jarvis_memory.tuning import tuned
from jarvis_memory.vlm import VLM
from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import (
    CorruptRecordError,
    DuplicateConceptError,
    InputError,
    JarvisWarning,
    ModelError,
    QuotaError,
    UnknownConceptError,
)
from jarvis_retrievers.openclip import OpenCLIPEncoder

from .arrival import Arrival
from .clerk import Clerk, Desk
from .job import Conflict, Job
from .ledger import ChangedError
from .outcome import Outcome, refused
from .parcel import Seen

__all__ = ["Worker"]

_REFUSED = (InputError, ModelError, QuotaError, CorruptRecordError)
_TRIES = 5


class Worker(Clerk):
    """A `Clerk` with the models. Close it.

    What is wrong with an entry becomes its outcome; what is wrong with the home is raised.

    Args:
        job: where concepts go.
        vlm, encoder: loaded models; by default those that the job names, when they are first needed.
        key: of an encrypted home; by default the environment's, or the keyring's.

    Raises (any method): StoreError if the home cannot be used.
    """

    def __init__(
        self,
        job: Job,
        vlm: VLM | None = None,
        encoder: ImageTextEncoder | None = None,
        key: MasterKey | None = None,
    ) -> None:
        super().__init__(job, key)
        self._given = (vlm, encoder)
        self._engines: WeakKeyDictionary[Desk, Engine] = WeakKeyDictionary()

    @cached_property
    def vlm(self) -> VLM:
        """The model that encodes segments."""
        return self._given[0] or VLM.load(self.job.model, device=self.job.device)

    @cached_property
    def encoder(self) -> ImageTextEncoder:
        """The image and text encoder."""
        return self._given[1] or OpenCLIPEncoder.load(self.job.clip, device=self.job.device)

    @cached_property
    def _intake(self) -> Intake:
        """Windows depend on the encoder alone: no home is opened to embed them."""
        known = tuned(getattr(self.encoder, "name", ""))
        return Intake(self.encoder, known.miner, known.subjects)

    def embed(self, arrivals: Sequence[Arrival]) -> list[Seen | Outcome]:
        """The vectors of all windows of each arrival's photos, or why they cannot be used."""
        photos, bad = {}, {}
        for place, arrival in enumerate(arrivals):
            try:
                photos[place] = arrival.decoded()
            except InputError as error:
                bad[place] = refused(arrival.place, error, arrival.owner, arrival.name)
        if not photos:
            return [bad[place] for place in range(len(arrivals))]
        seen = dict(zip(photos, self._intake.embed([*photos.values()]), strict=True))
        return [bad[place] if place in bad else seen[place] for place in range(len(arrivals))]

    def keep(self, arrival: Arrival, seen: Seen) -> Outcome:
        """Mine the patches and write concept and ledger in one commit, unless that was done before."""
        desk = self._desk(arrival.owner)
        for _ in range(_TRIES):
            try:
                return self.known(arrival) or self._kept(desk, arrival, seen)
            except (ChangedError, DuplicateConceptError) as error:
                # Somebody was quicker: what is there now decides.
                last = error
            except _REFUSED as error:
                return refused(arrival.place, error, arrival.owner, arrival.name)
        return refused(arrival.place, last, arrival.owner, arrival.name)

    def encode(self, outcome: Outcome) -> Outcome:
        """Encode and store the segment of a concept that has none; says why if that cannot be done."""
        if not (self.job.segments and outcome.concept):
            return outcome
        desk = self._desk(outcome.owner)
        try:
            if not desk.store.segment_fingerprints(outcome.concept):
                self._full(desk).keeper.encode(desk.store.find(outcome.concept))
        except _REFUSED as error:
            return replace(outcome, reason=f"its segment was not encoded: {_line(error)}")
        return outcome

    def _kept(self, desk: Desk, arrival: Arrival, seen: Seen) -> Outcome:
        there = _named(desk.store, arrival.name)
        if there is not None:
            return self._met(desk, arrival, there)
        engine, store, images = self._engine(desk), desk.store, arrival.decoded()
        others = other_patches(store, self.encoder.fingerprint)
        draft = engine.intake.draft(
            arrival.name, arrival.aliases, arrival.category, arrival.notes, images, others, seen=seen
        )
        alike = photo_doubts(draft.name, draft.subjects, engine.finder, engine.least_relevance)
        told = (*alike, *note_doubts(draft.name, draft.profile.facts if draft.profile else ()))
        if engine.selecting.key:
            draft = self._full(desk).chooser.chosen(draft)
        concept = store.add_concept(draft, desk.ledger.entered(arrival))
        doubts = tuple(map(_line, told))
        return Outcome(arrival.place, "remembered", arrival.owner, concept.name, concept.id, doubts=doubts)

    def _met(self, desk: Desk, arrival: Arrival, there: Concept) -> Outcome:
        """There is a concept of this name, of other content."""
        told = Outcome(arrival.place, "skipped", arrival.owner, there.name, there.id)
        if self.job.conflict is Conflict.SKIP:
            return replace(told, concept="", reason="there is a concept of this name, of other content")
        if self.job.conflict is Conflict.FAIL:
            reason = "is remembered already, of other content; use --on-conflict skip or update"
            return refused(arrival.place, f"{there.name!r} {reason}", arrival.owner, arrival.name)
        given = (arrival.photos, arrival.notes, arrival.category, arrival.aliases)
        around = desk.ledger.entered(arrival, there)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", JarvisWarning)
            concept = remembering.extend(desk.store, self._full(desk), arrival.name, *given, around=around)
        doubts = tuple(_line(one.message) for one in caught if isinstance(one.message, JarvisWarning))
        return replace(told, status="updated", concept=concept.id, doubts=doubts)

    def _engine(self, desk: Desk) -> Engine:
        """To find, mine and write; the model is not loaded."""
        found = self._engines.get(desk)
        if found is None:
            found = Engine(desk.store, self.job.model, self.encoder, self.job.device, Quotas())
            self._engines[desk] = found
        return found

    def _full(self, desk: Desk) -> Engine:
        """With the loaded model."""
        return Engine(desk.store, self.vlm, self.encoder, None, Quotas())


def _named(store: OwnerStore, name: str) -> Concept | None:
    try:
        return store.get(name)
    except UnknownConceptError:
        return None


def _line(words: object) -> str:
    return " ".join(str(words).split())

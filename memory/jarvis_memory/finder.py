"""Finds the concepts of one owner: names, words of the notes, text and image vectors."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.names import NameMatch
from jarvis_retrievers.retrieval import Entry, Hit, RetrieverConfig, Sighting
from jarvis_retrievers.retriever import ConceptRetriever
from jarvis_retrievers.words import WordIndex

from .concept import Concept
from .profile import profile_text
from .store.owner import OwnerStore

__all__ = ["Explanation", "Find", "Finder"]


@dataclass(frozen=True, slots=True)
class Find:
    """A concept that a question is about, the hit that says why, and the score of its notes' words."""

    concept: Concept
    hit: Hit
    words: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why concepts were found or not.

    Attributes:
        found: the concepts, most likely first.
        mentions: names in the question, each with whose it is.
        sightings: by falling score, where in the pictures each concept was nearest to being seen.
        regions: how many regions of the pictures were compared.
    """

    found: list[Find]
    mentions: list[tuple[str, NameMatch]]
    sightings: list[tuple[str, Sighting]]
    regions: int


@dataclass(frozen=True)
class _View:
    """What was indexed: it is made anew when a concept changes, in this process or in another."""

    state: tuple[tuple[str, int], ...]
    concepts: dict[str, Concept]
    entries: dict[str, Entry]
    words: WordIndex


class Finder:
    """Retrieval over one owner's store. The FAISS index is built from the catalogue's rows on first use.

    Args:
        store: the owner's store.
        encoder: what made the vectors; concepts of another encoder are found by name and words alone.
        config: thresholds of the encoder.
    """

    def __init__(self, store: OwnerStore, encoder: ImageTextEncoder, config: RetrieverConfig) -> None:
        self._store, self._encoder, self._config = store, encoder, config
        # Older views may still search in it: ids that they do not know are passed over.
        self._index = FaissIndex(encoder.dim)
        self._lock = threading.Lock()
        self._view: _View | None = None

    def find(self, question: str, images: Sequence[Image.Image] = (), *, k: int | None = None) -> list[Find]:
        """The concepts that a question is about, most likely first; none is a possible answer.

        Words of the notes decide only where no name was matched and no picture is given.
        """
        return self.explain(question, images, k=k).found

    def explain(
        self, question: str, images: Sequence[Image.Image] = (), *, k: int | None = None
    ) -> Explanation:
        """What `find` gives, with everything that was looked at."""
        view = self._current()
        config = self._config if k is None else replace(self._config, k=k)
        retriever, limit = ConceptRetriever(self._encoder, self._index, config), config.k
        entries = tuple(view.entries.values())
        told = retriever.retrieve(self._store.owner, question, images, entries)
        hits = list(told.hits)
        words: dict[str, float] = {}
        if not images and not any(hit.name is not None for hit in hits):
            words = dict(view.words.search(question, limit))
        by_key = {hit.key: hit for hit in hits}
        for rank, key in enumerate(words):
            gain = 1.0 / (self._config.rrf_k + 1 + rank)
            known = by_key.get(key)
            by_key[key] = replace(known, score=known.score + gain) if known else Hit(key, gain)
        order = sorted(by_key.values(), key=lambda hit: (-hit.score, list(view.concepts).index(hit.key)))
        named = sum(hit.name is not None for hit in order)
        found = [Find(view.concepts[hit.key], hit, words.get(hit.key)) for hit in order[: max(limit, named)]]
        names = {key: concept.name for key, concept in view.concepts.items()}
        sightings = [(names[sighting.key], sighting) for sighting in told.sightings]
        mentions = [(names[match.key], match) for match in told.names]
        return Explanation(found, mentions, sightings, told.regions)

    def _current(self) -> _View:
        concepts = self._store.list()
        state = tuple((concept.id, concept.updated) for concept in concepts)
        with self._lock:
            if self._view is None or self._view.state != state:
                self._view = self._build(concepts, state)
            return self._view

    def _build(self, concepts: Sequence[Concept], state: tuple[tuple[str, int], ...]) -> _View:
        """A view in which only what has changed is read and indexed again."""
        owner, old = self._store.owner, self._view
        known = {concept.id: concept for concept in concepts}
        entries: dict[str, Entry] = {}
        if old is not None:
            same = set(old.state).intersection(state)
            entries = {key: old.entries[key] for key, updated in same}
            gone = [old.entries[key] for key, _ in set(old.state) - same]
            self._index.remove(owner, [i for e in gone for i in (*e.vector_ids, *e.text_vector_ids)])
        new = [concept for concept in concepts if concept.id not in entries]
        ours = {concept.id for concept in new if concept.encoder == self._encoder.fingerprint}
        found: dict[tuple[str, str], list[int]] = {}
        rows = self._store.vectors(None if len(ours) == len(concepts) else ours)
        keep = [row for row, concept in enumerate(rows.concept_ids) if concept in ours]
        for row in keep:
            found.setdefault((rows.concept_ids[row], rows.kinds[row]), []).append(int(rows.ids[row]))
        if keep:
            self._index.add(owner, [int(rows.ids[row]) for row in keep], rows.matrix[keep])
        for concept in new:
            patches, texts = (tuple(found.get((concept.id, kind), ())) for kind in ("patch", "profile"))
            entries[concept.id] = Entry(concept.id, (concept.name, *concept.aliases), patches, texts)
        entries = {key: entries[key] for key in known}
        words = WordIndex({key: profile_text(concept.profile) for key, concept in known.items()})
        return _View(state, known, entries, words)

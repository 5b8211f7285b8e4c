"""Finds the concepts of one owner: names, words of the notes, text and image vectors."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jarvis_retrievers.calibration import genuine_cosine, impostor_cosine
from jarvis_retrievers.detected import RegionDetector
from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import JarvisError
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.index import RebuildableIndex
from jarvis_retrievers.log import log
from jarvis_retrievers.region_cache import RegionCache
from jarvis_retrievers.regions import best_per_entry
from jarvis_retrievers.retrieval import Entry, Hit, RetrieverConfig
from jarvis_retrievers.retriever import ConceptRetriever
from jarvis_retrievers.text_index import TextIndex
from jarvis_retrievers.vectors import Ids, Scores
from jarvis_retrievers.words import WordIndex

from .concept import Concept
from .explanation import Explanation, Find
from .likeness import Likeness
from .mentions import earlier, points_back, told_of
from .outer_index import OuterIndex
from .profile import profile_text
from .snapshots import StoredSnapshots
from .store.holdings import Amount
from .store.owner import OwnerStore
from .store.receipt import AtHand
from .texts import TextKeeper
from .view import View, whole_patches
from .view_pool import VIEWS, ViewPool
from .vlm.query import Turn
from .watching import Retrieved, tell

__all__ = ["Explanation", "Find", "Finder", "Likeness"]


class Finder:
    """Retrieval over one owner's store. The index is built from the catalogue's rows on first use.

    Args:
        store: the owner's store.
        encoder: what made the vectors; concepts of another encoder are found by name and words alone.
        config: thresholds of the encoder.
        bank: (m, dim) vectors of strangers, if the encoder has such.
        texts: vectors of another encoder that compares texts; None leaves that to ``encoder``.
        detector: finds regions of pictures, if there is such.
        pool: keeps views of many owners within a number of bytes.
        index: holds the vectors, of other owners too; None for FAISS in memory.

    Attributes:
        seen: pictures that were asked about lately, so that another question about one is not a new look.
    """

    def __init__(
        self,
        store: OwnerStore,
        encoder: ImageTextEncoder,
        config: RetrieverConfig,
        bank: NDArray[np.float32] | None = None,
        texts: TextKeeper | None = None,
        detector: RegionDetector | None = None,
        pool: ViewPool = VIEWS,
        index: RebuildableIndex | None = None,
    ) -> None:
        self._store, self._encoder, self._config = store, encoder, config
        self._bank = np.zeros((0, encoder.dim), np.float32) if bank is None else bank
        self._texts, self._detector, self._pool, self._outer = texts, detector, pool, index
        self.seen = RegionCache()
        self._lock = threading.Lock()
        self._view: View | None = None

    def find(
        self,
        question: str,
        images: Sequence[Image.Image] = (),
        history: Sequence[Turn] = (),
        *,
        k: int | None = None,
    ) -> list[Find]:
        """The concepts that a question is about, most likely first; none is a possible answer.

        Where the question names nobody and has no picture, a word such as "she" means whom the turns before
        named, and otherwise words of the notes decide. Of those who are named, the notes may lead to others.
        """
        began = time.perf_counter()
        found = self.explain(question, images, history, k=k).found
        told = tuple((find.concept.id, find.concept.name, find.hit.score) for find in found)
        tell(Retrieved(question, len(images), told, time.perf_counter() - began))
        return found

    def explain(
        self,
        question: str,
        images: Sequence[Image.Image] = (),
        history: Sequence[Turn] = (),
        *,
        k: int | None = None,
    ) -> Explanation:
        """What `find` gives, with everything that was looked at."""
        view = self._current()
        config = self._config if k is None else replace(self._config, k=k)
        threshold = partial(self._threshold, view)
        more = (view.texts, self._detector, self.seen)
        retriever = ConceptRetriever(self._encoder, view.index, config, threshold, *more)
        limit = config.k
        entries = tuple(view.entries.values())
        told = retriever.retrieve(self._store.owner, question, images, entries)
        named = any(hit.name is not None for hit in told.hits)
        back: tuple[str, ...] = ()
        words: dict[str, float] = {}
        if not images and not named:
            back = self._earlier(view, history) if points_back(question) else ()
            words = {} if back else dict(view.words.search(question, limit))
        by_key = {} if back else {hit.key: hit for hit in told.hits}
        for rank, key in enumerate(words):
            gain = 1.0 / (self._config.rrf_k + 1 + rank)
            known = by_key.get(key)
            by_key[key] = replace(known, score=known.score + gain) if known else Hit(key, gain)
        if not by_key:  # nobody was found: a conversation goes on about whom it was about
            back = back or self._earlier(view, history)
        order = sorted(by_key.values(), key=lambda hit: (-hit.score, list(view.concepts).index(hit.key)))
        most = max(limit, sum(hit.name is not None for hit in order))
        found = [Find(view.concepts[hit.key], hit, words.get(hit.key)) for hit in order[:most]]
        found += [Find(view.concepts[key], Hit(key, 0.0), None, "") for key in back]
        found += self._told_of(view, question, found, most)
        names = {key: concept.name for key, concept in view.concepts.items()}
        sightings = [(names[sighting.key], sighting) for sighting in told.sightings]
        mentions = [(names[match.key], match) for match in told.names]
        return Explanation(found, mentions, sightings, told.regions)

    def alike(self, vectors: NDArray[np.float32]) -> list[Likeness]:
        """Of each vector the concept that it is nearest to, where it reaches that concept's own threshold.

        Args:
            vectors: (n, dim) unit vectors of this finder's encoder.
        """
        view, config, owner = self._current(), self._config, self._store.owner
        entries = list(view.entries.values())
        limit = min(view.index.count(owner), config.search_limit)
        if not len(vectors) or not entries or not limit:
            return []
        best, _ = best_per_entry(*view.index.search(owner, vectors, limit), [e.seen_ids for e in entries])
        found = []
        for row, place in enumerate(best.argmax(axis=1).tolist()):
            key, cosine = entries[place].key, float(best[row, place])
            # No threshold lies below this, and to work one out costs a search.
            if cosine >= config.image_threshold - config.calibration.most:
                least = self._threshold(view, key)
                if cosine >= least:
                    found.append(Likeness(row, key, view.concepts[key].name, cosine, least))
        return found

    def _earlier(self, view: View, history: Sequence[Turn]) -> tuple[str, ...]:
        return earlier(history, {key: entry.names for key, entry in view.entries.items()})

    def _told_of(self, view: View, question: str, found: Sequence[Find], most: int) -> list[Find]:
        """Others whom the notes of those that were named speak of, as many as there is room for."""
        names = {key: entry.names for key, entry in view.entries.items()}
        there, more = {find.concept.id for find in found}, []
        for find in found:
            if find.hit.name is None and find.via is None:
                continue
            for key in told_of(question, find.concept.id, profile_text(find.concept.profile), names):
                if key not in there and len(there) < most:
                    there.add(key)
                    more.append(Find(view.concepts[key], Hit(key, 0.0), None, find.concept.name))
        return more

    def _threshold(self, view: View, key: str) -> float:
        """A concept's own image threshold, from its photos and from who is nearest to it now."""
        if key not in view.thresholds:
            wanted = set(view.entries[key].seen_ids)
            photos = {patch.id: patch.photo_id for patch in view.concepts[key].patches}
            rows = self._store.vectors([key])
            keep = [row for row, vector_id in enumerate(rows.ids) if int(vector_id) in wanted]
            if not keep:  # forgotten since this view was made
                return self._config.image_threshold
            own = rows.matrix[keep]
            genuine = genuine_cosine(own, [photos[int(rows.ids[row])] for row in keep])
            impostor = None
            if len(view.whose) - len(wanted) + len(self._bank) >= self._config.calibration.least_others:
                impostor = max(impostor_cosine(own, self._bank), self._nearest_other(view, key, own))
            settings = self._config
            view.thresholds[key] = settings.calibration.threshold(settings.image_threshold, impostor, genuine)
        return view.thresholds[key]

    def _nearest_other(self, view: View, key: str, own: NDArray[np.float32]) -> float:
        limit = min(view.index.count(self._store.owner), self._config.search_limit)
        scores, ids = view.index.search(self._store.owner, own, max(1, limit))
        theirs = np.vectorize(lambda i: view.whose.get(int(i), key) != key, otypes=[bool])(ids)
        return float(scores[theirs].max(initial=-1.0))

    def _current(self) -> View:
        concepts = self._store.list()
        state = tuple((concept.id, concept.updated) for concept in concepts)
        with self._lock:
            view = self._view
            if view is None or view.state != state:
                view = self._view = self._build(concepts, state)
        # Not under the lock: whom the pool asks to rest may be in the middle of the same.
        self._pool.used(self, view.index.nbytes)
        return view

    def forget(self, *, everything: bool = False) -> AtHand:
        """Keep nothing of what is forgotten, or of anything; returns the pictures and vectors that went."""
        owner, view = self._store.owner, self._view
        gone = AtHand(pictures=Amount(len(self.seen), self.seen.nbytes))
        self.seen.clear()
        if self._outer is not None and not everything:
            self._current()  # nothing of it may stay there, whatever was asked for so far
        if view is None:
            return gone
        count, nbytes = view.index.count(owner), view.index.nbytes
        try:
            index = None if everything else self._current().index
        except JarvisError as error:
            log("cache.unkept", what="vectors", error=error)
            index = None
        if index is None:
            self.rest()
            return replace(gone, indexes=Amount(count, nbytes))
        left, after = index.count(owner), index.nbytes
        return replace(gone, indexes=Amount(count - left, nbytes - after))

    def rest(self) -> None:
        """Let go of what was indexed; the next question reads it again."""
        self.seen.clear()
        with self._lock:
            self._view = None

    def _new_index(self) -> FaissIndex | OuterIndex:
        if self._outer is not None:
            return OuterIndex(self._outer, self._store.owner, self._record)
        kept = StoredSnapshots(self._store, self._encoder.fingerprint)
        return FaissIndex(self._encoder.dim, snapshots=kept)

    def _record(self) -> tuple[Ids, Scores]:
        """Ids (n,) and vectors (n, dim) of this finder's encoder."""
        ours = {one.id for one in self._store.list() if one.encoder == self._encoder.fingerprint}
        rows = self._store.vectors(ours)
        return rows.ids, rows.matrix.reshape(len(rows.ids), self._encoder.dim)

    def _build(self, concepts: Sequence[Concept], state: tuple[tuple[str, int], ...]) -> View:
        """A view in which only what has changed is read and indexed again."""
        owner, old = self._store.owner, self._view
        # Older views may still search in it: ids that they do not know are passed over.
        index = old.index if old is not None else self._new_index()
        told = old.texts if old is not None else None
        if told is None and self._texts is not None:
            told = TextIndex(self._texts.embedder)
        known = {concept.id: concept for concept in concepts}
        entries: dict[str, Entry] = {}
        if old is not None:
            same = set(old.state).intersection(state)
            entries = {key: old.entries[key] for key, updated in same}
            gone = [old.entries[key] for key, _ in set(old.state) - same]
            index.remove(owner, [i for e in gone for i in (*e.vector_ids, *e.text_vector_ids)])
            if gone:  # what was forgotten took the snapshot with it
                index.keep(owner)
                self.seen.clear()  # pictures may show it
            if told is not None:
                told.remove([entry.key for entry in gone])
        new = [concept for concept in concepts if concept.id not in entries]
        ours = {concept.id for concept in new if concept.encoder == self._encoder.fingerprint}
        found: dict[tuple[str, str], list[int]] = {}
        rows = self._store.vectors(None if len(ours) == len(concepts) else ours)
        keep = [row for row, concept in enumerate(rows.concept_ids) if concept in ours]
        for row in keep:
            found.setdefault((rows.concept_ids[row], rows.kinds[row]), []).append(int(rows.ids[row]))
        if keep:
            index.add(owner, [int(rows.ids[row]) for row in keep], rows.matrix[keep])
        if self._texts is not None and told is not None:
            for key, matrix in self._texts.rows(new).items():
                told.put(key, matrix)
        for concept in new:
            patches, texts = (tuple(found.get((concept.id, kind), ())) for kind in ("patch", "profile"))
            whole = whole_patches(concept, patches, self._config.whole_scale)
            names = (concept.name, *concept.aliases)
            entries[concept.id] = Entry(concept.id, names, patches, texts, whole_ids=whole)
        entries = {key: entries[key] for key in known}
        words = WordIndex({key: profile_text(concept.profile) for key, concept in known.items()})
        whose = {vector_id: key for key, entry in entries.items() for vector_id in entry.seen_ids}
        return View(state, known, entries, words, whose, index, told)

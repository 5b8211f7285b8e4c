"""``r2p``: attributes that the model says of reference photos; retrieval proposes, attributes verify.

Source: R2P (*Training-free personalization via retrieval and reasoning on fingerprints*, ICCV 2025, arXiv
2503.18623): fingerprints are attributes that the model itself says of reference photos; candidates are the
K best by ``0.5 (image-image + image-text)`` of CLIP; the model reasons over attributes; where it and CLIP
disagree, a yes-or-no about each candidate decides, by its logits. The answer comes from the attributes of
who was found; recognition is the verdict of the verification.

Deviations: there may be several in a picture, so each region (as in `pekit`) has candidates of its own, and
there may be nobody, so a candidate without any attribute in common is nobody; Pocket describes the region
without knowing anybody, and rules compare that with fingerprints, since it cannot reason over lists
(another model is asked about each attribute); fingerprints are slots of what the model was trained to say,
not R2P's prompt; notes stand beside them. Of those whom a question names attributes are told. That somebody
unnamed is in the picture Pocket cannot read, so for it that region is shown under the name, as in `pekit`;
to another model it is said.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from jarvis_retrievers.errors import SettingError

from ..method import BenchMemory, Introduction, Query, Reply, Setting
from .candidates import Candidate, candidates, text_of
from .fingerprint import fingerprint_of
from .frames import by_frames
from .models import Models
from .record import Record
from .sighted import Seen, region_pictures
from .telling import Shown, answered
from .verifying import agreement, described, shared
from .yes_share import yes_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from jarvis_agents.collaboration import Remembered
    from jarvis_memory.concept import Concept

__all__ = ["R2PMethod"]

_SURE: Final = 0.5
_IN_WORDS: Final = {"left": "on the left", "middle": "in the middle", "right": "on the right"}


@dataclass(frozen=True)
class R2PMethod:
    """Retrieves, then verifies.

    Attributes:
        top: K, how many candidates of a region are looked at.

    Raises:
        SettingError: K is no number from 1 on.
    """

    models: Models
    top: str = "3"
    name: str = "r2p"

    def __post_init__(self) -> None:
        if not self.top.isdecimal() or int(self.top) < 1:
            raise SettingError(f"r2p looks at 1 candidate or more, got {self.top!r}")

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The model, who finds, and K."""
        return {
            **self.models.settings,
            **self.models.finding,
            "top": int(self.top),
            "retrieval": "its own",
        }

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory of fingerprints."""
        return R2PMemory(self.models, concepts, int(self.top))


class R2PMemory:
    """Fingerprints, their vectors, notes, and a reference photo of each to compare with.

    Args:
        models: the model and the encoder.
        concepts: who is known.
        top: K.
    """

    def __init__(self, models: Models, concepts: Sequence[Introduction], top: int) -> None:
        self._models, self._top = models, top
        self._record = Record(models, concepts)
        self._prints: dict[str, Remembered] = {}
        self._texts: dict[str, NDArray[np.float32]] = {}
        for concept in self._record.concepts():
            self._put(concept)

    def _put(self, concept: Concept) -> None:
        node, name = self._models.vlm, concept.name
        pictures = self._record.crops(concept, node.patch_side) or self._record.photos(concept)
        self._prints[name] = made = fingerprint_of(node, name, concept.profile.facts, pictures)
        self._texts[name] = self._models.encoder.encode_texts([text_of(made.phrases) or name])[0]

    def fingerprint(self, name: str) -> Remembered:
        """What the model said of a concept."""
        return self._prints[name]

    def stored(self) -> Mapping[str, int]:
        """Notes, fingerprints, vectors, and the patches of photos that the last check compares with."""
        vectors = self._record.vector_bytes
        return {
            one.name: len(self._text(one).encode())
            + self._texts[one.name].nbytes
            + vectors[one.name]
            + self._record.photo_bytes(one)
            for one in self._record.concepts()
        }

    def update(self, later: Introduction) -> None:
        """More photos and notes; the fingerprint is made anew."""
        self._record.tell(later)
        for concept in self._record.known([later.name]):
            self._put(concept)

    def answer(self, query: Query) -> Reply:
        """The answer from fingerprints."""
        return by_frames(query, self._models.voice, self._answer)

    def _answer(self, query: Query) -> Reply:
        side, pocket = self._models.vlm.patch_side, self._models.voice.name == "pocket"
        began = time.perf_counter()
        if not query.images:
            named, groups = [one.name for one in self._record.find(query)], list[list[Candidate]]()
        else:
            named, groups = self._candidates(query)
        retrieved = time.perf_counter()
        seen, read = self._verified(query, groups)
        verified = time.perf_counter()
        spent = (("retrieve", retrieved - began), ("verify", verified - retrieved))
        there = {one.name: one for one in seen}
        if query.form == "yes_no" and named:
            verdict = "Yes" if there.keys() >= {*named} else "No"
            return Reply(verdict, verified - began, read, tuple(there), spent)
        shown = []
        for concept in self._record.known(list(dict.fromkeys((*named, *there)))):
            name, text = concept.name, self._text(concept)
            size, one = len(text.encode()), there.get(name)
            if one is not None and pocket and name not in named:
                pictures = region_pictures(query.images[one.picture], one.box, side)
                shown.append(Shown(name, _notes(concept), pictures, size))
                continue
            if one is not None and not pocket:
                text = f"{text}\n{name} is {self._where(query, one)} of the picture."
            shown.append(Shown(name, text, (), size))
        stages = (*spent, ("load", time.perf_counter() - verified))
        reply = answered(self._models, query, shown, stages)
        return replace(reply, loaded=read + (reply.loaded or 0))

    def _candidates(self, query: Query) -> tuple[list[str], list[list[Candidate]]]:
        why = self._record.why(query)
        told = query.told
        known = {one.name for one in self._record.known(told)} if told is not None else {*self._prints}
        sightings = [(name, one) for name, one in why.sightings if name in known]
        tuning, encoder = self._models.tuning, self._models.encoder
        groups = candidates(
            encoder, query.images, sightings, self._texts, top=self._top, side=tuning.retriever.side
        )
        named = [name for name, _ in why.mentions] if told is None else [n for n in told if n in known]
        return list(dict.fromkeys(named)), groups

    def _verified(self, query: Query, groups: Sequence[Sequence[Candidate]]) -> tuple[list[Seen], int]:
        """Of each region's candidates whom attributes, or else a yes-or-no, speak for; and bytes read."""
        found: dict[str, Seen] = {}
        read = 0
        for group in groups:
            image, box = query.images[group[0].picture], group[0].box
            prints = {one.name: self._prints[one.name].phrases for one in group if one.name not in found}
            read += sum(len(part.encode()) for phrases in prints.values() for part in phrases)
            if self._models.voice.name == "pocket":
                seen = described(self._models, image, box)
                shares = {name: shared(seen, phrases) for name, phrases in prints.items()}
            else:
                shares = {name: agreement(self._models, image, box, told) for name, told in prints.items()}
            best = max(shares, key=lambda name: shares[name], default=None)
            if best is None or not shares[best]:
                continue
            first = group[0].name
            if not (best == first and shares[best] == 1):
                # Attributes and vectors disagree, or attributes are not sure.
                pair = {one.name: self._leans(query, one) for one in group if one.name in (best, first)}
                read += sum(self._record.photo_bytes(one) for one in self._record.known(list(pair)))
                best = max(pair, key=lambda name: pair[name])
                if pair[best] <= _SURE:
                    continue
            one = next(one for one in group if one.name == best)
            found.setdefault(best, Seen(best, one.picture, one.box, one.score))
        return list(found.values()), read

    def _leans(self, query: Query, one: Candidate) -> float:
        from jarvis_memory.kv import Mode
        from jarvis_memory.vlm import SegmentSource

        node = self._models.vlm
        (concept,) = self._record.known([one.name])
        pictures = self._record.crops(concept, node.patch_side)
        context = node.context([SegmentSource(one.name, "", pictures)], Mode.EXACT)
        return yes_share(self._models, context, one.name, [query.images[one.picture]])

    def _text(self, concept: Concept) -> str:
        return "\n".join((_notes(concept).rstrip("\n"), *self._prints[concept.name].lines)).lstrip("\n")

    def _where(self, query: Query, one: Seen) -> str:
        from jarvis_agents.collaboration.region import column

        return _IN_WORDS[column(one.box, query.images[one.picture].width)]

    def close(self) -> None:
        """Delete the record."""
        self._record.close()


def _notes(concept: Concept) -> str:
    from jarvis_memory.profile import profile_text

    return profile_text(concept.profile)

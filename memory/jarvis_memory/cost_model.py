"""What is worth keeping of a concept, and where: prices, bytes and seconds (docs/scale.md).

A segment saves a prefill whenever it is used, and costs its room for as long as it is kept. So there is a
number of uses per month above which keeping it is cheaper than computing it again: the five-minute rule
(Gray and Putzolu, SIGMOD 1987) with a GPU in the place of a disk arm. All of it is arithmetic on what it is
given; nothing is measured, and no price is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum

from jarvis_retrievers.errors import SettingError

__all__ = [
    "GB",
    "MONTH",
    "ConceptCost",
    "Form",
    "Keeping",
    "Option",
    "Place",
    "Prices",
    "break_even",
    "cheapest",
    "monthly",
    "prefill_seconds",
    "saved_seconds",
    "wait_seconds",
    "worth",
]

GB = 1e9
"""Bytes that prices of room are about."""

MONTH = 30 * 86_400.0
"""Seconds."""


class Form(StrEnum):
    """What is kept of a concept beside its photos: most bytes first, most work to use it last.

    ``EMBEDDINGS`` are what the vision tower made of the photos (`jarvis_memory.kv.Storage.NONE`); the rows of
    the cache are computed from them. With ``NOTHING`` the photos are looked at again, too.
    """

    KV = "kv"
    EMBEDDINGS = "embeddings"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class ConceptCost:
    """What one concept takes.

    Attributes:
        kv, embeddings, photos: bytes.
        see: seconds of the device to make embeddings of the photos.
        prefill: seconds of the device to make KV of embeddings.

    Raises:
        SettingError: a number is negative or not finite.
    """

    kv: float
    embeddings: float
    photos: float
    see: float
    prefill: float

    def __post_init__(self) -> None:
        _check(self)

    def nbytes(self, form: Form) -> float:
        """Bytes that are kept beside the photos."""
        return {Form.KV: self.kv, Form.EMBEDDINGS: self.embeddings, Form.NOTHING: 0.0}[form]

    def busy(self, form: Form) -> float:
        """Seconds of the device for each use."""
        return {Form.KV: 0.0, Form.EMBEDDINGS: self.prefill, Form.NOTHING: self.see + self.prefill}[form]


@dataclass(frozen=True, slots=True)
class Place:
    """Where bytes can be kept.

    Attributes:
        name: such as ``"nvme"``.
        gb_month: dollars to keep 10^9 bytes for a month.
        latency: seconds until the first byte.
        bandwidth: bytes per second.
        request: dollars for each read.

    Raises:
        SettingError: a number is negative or not finite, or there is no bandwidth.
    """

    name: str
    gb_month: float
    latency: float = 0.0
    bandwidth: float = 1e9
    request: float = 0.0

    def __post_init__(self) -> None:
        _check(self)
        if not self.bandwidth:
            raise SettingError(f"the bandwidth of {self.name!r} is more than 0 bytes per second, got 0")

    def load(self, nbytes: float) -> float:
        """Seconds to read so many bytes; none at all need no reading."""
        return self.latency + nbytes / self.bandwidth if nbytes else 0.0


@dataclass(frozen=True, slots=True)
class Prices:
    """What time costs.

    Attributes:
        device_hour: dollars for an hour of the device that computes.
        waited_hour: dollars that an hour of waiting is worth to whoever asks; 0 counts machines alone.

    Raises:
        SettingError: a number is negative or not finite.
    """

    device_hour: float
    waited_hour: float = 0.0

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, slots=True)
class Option:
    """A form and where it is kept; of nothing, where the photos are read from."""

    form: Form
    place: Place


def prefill_seconds(parameters: float, tokens: float, flops: float) -> float:
    """Seconds of a prefill: 2 operations for each parameter and token, attention left out.

    Args:
        parameters: of the layers, without embeddings.
        tokens: rows that are computed.
        flops: operations per second that are reached.
    """
    return 2 * parameters * tokens / flops


def wait_seconds(concept: ConceptCost, option: Option) -> float:
    """Seconds of one use: what is kept is read, the rest is computed."""
    kept = concept.nbytes(option.form) or concept.photos
    return option.place.load(kept) + concept.busy(option.form)


def saved_seconds(concept: ConceptCost, option: Option, instead: Option) -> float:
    """Seconds that one use of ``option`` is faster than one of ``instead``; negative if it is slower."""
    return wait_seconds(concept, instead) - wait_seconds(concept, option)


def monthly(concept: ConceptCost, option: Option, uses: float, prices: Prices) -> float:
    """Dollars of a month with so many uses; the photos themselves are kept anyway, and not counted."""
    room = concept.nbytes(option.form) / GB * option.place.gb_month
    return room + uses * _use(concept, option, prices)


def break_even(concept: ConceptCost, option: Option, instead: Option, prices: Prices) -> float:
    """Uses per month from which on ``option`` is cheaper than ``instead``; infinity if it never is."""
    saved = _use(concept, instead, prices) - _use(concept, option, prices)
    room = monthly(concept, option, 0, prices) - monthly(concept, instead, 0, prices)
    if room <= 0:
        return 0.0 if saved >= 0 else math.inf
    return room / saved if saved > 0 else math.inf


def cheapest(concept: ConceptCost, uses: float, options: Iterable[Option], prices: Prices) -> Option:
    """The option that costs least at so many uses per month; of equal ones the first.

    Raises:
        SettingError: there is no option.
    """
    found = min(options, key=lambda one: monthly(concept, one, uses, prices), default=None)
    if found is None:
        raise SettingError("there is nothing to choose from; give at least one option")
    return found


def worth(uses: float, seconds: float, nbytes: float) -> float:
    """What a byte that is kept is worth: seconds saved for each of them (`jarvis_memory.store.tiers`)."""
    return uses * max(0.0, seconds) / max(1.0, nbytes)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Decides whether a store keeps a segment at all.

    Attributes:
        place: the store; its prices.
        prices: of the device.
        uses: expected per month of a concept nobody knows anything of yet.
        weight: how many months of watching this expectation counts for.

    Raises:
        SettingError: a number is negative or not finite.
    """

    place: Place
    prices: Prices
    uses: float = 30.0
    weight: float = 0.25

    def __post_init__(self) -> None:
        _check(self)

    def rate(self, count: float, months: float) -> float:
        """Uses per month: ``count`` in ``months``, together with what was expected (a gamma prior)."""
        seen = months + self.weight
        return (count + self.uses * self.weight) / seen if seen else self.uses

    def pays(self, nbytes: float, seconds: float, uses: float) -> bool:
        """Whether KV of so many bytes is worth its room.

        Args:
            nbytes: of the segment.
            seconds: to make it again.
            uses: per month.
        """
        concept = ConceptCost(kv=nbytes, embeddings=0, photos=0, see=0, prefill=seconds)
        kept, not_kept = Option(Form.KV, self.place), Option(Form.NOTHING, self.place)
        return uses >= break_even(concept, kept, not_kept, self.prices)


def _use(concept: ConceptCost, option: Option, prices: Prices) -> float:
    """Dollars of one use."""
    read = option.place.request if concept.nbytes(option.form) or concept.photos else 0.0
    waited = wait_seconds(concept, option) * prices.waited_hour
    return read + (concept.busy(option.form) * prices.device_hour + waited) / 3600


def _check(value: ConceptCost | Place | Prices | Keeping) -> None:
    for field in fields(value):
        number = getattr(value, field.name)
        if isinstance(number, (int, float)) and not (math.isfinite(number) and number >= 0):
            what = f"{type(value).__name__}.{field.name}"
            raise SettingError(f"{what} is a finite number of 0 or more, got {number}")

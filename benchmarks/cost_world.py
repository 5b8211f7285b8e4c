"""Owners who use their concepts unevenly, and what it takes to serve them; for `benchmarks.cost_model`."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jarvis_memory.cost_model import (
    GB,
    MONTH,
    ConceptCost,
    Form,
    Option,
    Place,
    Prices,
    cheapest,
    prefill_seconds,
    wait_seconds,
)
from jarvis_memory.store.tiers.greedy_dual import GreedyDual
from jarvis_memory.store.tiers.use_counts import UseCounts

__all__ = ["Demand", "Machine", "World", "counted"]

Numbers = NDArray[np.float64]
_DAYS = MONTH / 86_400
_CLASSES = 2048


@dataclass(frozen=True)
class Demand:
    """How memories are used.

    Attributes:
        daily: share of owners who ask on a day.
        questions: of each of them on that day.
        named: concepts that a question is about.
        skew: the n-th concept of an owner is used as 1 / n ** skew.
        spread: owners differ as a lognormal does, with this standard deviation of the logarithm.
        peak: the busiest hour against the average.
    """

    daily: float = 0.10
    questions: float = 20.0
    named: float = 3.0
    skew: float = 1.0
    spread: float = 1.0
    peak: float = 4.0

    @property
    def uses(self) -> float:
        """Of the concepts of one owner, per month."""
        return self.daily * self.questions * self.named * _DAYS

    def owners(self, count: int) -> Numbers:
        """Uses per month of owners, or of as many equal classes of them as are needed: the mean of each."""
        classes = min(count, _CLASSES)
        draws = [NormalDist().inv_cdf((n + 0.5) / classes) for n in range(classes)]
        weights = np.exp(self.spread * np.array(draws))
        found: Numbers = self.uses * weights / weights.mean()
        return found

    def shares(self, concepts: int) -> Numbers:
        """Of an owner's uses, those of each concept."""
        weights = np.arange(1, concepts + 1, dtype=np.float64) ** -self.skew
        found: Numbers = weights / weights.sum()
        return found


@dataclass(frozen=True)
class Machine:
    """What a concept weighs, what computes it, and what keeps it.

    Attributes:
        tokens: of a concept.
        kv_token, embedding_token, photos: bytes.
        parameters: of the layers of the language model.
        vision: operations to look at the photos.
        flops: operations per second that are reached.
        prices: of the device.
        nvme, remote: where KV can be kept.
    """

    tokens: float = 300.0
    kv_token: float = 57_344.0
    embedding_token: float = 7_168.0
    photos: float = 60_000.0
    parameters: float = 6.53e9
    vision: float = 1.6e12
    flops: float = 400e12
    prices: Prices = field(default_factory=lambda: Prices(device_hour=2.5))
    nvme: Place = field(default_factory=lambda: Place("nvme", 0.08 / 36, 1e-4, 3e9))
    remote: Place = field(default_factory=lambda: Place("s3", 0.022, 0.03, 90e6, 4e-7))

    @property
    def concept(self) -> ConceptCost:
        """One concept."""
        prefill = prefill_seconds(self.parameters, self.tokens, self.flops)
        kv, embeddings = self.tokens * self.kv_token, self.tokens * self.embedding_token
        return ConceptCost(kv, embeddings, self.photos, self.vision / self.flops, prefill)

    @property
    def nothing(self) -> Option:
        """Photos alone, which are with the record."""
        return Option(Form.NOTHING, self.remote)

    def options(self, *, embeddings: bool) -> list[Option]:
        """What can be kept, and where."""
        forms = [Form.KV, Form.EMBEDDINGS] if embeddings else [Form.KV]
        return [self.nothing, *(Option(form, place) for form in forms for place in (self.nvme, self.remote))]


class World:
    """So many owners with so many concepts each: ``rates`` (classes, concepts) in uses per month.

    Args:
        owners, concepts: how many.
        demand: how they are used.
        machine: what it takes.
    """

    def __init__(self, owners: int, concepts: int, demand: Demand, machine: Machine) -> None:
        self.owners, self.concepts, self.demand, self.machine = owners, concepts, demand, machine
        of_owner = demand.owners(owners)
        self.rates: Numbers = of_owner[:, None] * demand.shares(concepts)[None, :]
        self.weight = owners / len(of_owner)

    def told(self, name: str, options: list[Option], which: NDArray[np.intp]) -> dict[str, Any]:
        """What it takes if each concept is kept as ``options[which]``, ``which`` as `rates`."""
        some = which.ravel()
        counts: Numbers = self.weight * np.bincount(some, minlength=len(options)).astype(np.float64)
        summed = np.bincount(some, self.rates.ravel(), minlength=len(options)).astype(np.float64)
        uses: Numbers = self.weight * summed
        return self._summed(name, options, counts, uses)

    def always(self, name: str, option: Option) -> dict[str, Any]:
        """What it takes if all concepts are kept in one way."""
        return self.told(name, [option], np.zeros(self.rates.shape, np.intp))

    def chosen(self, name: str, *, embeddings: bool) -> dict[str, Any]:
        """What it takes if each is kept as `cheapest` says."""
        options, machine = self.machine.options(embeddings=embeddings), self.machine
        # A dollar is a line over uses: the cheapest changes where two lines meet, and nowhere else.
        lines = np.array([self._line(option) for option in options])
        which = np.argmin(lines[:, 0, None, None] + lines[:, 1, None, None] * self.rates, axis=0)
        at = np.unravel_index([0, self.rates.size // 2, self.rates.size - 1], self.rates.shape)
        for row, column in zip(*at, strict=True):
            uses = float(self.rates[row, column])
            best = cheapest(machine.concept, uses, options, machine.prices)
            if best != options[which[row, column]]:
                raise RuntimeError(f"the vectors and the model disagree at {uses} uses")
        return self.told(name, options, which)

    def lru(self, name: str, nbytes: float) -> dict[str, Any]:
        """What it takes with an LRU cache of so many bytes for all (Che, Tung and Wang, JSAC 2002)."""
        machine, entries = self.machine, nbytes / self.machine.concept.kv
        total = self.weight * self.rates.size
        low, high = 0.0, 1.0

        def held(months: float) -> float:
            return float(self.weight * -np.expm1(-self.rates * months).sum())

        if entries >= total:
            low = high = np.inf  # everything stays for ever
        while held(high) < min(entries, total * (1 - 1e-12)):
            high *= 2
        for _ in range(60 if high < np.inf else 0):
            middle = (low + high) / 2
            low, high = (middle, high) if held(middle) < entries else (low, middle)
        hits = -np.expm1(-self.rates * high) if entries else np.zeros_like(self.rates)
        kept = Option(Form.KV, machine.nvme)
        uses = self.weight * float((self.rates * hits).sum())
        missed = self.weight * float(self.rates.sum()) - uses
        found = self._summed(
            name,
            [machine.nothing, kept],
            np.array([total - min(entries, total), min(entries, total)]),
            np.array([missed, uses]),
        )
        return found | {"hits": uses / (uses + missed)}

    def _line(self, option: Option) -> tuple[float, float]:
        concept, prices = self.machine.concept, self.machine.prices
        read = option.place.request
        waited = wait_seconds(concept, option) * prices.waited_hour / 3600
        room = concept.nbytes(option.form) / GB * option.place.gb_month
        return room, read + concept.busy(option.form) * prices.device_hour / 3600 + waited

    def _summed(self, name: str, options: list[Option], counts: Numbers, uses: Numbers) -> dict[str, Any]:
        concept, prices, peak = self.machine.concept, self.machine.prices, self.demand.peak
        nbytes = {self.machine.nvme.name: 0.0, self.machine.remote.name: 0.0}
        read = dict.fromkeys(nbytes, 0.0)
        busy = wait = room = requests = 0.0
        for option, count, used in zip(options, counts.tolist(), uses.tolist(), strict=True):
            kept = concept.nbytes(option.form)
            nbytes[option.place.name] += count * kept
            read[option.place.name] += used * (kept or concept.photos)
            busy += used * concept.busy(option.form)
            wait += used * wait_seconds(concept, option)
            room += count * kept / GB * option.place.gb_month
            requests += used * option.place.request
        total, kv = float(uses.sum()), [option.form is Form.KV for option in options]
        device = busy / 3600 * prices.device_hour
        return {
            "policy": name,
            "hits": float(uses[kv].sum()) / total,
            "kept": float(counts[[option.form is not Form.NOTHING for option in options]].sum())
            / float(counts.sum()),
            "bytes": nbytes,
            "gb_per_s_at_peak": {place: peak * value / MONTH / GB for place, value in read.items()},
            "device_seconds_per_day": busy / _DAYS,
            "devices_at_peak": peak * busy / MONTH,
            "wait_ms": 1000 * wait / total,
            "dollars": {"room": room, "requests": requests, "device": device},
            "dollars_per_month": room + requests + device,
        }


def counted(world: World, nbytes: float, events: int, seed: int) -> dict[str, float]:
    """Share of uses that are found, counted in a drawn trace: of an LRU cache, and of the live rules.

    Uses come one after the other in the order of a Poisson process; the first half only fills the caches.
    """
    chance, size = np.random.default_rng(seed), int(world.machine.concept.kv)
    flat = world.rates.ravel() / world.rates.sum()
    trace = chance.choice(flat.size, events, p=flat).tolist()
    steps = chance.exponential(MONTH / float(world.rates.sum()), events).cumsum().tolist()
    now, room = [0.0], int(nbytes / world.weight)
    counts = UseCounts(clock=lambda: now[0], most=10 * max(1, room // size) + 1000)
    order, recent = GreedyDual[int](max(1, room)), OrderedDict[int, None]()
    seconds = world.machine.concept.busy(Form.NOTHING)
    hits = {"live": 0, "lru": 0}
    for number, (one, when) in enumerate(zip(trace, steps, strict=True)):
        now[0] = when
        uses = counts.use(("", str(one)))
        late = number >= events // 2
        if one in order:
            hits["live"] += late
            order.use(one, uses)
        else:
            order.put(one, size, seconds, uses)
        if one in recent:
            hits["lru"] += late
            recent.move_to_end(one)
        else:
            recent[one] = None
            if len(recent) * size > room:
                recent.popitem(last=False)
    return {name: value / (events - events // 2) for name, value in hits.items()}

"""Arithmetic of what is worth keeping, against numbers that were computed elsewhere, and by brute force."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jarvis_memory.cost_model import (
    ConceptCost,
    Form,
    Keeping,
    Option,
    Place,
    Prices,
    break_even,
    cheapest,
    monthly,
    prefill_seconds,
    saved_seconds,
    wait_seconds,
    worth,
)
from jarvis_retrievers.errors import SettingError

# Qwen2.5-VL-7B, 300 tokens: 28 layers, 4 KV heads of 128 numbers, hidden 3,584; 6.53e9 parameters in the
# layers; an H100 that reaches 400 TF/s; 1.6 TF in the vision tower; 2.5 dollars an hour; S3 at 0.022 dollars
# per GB and month; an NVMe at 0.08 dollars per GB, worn off in 36 months.
TOKENS = 300
KV_TOKEN, EMBEDDING_TOKEN = 28 * 2 * 4 * 128 * 2, 3584 * 2
PREFILL, SEE = prefill_seconds(6.53e9, TOKENS, 400e12), 1.6e12 / 400e12
S3, NVME = Place("s3", 0.022, bandwidth=90e6), Place("nvme", 0.08 / 36, bandwidth=3e9)
H100 = Prices(device_hour=2.5)
CONCEPT = ConceptCost(TOKENS * KV_TOKEN, TOKENS * EMBEDDING_TOKEN, 60_000, 0.0, PREFILL)


def test_bytes_and_seconds_of_a_model_of_seven_billion() -> None:
    assert (KV_TOKEN, EMBEDDING_TOKEN) == (57_344, 7_168)
    assert CONCEPT.kv == 17_203_200
    assert CONCEPT.kv / CONCEPT.embeddings == 8.0
    assert pytest.approx(9.8e-3, rel=0.01) == PREFILL
    assert NVME.load(CONCEPT.kv) == pytest.approx(5.7e-3, rel=0.01)
    assert S3.load(CONCEPT.kv) == pytest.approx(191e-3, rel=0.01)
    assert S3.load(CONCEPT.embeddings) == pytest.approx(24e-3, rel=0.01)
    assert 10**9 * CONCEPT.kv / 1e9 * 0.021 == pytest.approx(361_267, rel=1e-3)


@pytest.mark.parametrize(
    ("form", "place", "instead", "see", "prefill", "uses"),
    [
        # Counted is what is saved: the prefill, or the vision tower's work.
        (Form.KV, S3, Form.NOTHING, 0.0, PREFILL, 56),
        (Form.KV, NVME, Form.NOTHING, 0.0, PREFILL, 6),
        (Form.EMBEDDINGS, S3, Form.NOTHING, SEE, PREFILL, 17),
        # Both together, as nothing but photos means both.
        (Form.KV, S3, Form.NOTHING, SEE, PREFILL, 40),
        (Form.KV, S3, Form.EMBEDDINGS, SEE, PREFILL, 49),
    ],
)
def test_uses_per_month_above_which_keeping_pays(
    form: Form, place: Place, instead: Form, see: float, prefill: float, uses: int
) -> None:
    concept = replace(CONCEPT, see=see, prefill=prefill)
    found = break_even(concept, Option(form, place), Option(instead, place), H100)
    assert round(found) == uses
    kept = concept.nbytes(form) - concept.nbytes(instead)
    saved = concept.busy(instead) - concept.busy(form)
    assert found == pytest.approx(kept / 1e9 * place.gb_month / (saved * 2.5 / 3600), rel=1e-12)


def test_a_recompute_and_a_month_in_dollars() -> None:
    nothing, kept = Option(Form.NOTHING, S3), Option(Form.KV, S3)
    assert monthly(CONCEPT, nothing, 1, H100) == pytest.approx(6.8e-6, rel=0.01)
    assert monthly(CONCEPT, kept, 0, H100) == pytest.approx(3.8e-4, rel=0.01)
    assert monthly(CONCEPT, kept, 1000, H100) == monthly(CONCEPT, kept, 0, H100)


money = st.floats(0, 1e3)
sizes = st.floats(0, 1e9)
seconds = st.floats(0, 1e3)
concepts = st.builds(ConceptCost, kv=sizes, embeddings=sizes, photos=sizes, see=seconds, prefill=seconds)
places = st.builds(
    Place, st.just("p"), gb_month=money, latency=seconds, bandwidth=st.floats(1e3, 1e12), request=money
)
all_prices = st.builds(Prices, device_hour=money, waited_hour=money)


@given(concept=concepts, place=places, prices=all_prices, uses=st.floats(0, 1e5))
def test_from_the_break_even_on_it_is_cheaper(
    concept: ConceptCost, place: Place, prices: Prices, uses: float
) -> None:
    for one, two in product(Form, Form):
        a, b = Option(one, place), Option(two, place)
        line = break_even(concept, a, b, prices)
        assume(not math.isclose(uses, line, rel_tol=1e-6, abs_tol=1e-6))
        dear, cheap = monthly(concept, a, uses, prices), monthly(concept, b, uses, prices)
        if math.isclose(dear, cheap, rel_tol=1e-9, abs_tol=1e-9):
            continue
        if monthly(concept, a, 0, prices) >= monthly(concept, b, 0, prices):
            assert (dear < cheap) == (uses > line)


@given(concept=concepts, some=st.lists(places, min_size=1, max_size=3), prices=all_prices)
def test_the_cheapest_is_that_of_brute_force(concept: ConceptCost, some: list[Place], prices: Prices) -> None:
    options = [Option(form, place) for form in Form for place in some]
    for uses in (0.0, 1.0, 30.0, 1e4):
        found = cheapest(concept, uses, options, prices)
        costs = [
            concept.nbytes(o.form) / 1e9 * o.place.gb_month
            + uses
            * (
                concept.busy(o.form) * prices.device_hour / 3600
                + wait_seconds(concept, o) * prices.waited_hour / 3600
                + (o.place.request if concept.nbytes(o.form) or concept.photos else 0)
            )
            for o in options
        ]
        assert monthly(concept, found, uses, prices) == pytest.approx(min(costs), rel=1e-9, abs=1e-12)


def test_who_counts_waiting_keeps_more() -> None:
    """On a processor a prefill takes seconds: KV pays at the first use of a month."""
    slow = replace(CONCEPT, prefill=4.0, see=2.0)
    options = [Option(form, NVME) for form in Form]
    assert cheapest(slow, 1.0, options, Prices(device_hour=0.1, waited_hour=10)).form is Form.KV
    assert cheapest(slow, 1e-4, options, Prices(device_hour=0.1)).form is Form.NOTHING
    assert saved_seconds(slow, options[0], options[2]) == pytest.approx(6.0 + 60_000 / 3e9 - CONCEPT.kv / 3e9)


def test_rates_of_concepts_that_are_hardly_known() -> None:
    keeping = Keeping(S3, H100, uses=30, weight=0.5)
    assert keeping.rate(0, 0) == 30
    assert keeping.rate(0, 0.5) == 15
    assert keeping.rate(200, 1.5) == pytest.approx(107.5)
    assert replace(keeping, weight=0).rate(0, 0) == 30
    for uses in (55.0, 56.0):
        assert keeping.pays(CONCEPT.kv, PREFILL, uses) == (uses == 56)


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_numbers_that_cannot_be(value: float) -> None:
    for make in (
        lambda: replace(CONCEPT, kv=value),
        lambda: replace(CONCEPT, prefill=value),
        lambda: Place("p", value),
        lambda: Place("p", 1, bandwidth=value),
        lambda: Prices(value),
        lambda: Keeping(S3, H100, uses=value),
    ):
        with pytest.raises(SettingError, match="finite number of 0 or more"):
            make()
    with pytest.raises(SettingError, match="bandwidth"):
        Place("p", 1, bandwidth=0)
    with pytest.raises(SettingError, match="at least one option"):
        cheapest(CONCEPT, 1, [], H100)


def test_what_a_byte_is_worth() -> None:
    assert worth(3, 0.5, 1000) == 1.5e-3
    assert worth(3, -0.5, 1000) == 0
    assert np.isfinite(worth(3, 0.5, 0))

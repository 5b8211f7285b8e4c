"""No message holds a part of a password, however it was written into a URL."""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable
from urllib.parse import quote

import pytest

from jarvis_memory.store.postgres.address import Address
from jarvis_memory.store.tiers.redis_address import client_of, shown
from jarvis_retrievers.errors import SettingError

_MARKS = "@/?#:%&=+ [],;\\'\"$"
# Behind a % it may be taken for a byte.
_PARTS = ("onex", "twox", "dbss")


def cluster(url: str) -> str:
    return Address.parse(url).shown


def tier(url: str) -> str:
    client_of(url, 1.0).close()
    return shown(url)


@pytest.mark.parametrize(
    ("told", "forms"),
    [
        (
            cluster,
            (
                "postgresql://u:{}@h/d",
                "postgresql://u:1{}@h:5432,i:5433/d",
                "postgresql://u:{}@h/d?sslmode=x",
            ),
        ),
        (tier, ("redis://u:{}@h/0", "rediss://:1{}@h:6380/0", "redis://:{}@h?db=1")),
    ],
)
def test_passwords_that_are_not_encoded(told: Callable[[str], str], forms: tuple[str, ...]) -> None:
    refused = 0
    for form, first, second in itertools.product(forms, _MARKS, _MARKS):
        password = first.join(_PARTS[:2]) + second + _PARTS[2]
        try:
            text = told(form.format(password))
        except SettingError as error:
            refused += 1
            text = "".join(traceback.format_exception(error))
        assert not any(part in text.lower() for part in _PARTS), form.format(password)
        # Encoded it is taken, and not shown either.
        assert not any(part in told(form.format(quote(password, safe=""))).lower() for part in _PARTS)
    assert refused > 100


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:12?onex@h/d",
        "postgresql://u:12/onex@h/d",
        "postgresql://u:112?host=onex/twox@h:5432,i:5433",
        "postgresql://u:onex%dbss@h/d",
    ],
)
def test_passwords_that_look_like_something_else(url: str) -> None:
    with pytest.raises(SettingError, match="percent-encode the password") as caught:
        Address.parse(url)
    assert not any(part in "".join(traceback.format_exception(caught.value)) for part in _PARTS)

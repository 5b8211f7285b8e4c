from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from jarvis_memory.store.aes import OVERHEAD, AesGcmCipher, opened, wrapped
from jarvis_memory.store.cipher import ABSENT, PLAIN
from jarvis_memory.store.hidden import blinded, hide, reveal
from jarvis_memory.store.keys import keyed
from jarvis_memory.store.schema import SENSITIVE, columns
from jarvis_retrievers.errors import CorruptRecordError, ExtraError

KEY = bytes(range(32))
CIPHER = AesGcmCipher(KEY, 7)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ROWS = {
    "concepts": st.tuples(*(TEXT,) * 3, *(st.integers(0, 9),) * 6, TEXT),
    "photos": st.tuples(
        *(TEXT,) * 3, st.integers(0, 9), TEXT, *(st.integers(1, 9),) * 2, TEXT, st.just(5), TEXT
    ),
    "vectors": st.tuples(st.integers(1, 9), *(TEXT,) * 3, st.binary(max_size=40)),
    "items": st.tuples(
        *(TEXT,) * 7,
        st.none() | st.floats(1, 9),
        st.none() | st.floats(1, 9),
        TEXT,
        TEXT,
        st.binary(max_size=40),
    ),
}


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_round_trip(data: bytes, bound: bytes) -> None:
    sealed = CIPHER.encrypt(data, bound)
    assert len(sealed) == len(data) + CIPHER.overhead == len(data) + OVERHEAD
    assert CIPHER.decrypt(sealed, bound) == CIPHER.decrypt(memoryview(sealed), bound) == data
    assert CIPHER.encrypt(data, bound) != sealed
    assert PLAIN.decrypt(PLAIN.encrypt(data, bound), b"") == data


@given(st.binary(max_size=30), st.data())
def test_what_was_changed_is_refused(data: bytes, draw: st.DataObject) -> None:
    sealed = bytearray(CIPHER.encrypt(data, b"place"))
    bit = draw.draw(st.integers(0, len(sealed) * 8 - 1))
    for other in (CIPHER, AesGcmCipher(bytes(32), 7)):
        for bound in (b"place", b"another"):
            if (other, bound) != (CIPHER, b"place"):
                with pytest.raises(CorruptRecordError, match="cannot be decrypted"):
                    other.decrypt(bytes(sealed), bound)
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CorruptRecordError, match="cannot be decrypted"):
        CIPHER.decrypt(bytes(sealed), b"place")
    with pytest.raises(CorruptRecordError, match="cannot be decrypted"):
        CIPHER.decrypt(bytes(sealed)[: draw.draw(st.integers(0, len(sealed) - 1))], b"place")


def test_it_is_aes_256_gcm_as_others_have_it() -> None:
    direct = AESGCM(keyed(KEY, "jarvis/key/data"))
    sealed = CIPHER.encrypt(b"secret", b"place")
    assert direct.decrypt(sealed[:12], sealed[12:], b"place") == b"secret"
    nonce = bytes(12)
    assert CIPHER.decrypt(nonce + direct.encrypt(nonce, b"other", b"there"), b"there") == b"other"
    sealed = wrapped(KEY, b"key", b"whose")
    assert AESGCM(KEY).decrypt(sealed[:12], sealed[12:], b"whose") == opened(KEY, sealed, b"whose") == b"key"
    assert (
        opened(KEY, sealed, b"another's")
        is opened(bytes(32), sealed, b"whose")
        is opened(KEY, b"", b"")
        is None
    )


def test_the_first_vector_of_its_authors() -> None:
    """McGrew and Viega, The Galois/Counter Mode of Operation, appendix B, test cases 13 and 14."""
    sealed = bytes(12) + bytes.fromhex("530f8afbc74536b9a963b4f1c4cb738b")
    assert opened(bytes(32), sealed, b"") == b""
    more = "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    assert opened(bytes(32), bytes(12) + bytes.fromhex(more), b"") == bytes(16)


def test_blind_texts() -> None:
    assert (
        CIPHER.blind("a", "bo")
        == CIPHER.blind("a", "bo")
        == keyed(keyed(KEY, "jarvis/key/names"), "a", "bo").hex()
    )
    others = {CIPHER.blind("b", "bo"), CIPHER.blind("a", "b"), AesGcmCipher(bytes(32), 7).blind("a", "bo")}
    assert len(others - {CIPHER.blind("a", "bo")}) == 3


@pytest.mark.parametrize("table", sorted(SENSITIVE))
@given(draw=st.data())
def test_rows_come_back_and_show_nothing(table: str, draw: st.DataObject) -> None:
    row = draw.draw(ROWS[table])
    assert len(row) == len(columns(table)) - 1
    hidden = hide(table, row, CIPHER)
    assert tuple(reveal(table, hidden, CIPHER)) == row
    assert hide(table, row, PLAIN) == reveal(table, row, PLAIN) == row
    for name, before, after in zip(columns(table), row, hidden, strict=False):
        if name in SENSITIVE[table].encrypted:
            assert isinstance(after, bytes)
            assert len(after) >= len(before) + OVERHEAD
        elif name in SENSITIVE[table].blinded:
            assert after == blinded(table, name, before, CIPHER) != before
        else:
            assert after == before


@pytest.mark.parametrize("table", sorted(SENSITIVE))
@given(draw=st.data())
def test_no_column_fits_another_row(table: str, draw: st.DataObject) -> None:
    one, two = draw.draw(ROWS[table]), draw.draw(ROWS[table])
    bound = [n for n, name in enumerate(columns(table)[:-1]) if name not in SENSITIVE[table].encrypted]
    bound = [n for n in bound if columns(table)[n] not in SENSITIVE[table].unbound]
    place = draw.draw(st.sampled_from(bound))
    if one[place] == two[place]:
        return
    mixed: list[Any] = list(hide(table, one, CIPHER))
    mixed[place] = hide(table, two, CIPHER)[place]
    refused(table, mixed)


@pytest.mark.parametrize("table", sorted(SENSITIVE))
@given(draw=st.data())
def test_no_column_fits_another_place(table: str, draw: st.DataObject) -> None:
    row = draw.draw(ROWS[table])
    names = list(SENSITIVE[table].encrypted)
    whole = hide(table, row, CIPHER)
    for name in names:
        mixed = list(whole)
        for other in (row[0], PLAIN.encrypt(b"plain", b""), whole[columns(table).index(names[-1])]):
            if other != whole[columns(table).index(name)]:
                mixed[columns(table).index(name)] = other
                refused(table, mixed)


def refused(table: str, row: Sequence[Any]) -> None:
    with pytest.raises(CorruptRecordError, match=f"a row of {table} of "):
        reveal(table, row, CIPHER)


def test_without_a_key_nothing_is_read_or_written() -> None:
    with pytest.raises(CorruptRecordError, match="has no key"):
        ABSENT.encrypt(b"", b"")
    with pytest.raises(CorruptRecordError, match="is gone"):
        ABSENT.decrypt(b"", b"")
    assert ABSENT.blind("a", "bo") == ""


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(ExtraError, match=r"pip install .*\[secure\]"):
        AesGcmCipher(KEY, 1)

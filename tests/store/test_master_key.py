from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterator

import keyring
import pytest
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.compat import properties

from jarvis_memory.store import MasterKey
from jarvis_memory.store.keys import keyed
from jarvis_memory.store.master_key import Derivation
from jarvis_retrievers.errors import CorruptRecordError, ExtraError, LockedHomeError, SettingError


class InMemory(KeyringBackend):
    """A keyring that needs no desktop."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    @properties.classproperty
    def priority(self) -> float:
        return 1

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def ring() -> Iterator[InMemory]:
    before, made = keyring.get_keyring(), InMemory()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_a_passphrase_is_stretched_by_scrypt() -> None:
    key = MasterKey.from_passphrase("correct horse", cost=2**10)
    how = key.new_derivation()
    assert (len(how.salt), how.cost, how.block, how.lanes) == (16, 2**10, 8, 1)
    assert key.derive(how) == Scrypt(how.salt, 32, 2**10, 8, 1).derive(b"correct horse")
    assert key.new_derivation().salt != how.salt
    assert MasterKey.from_passphrase("x").cost == 2**17


def test_the_vector_of_rfc_7914() -> None:
    """Section 12, the second: scrypt("password", "NaCl", 1024, 8, 16, 64), of which 32 bytes are taken."""
    key = MasterKey.from_passphrase("password", cost=2**10)
    expected = hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16, dklen=64)
    assert expected.hex().startswith("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
    found = key.derive(Derivation(b"NaCl", 1024, 8, 16))
    assert found == expected[:32]


def test_composed_and_decomposed_letters_are_the_same() -> None:
    one, two = (MasterKey.from_passphrase(text, cost=2**10) for text in ("Zo\u00e9", "Zoe\u0301"))
    assert one == two
    assert "Zo" not in repr(one)


def test_what_cannot_be_a_key() -> None:
    for text in ("", "  "):
        with pytest.raises(SettingError, match="empty"):
            MasterKey.from_passphrase(text)
    for cost in (2**9, 2**21, 3000):
        with pytest.raises(SettingError, match="power of 2"):
            MasterKey.from_passphrase("x", cost=cost)
    with pytest.raises(SettingError, match="32 bytes, got 31"):
        MasterKey.from_bytes(bytes(31))
    for cost, block, lanes in ((3, 8, 1), (1, 8, 1), (2**30, 8, 1), (2**10, 8, 0), (2**10, 8, 99)):
        with pytest.raises(CorruptRecordError, match="stretched"):
            MasterKey.from_passphrase("x").derive(Derivation(b"salt", cost, block, lanes))


def test_a_key_of_the_environment() -> None:
    text = base64.b64encode(bytes(range(32))).decode()
    assert MasterKey.from_environment({}) is None
    assert MasterKey.from_environment({"JARVIS_MASTER_KEY": "", "JARVIS_PASSPHRASE": ""}) is None
    key = MasterKey.from_environment({"JARVIS_MASTER_KEY": f" {text}\n", "JARVIS_PASSPHRASE": "x"})
    assert key == MasterKey.from_bytes(bytes(range(32)))
    how = key.new_derivation()
    assert key.derive(how) == keyed(bytes(range(32)), "jarvis/key/master", how.salt)
    assert MasterKey.from_environment({"JARVIS_PASSPHRASE": "x"}) == MasterKey.from_passphrase("x")
    for wrong in ("short", text[:-4], text + "AAAA", "é" * 44):
        with pytest.raises(SettingError, match="JARVIS_MASTER_KEY must be the base64 of 32 bytes"):
            MasterKey.from_environment({"JARVIS_MASTER_KEY": wrong})


def test_a_key_of_the_keyring(ring: InMemory) -> None:
    made = MasterKey.from_keyring(make=True)
    assert len(made.secret) == 32
    assert MasterKey.from_keyring(made.name) == made
    assert MasterKey.from_keyring(make=True) != made
    with pytest.raises(LockedHomeError, match="has no key 'nobody'"):
        MasterKey.from_keyring("nobody")
    ring.kept["jarvis-plugins", made.name] = "rotten"
    with pytest.raises(SettingError, match="of the keyring must be the base64"):
        MasterKey.from_keyring(made.name)


def test_no_keyring(ring: InMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    with pytest.raises(LockedHomeError, match="no keyring of the system"):
        MasterKey.from_keyring("x")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ExtraError, match=r"\[secure\]"):
        MasterKey.from_keyring("x")

"""The page of the format, followed step by step with `cryptography` and nothing of this project."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from jarvis_memory.store import MasterKey, OwnerStore
from jarvis_memory.store.items import ItemDraft
from tests.store.crash import items
from tests.store.drafts import draft, matrix_of


def fields(*values: str | int | bytes) -> bytes:
    parts = []
    for value in values:
        kind = {str: b"s", int: b"i", bytes: b"b"}[type(value)]
        data = value if isinstance(value, bytes) else str(value).encode()
        parts.append(kind + struct.pack("<Q", len(data)) + data)
    return b"".join(parts)


def mac(key: bytes, *values: str | bytes) -> bytes:
    return hmac.new(key, fields(*values), hashlib.sha256).digest()


def opened(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], bound)


def test_an_encrypted_home_can_be_read_with_the_page_alone(tmp_path: Path) -> None:
    value = draft("Zoë", 3, photos=1)
    with OwnerStore.open(
        tmp_path, "ana", key=MasterKey.from_passphrase("correct horse", cost=2**10)
    ) as store:
        concept = store.add_concept(value)
        store.put_segment(concept.id, "f", b"rows")
        store.put_snapshot("index of e", b"lists")
        items(store).write([(("notes", "zoë"), "k", ItemDraft({"a": 1}))])
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as catalogue:
        ask = catalogue.execute
        (lock,) = ask("SELECT home, mode, source, name, salt, cost, block, lanes, proof FROM lock").fetchall()
        *said, proof = lock
        home, mode, source, name, salt, cost, block, lanes = said
        assert (mode, source, name, cost, block, lanes) == ("on", "passphrase", "", 1024, 8, 1)
        master = Scrypt(salt, 32, cost, block, lanes).derive(b"correct horse")
        assert opened(master, proof, fields("jarvis/lock", *said)) == b""

        ((key_id, wrapped),) = ask("SELECT key_id, wrapped FROM data_keys WHERE owner = 'ana'").fetchall()
        data = opened(master, wrapped, fields("jarvis/data-key", home, "ana", key_id))
        assert len(data) == 32
        cipher, names = mac(data, "jarvis/key/data"), mac(data, "jarvis/key/names")

        blind = mac(names, "jarvis/blind/concepts/name_key", "zoë").hex()
        row = ask(
            "SELECT owner, concept, name_key, created, updated, photos, patches, vectors, body FROM concepts"
        ).fetchone()
        assert row[:3] == ("ana", concept.id, blind)
        key, body = json.loads(opened(cipher, row[8], fields("jarvis/column/concepts/body", *row[:8])))
        assert (key, json.loads(body)["name"]) == ("zoë", "Zoë")

        row = ask("SELECT id, owner, concept, kind, data FROM vectors WHERE kind = 'patches'").fetchone()
        vectors = opened(cipher, row[4], fields("jarvis/column/vectors/data", *row[:4]))
        assert vectors == matrix_of(value)[:3].astype("<f2").tobytes()

        for table, kind, bound, payload in (
            ("photos", "photo", f"{concept.id}/{concept.photos[0].id}", value.checked_photos[0].data),
            ("segments", "segment", f"{concept.id}/f", b"rows"),
            ("snapshots", "index", "index of e", b"lists"),
        ):
            blob, length, digest = ask(f"SELECT blob, length, blob_digest FROM {table}").fetchone()
            file = (tmp_path / "blobs" / blob[:2] / blob[2:4] / blob).read_bytes()
            assert file[:16] == b"JRVSBLB2" + kind.encode().ljust(8, b"\0")
            assert file[16:32] == hashlib.sha256(fields("jarvis/blob/owner", "ana")).digest()[:16]
            assert int.from_bytes(file[32:36], "little") == key_id
            assert len(file) == 68 + 12 + length + 16
            stored = fields("jarvis/blob/encrypted", "ana", kind, blob, key_id, file[68:])
            assert file[36:68] == blake3(stored).digest() == bytes.fromhex(digest)
            assert (
                opened(cipher, file[68:], fields("jarvis/blob/encrypted", "ana", kind, blob, bound))
                == payload
            )

        said = list(
            ask(
                "SELECT owner, namespace, key, created, updated, encoder, kinds, value, fields FROM items"
            ).fetchone()
        )
        null = b"n" + bytes(8)
        bound_to = fields(*said[:5]) + null * 2 + fields(*said[5:7])
        found = opened(cipher, said[7], fields("jarvis/column/items/value") + bound_to)
        assert json.loads(found) == ['["notes","zo\\u00eb"]', '"k"', '{"a": 1}']
        assert opened(cipher, said[8], fields("jarvis/column/items/fields") + bound_to) == b"null"
        assert said[1] == mac(names, "jarvis/blind/items/namespace", '["notes","zo\\u00eb"]').hex()

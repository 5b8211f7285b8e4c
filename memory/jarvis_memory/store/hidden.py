"""Between a row as it is meant and as an encrypted home holds it: sensitive columns encrypted or blinded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from jarvis_retrievers.errors import CorruptRecordError

from .cipher import OwnerCipher
from .keys import frame
from .schema import SENSITIVE, columns

__all__ = ["blinded", "hide", "reveal"]

Row = Sequence[Any]


def hide(table: str, values: Row, cipher: OwnerCipher) -> Row:
    """A row of ``table`` without its digest, as it is stored.

    Each encrypted column is bound to table, column, and all columns that can be read: those of one row go
    together, and with no other. What is blinded is carried in the first encrypted column.
    """
    sensitive = SENSITIVE.get(table)
    if sensitive is None or not cipher.key_id:
        return values
    row = dict(zip(columns(table), values, strict=False))
    carried = [str(row[name]) for name in sensitive.blinded]
    for name in sensitive.blinded:
        row[name] = blinded(table, name, row[name], cipher)
    for name in sensitive.encrypted:
        data = json.dumps([*carried, row[name]]) if carried else row[name]
        carried = []
        plain = data if isinstance(data, bytes) else str(data).encode(errors="surrogateescape")
        row[name] = cipher.encrypt(plain, _bound(table, name, row))
    return tuple(row.values())


def reveal(table: str, values: Row, cipher: OwnerCipher) -> Row:
    """What `hide` was given.

    Raises:
        CorruptRecordError: a column that was changed, or is not this row's.
    """
    sensitive = SENSITIVE.get(table)
    if sensitive is None or not cipher.key_id:
        return values
    row = dict(zip(columns(table), values, strict=False))
    found: dict[str, Any] = {}
    try:
        for name, kind in sensitive.encrypted.items():
            if not isinstance(row[name], bytes):
                raise CorruptRecordError("it is not encrypted, and the home is")
            data = cipher.decrypt(row[name], _bound(table, name, row))
            found[name] = data if kind is bytes else data.decode(errors="surrogateescape")
        if sensitive.blinded:
            first = next(iter(sensitive.encrypted))
            *texts, found[first] = json.loads(found[first])
            found |= dict(zip(sensitive.blinded, texts, strict=True))
    except (CorruptRecordError, ValueError) as error:
        raise CorruptRecordError(
            f"a row of {table} of {row['owner']!r}{_whose(row)} cannot be read: {error}; restore "
            "catalogue.sqlite from a backup"
        ) from error
    return tuple((row | found).values())


def blinded(table: str, column: str, text: str, cipher: OwnerCipher) -> str:
    """What stands for ``text`` in a column that is looked up."""
    return cipher.blind(f"jarvis/blind/{table}/{column}", text)


def _bound(table: str, column: str, row: dict[str, Any]) -> bytes:
    sensitive = SENSITIVE[table]
    open_ones = [v for n, v in row.items() if n not in sensitive.encrypted and n not in sensitive.unbound]
    return frame(f"jarvis/column/{table}/{column}", open_ones)


def _whose(row: dict[str, Any]) -> str:
    return f", of the concept with id {row['concept']!r}," if "concept" in row else ""

"""How much of a home an owner may take."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from jarvis_retrievers.errors import CorruptRecordError, QuotaError, SettingError
from jarvis_retrievers.log import log

from .contracts import Catalogue
from .holdings import Holdings
from .queries import has_table
from .rows import select
from .sqlite_holdings import holdings_of

__all__ = ["HOME_QUOTA", "Quota", "limited", "quota_key", "quota_of", "within_quota"]

HOME_QUOTA = "quota"
"""The setting of a home for owners who have none of their own."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The most that an owner may have of each; None for as much as there is room.

    What counts is the record: notes, photos, patches, vectors and items. Caches (segments, vectors of texts,
    snapshots of indexes) can be made again, and do not count.

    Attributes:
        nbytes: of the record, as `Holdings.record` counts it.
        concepts: how many.

    Raises:
        SettingError: a number is negative, or none.
    """

    nbytes: int | None = None
    concepts: int | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
                raise SettingError(
                    f"a quota's {name} must be a number of 0 or more, got {value!r}; leave it out for none"
                )

    @property
    def limits(self) -> bool:
        """Whether it limits anything."""
        return self.nbytes is not None or self.concepts is not None

    def over(self, other: Quota) -> Quota:
        """This quota, with the other's numbers where it has none."""
        return Quota(
            other.nbytes if self.nbytes is None else self.nbytes,
            other.concepts if self.concepts is None else self.concepts,
        )

    def least(self, other: Quota) -> Quota:
        """The smaller of each number."""
        pairs = ((self.nbytes, other.nbytes), (self.concepts, other.concepts))
        both = [min((n for n in pair if n is not None), default=None) for pair in pairs]
        return Quota(*both)

    def check(self, before: Holdings, after: Holdings) -> None:
        """Refuse a write that leaves more than is allowed; one that leaves no more than was there may pass.

        Raises:
            QuotaError: it is too much.
        """
        bytes_of, count_of = (before.record, after.record), (before.concepts.count, after.concepts.count)
        for (was, now), most, what in (
            (bytes_of, self.nbytes, "bytes"),
            (count_of, self.concepts, "concepts"),
        ):
            if most is not None and now > max(most, was):
                log("quota.refused", what=what)
                raise QuotaError(
                    f"the quota of this owner is {most} {what}, there are {was}, and it would be {now}; "
                    "forget something, or raise it with `jarvis quota`"
                )

    def to_json(self) -> str:
        """For a setting."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | None) -> Quota:
        """From a setting, none of which is no limit.

        Raises:
            CorruptRecordError: it is no quota.
        """
        try:
            return cls(**json.loads(text)) if text is not None else cls()
        except (ValueError, TypeError, SettingError) as error:
            what = f"a quota cannot be read ({error}); set it anew with `jarvis quota`"
            raise CorruptRecordError(what) from error


def quota_key(owner: str) -> str:
    """The setting of an owner's own quota."""
    return f"{HOME_QUOTA}/{owner}"


def quota_of(catalogue: Catalogue, owner: str) -> Quota:
    """What is stored for an owner, with the numbers of the home where there are none."""
    own, general = (Quota.from_json(catalogue.setting(key)) for key in (quota_key(owner), HOME_QUOTA))
    return own.over(general)


@contextmanager
def limited(catalogue: Catalogue, owner: str, also: Quota | None = None) -> Iterator[None]:
    """Writes that are one transaction, which the stored quota, or another one, may refuse.

    Raises:
        QuotaError: it is too much; nothing is written.
    """
    with catalogue.writing():
        quota = quota_of(catalogue, owner).least(also or Quota())
        if not quota.limits:
            yield
            return
        before = catalogue.holdings(owner)
        yield
        quota.check(before, catalogue.holdings(owner))


@contextmanager
def within_quota(connection: sqlite3.Connection, owner: str, also: Quota) -> Iterator[None]:
    """A part of a transaction that an owner's stored quota may refuse, or another one.

    Raises:
        QuotaError: it is too much; the transaction has to be undone.
    """
    quota = Quota()
    if has_table(connection, "settings"):
        for key in (quota_key(owner), HOME_QUOTA):
            rows = select(connection, "settings", "key = ?", (key,))
            quota = quota.over(Quota.from_json(str(rows[0][1]) if rows else None))
    quota = quota.least(also)
    if not quota.limits:
        yield
        return
    before = holdings_of(connection, owner)
    yield
    quota.check(before, holdings_of(connection, owner))

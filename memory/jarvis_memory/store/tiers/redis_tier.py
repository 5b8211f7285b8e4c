"""Small segments in Redis or Valkey, which several processes and machines share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from jarvis_retrievers.errors import SettingError
from jarvis_retrievers.log import log

from .breaker import Breaker
from .redis_address import client_of, driver, shown, untrusted
from .tally import TierTally
from .tier import Label, TierReport

__all__ = ["RedisTier"]

_OWED = 10_000
T = TypeVar("T")


class RedisTier:
    """`SegmentTier` on a server: one hash for each concept, and for each owner the set of its hashes.

    Names are HMACs and values are encrypted, so that the server's memory, its dumps and its replicas tell
    nothing but sizes and times. A server that does not answer within the timeout is left alone for a while
    that doubles up to a minute. What was to be deleted meanwhile is deleted before anything else when it
    answers again; should this process end before, or owe 10,000 names already, it goes with its time to live.

    Args:
        url: ``rediss://user:password@host:port/0``, or ``redis://`` without TLS.
        largest: bytes of the largest value that is sent; tens of megabytes take longer here than from a disk.
        ttl: seconds after which all values of a concept go, used or not, if none of them was written since.
        timeout: seconds to wait for an answer.
        prefix: of all names, for those who share the server with others.
        breaker: when to try again.

    Raises:
        SettingError: a URL, user or password that the server does not take, or a number that is not above 0.
        ExtraError: the extra ``scale`` is missing.
    """

    name, outside = "redis", True

    def __init__(
        self,
        url: str,
        *,
        largest: int = 2**20,
        ttl: float = 86_400.0,
        timeout: float = 0.25,
        prefix: str = "jarvis",
        breaker: Breaker | None = None,
    ) -> None:
        if largest < 1 or ttl < 1 or not timeout > 0:
            raise SettingError(
                "a tier in Redis has at least 1 byte and 1 second, and a timeout above 0, got "
                f"{largest}, {ttl} and {timeout}"
            )
        self._client, self._where = client_of(url, timeout), shown(url)
        self._largest, self._ttl, self._prefix = largest, int(ttl), prefix
        self._breaker, self._tally = breaker or Breaker(), TierTally()
        self._lock, self._owed = threading.Lock(), dict[str, None]()
        # Of owners whose hashes the server could not name: which concepts stay.
        self._owners = dict[str, frozenset[str]]()
        self._greet()

    def get(self, label: Label, uses: float) -> bytes | None:
        """See `SegmentTier.get`."""
        found = self._asked(lambda: self._client.hget(self._hash(label.owner, label.concept), label.name))
        if found is not None and not isinstance(found, bytes):
            found = None
        self._tally.count("miss" if found is None else "hit")
        return found

    def put(self, label: Label, data: bytes, cost: float, uses: float) -> bool:
        """See `SegmentTier.put`; what it is worth the server finds out (``maxmemory-policy``)."""
        place, of_owner = self._hash(label.owner, label.concept), self._set(label.owner)

        def send() -> bool:
            with self._client.pipeline(transaction=True) as pipe:
                pipe.hset(place, label.name, data)
                pipe.expire(place, self._ttl)
                pipe.sadd(of_owner, label.concept)
                # Not before the last of its hashes.
                pipe.expire(of_owner, self._ttl + 60)
                pipe.execute()
            return True

        kept = len(data) <= self._largest and self._asked(send) is True
        self._tally.count("kept" if kept else "refused")
        return kept

    def delete(self, owner: str, concept: str | None = None, name: str | None = None) -> int:
        """See `SegmentTier.delete`."""
        if concept is not None and name is not None:
            return self._gone(lambda: self._client.hdel(self._hash(owner, concept), name), owner, {concept})
        return self._remove_all_but(owner, frozenset()) if concept is None else self._remove(owner, {concept})

    def keep_only(self, owner: str, concepts: Collection[str]) -> int:
        """See `SegmentTier.keep_only`."""
        return self._remove_all_but(owner, frozenset(concepts))

    def report(self) -> TierReport:
        """See `SegmentTier.report`; how much is there the server knows."""
        return self._tally.report(self.name, None)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _greet(self) -> None:
        """Ask once: a server that is away may come back, but a wrong password stays wrong."""
        redis = driver()
        refused = (redis.AuthenticationError, redis.exceptions.AuthorizationError)
        try:
            # What it will need: a role that may not do it is told now, and not with every question.
            with self._client.pipeline(transaction=True) as pipe:
                probe = f"{self._prefix}:probe"
                pipe.hset(probe, "x", b"x")
                pipe.expire(probe, 1)
                pipe.execute()
        except (*refused, redis.exceptions.NoPermissionError) as error:
            raise SettingError(
                f"{self._where} refuses this user or password ({_line(error)}); check the URL, and the ACL "
                "of the user: +@hash +@set +@connection +multi +exec +expire +unlink on the keys "
                f"{self._prefix}:*"
            ) from error
        except redis.ResponseError as error:
            if str(error).startswith(("NOAUTH", "WRONGPASS", "NOPERM", "DB index", "invalid DB")):
                raise SettingError(
                    f"{self._where} cannot be used ({_line(error)}); check user, password and database of "
                    "the URL"
                ) from error
            self._failed(error)
        except (redis.RedisError, OSError) as error:
            if untrusted(error):
                raise SettingError(
                    f"the certificate of {self._where} is not trusted ({_line(error)}); put "
                    "?ssl_ca_certs=FILE behind the URL, with the certificate of who vouches for it"
                ) from error
            self._failed(error)

    def _remove_all_but(self, owner: str, kept: frozenset[str]) -> int:
        found = self._asked(lambda: self._client.smembers(self._set(owner)))
        if found is not None:
            return self._remove(owner, _names(found) - kept)
        with self._lock:
            both = self._owners.get(owner, kept) & kept
            if owner in self._owners or len(both) < self._room():
                self._owners[owner] = both
        return 0

    def _remove(self, owner: str, concepts: Collection[str]) -> int:
        if not concepts:
            return 0
        places = [self._hash(owner, concept) for concept in concepts]

        def send() -> int:
            with self._client.pipeline(transaction=True) as pipe:
                for place in places:
                    pipe.hlen(place)
                pipe.unlink(*places)
                pipe.srem(self._set(owner), *concepts)
                answers = pipe.execute()
            return sum(int(one) for one in answers[: len(places)])

        return self._gone(send, owner, concepts)

    def _gone(self, send: Callable[[], Any], owner: str, concepts: Collection[str]) -> int:
        count = self._asked(send)
        if count is None:
            with self._lock:
                # Names of many thousand concepts: what does not fit here goes with its time to live.
                places = [self._hash(owner, one) for one in concepts]
                self._owed |= dict.fromkeys(places[: self._room()])
            return 0
        return int(count)

    def _asked(self, ask: Callable[[], T]) -> T | None:
        """What the server answers; None if it cannot be asked."""
        if not self._breaker.ready():
            return None
        redis = driver()
        try:
            self._pay()
            answer = ask()
        except redis.exceptions.OutOfMemoryError as error:
            # It works, and is full.
            log("cache.unkept", what="segment", tier=self.name, error=error)
            return None
        except (redis.RedisError, OSError) as error:
            self._failed(error)
            return None
        self._breaker.worked()
        return answer

    def _pay(self) -> None:
        with self._lock:
            owed, owners = list(self._owed), dict(self._owners)
        if owners:
            self._pay_owners(owners)
        if owed:
            self._client.unlink(*owed)
            with self._lock:
                for one in owed:
                    self._owed.pop(one, None)

    def _pay_owners(self, owners: Mapping[str, frozenset[str]]) -> None:
        with self._client.pipeline(transaction=False) as pipe:
            for owner in owners:
                pipe.smembers(self._set(owner))
            found = pipe.execute()
        with self._client.pipeline(transaction=True) as pipe:
            for (owner, kept), members in zip(owners.items(), found, strict=True):
                gone = _names(members) - kept
                if gone:
                    pipe.unlink(*(self._hash(owner, one) for one in gone))
                    pipe.srem(self._set(owner), *gone)
            pipe.execute()
        with self._lock:
            for owner, kept in owners.items():
                if self._owners.get(owner) == kept:
                    del self._owners[owner]

    def _room(self) -> int:
        owners = sum(1 + len(kept) for kept in self._owners.values())
        return max(0, _OWED - len(self._owed) - owners)

    def _failed(self, error: BaseException) -> None:
        self._tally.count("failed")
        if self._breaker.failed():
            log("tier.lost", tier=self.name, error=error)

    def _hash(self, owner: str, concept: str) -> str:
        return f"{self._prefix}:{owner}:{concept}"

    def _set(self, owner: str) -> str:
        return f"{self._prefix}:{owner}"


def _names(members: Collection[bytes]) -> set[str]:
    return {one.decode("ascii", "replace") for one in members}


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]

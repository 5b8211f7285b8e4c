"""What errors of object storage mean: whether to try again, and what to tell whoever called."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from jarvis_retrievers.errors import HomeReadOnlyError, JarvisError, NoRoomError, SettingError, StoreError

__all__ = ["Signs", "apart", "meant", "signs_of"]

_Result = TypeVar("_Result")

_PASSING = {
    *(
        "SlowDown",
        "InternalError",
        "ServiceUnavailable",
        "RequestTimeout",
        "Throttling",
        "ThrottlingException",
    ),
    *("ServerBusy", "OperationTimedOut", "OperationAborted", "ConditionalRequestConflict", "BadDigest"),
    *("IncompleteBody", "XAmzContentSHA256Mismatch", "RequestLimitExceeded", "BandwidthLimitExceeded"),
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired", "InvalidToken"}
_WRONG = {
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed", "InvalidSecurity"),
    *("AuthenticationFailed", "NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"),
    *("CredentialRetrievalError", "RefreshError", "DefaultCredentialsError", "ClientAuthenticationError"),
}
_NO_BUCKET = {"NoSuchBucket", "ContainerNotFound", "InvalidBucketName"}
_FULL = {"QuotaExceeded", "XMinioStorageFull", "EntityTooLarge", "InsufficientStorage"}
# Classes of connections that broke, by name: their packages need not be installed.
_BROKEN = {
    *("HTTPClientError", "ClientConnectionError", "ClientPayloadError", "ServiceRequestError"),
    *("ServiceResponseError", "EndpointConnectionError", "ConnectionClosedError", "ConnectTimeoutError"),
    *("IncompleteReadError", "IncompleteRead", "ResponseParserError", "ServerDisconnectedError"),
    "HttpProcessingError",
}
_BUSY = {errno.EBUSY, errno.EIO, errno.ECONNRESET, errno.ECONNREFUSED, errno.EPIPE, errno.ETIMEDOUT}
_BUSY.add(getattr(errno, "EREMOTEIO", errno.EIO))


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of an error.

    Attributes:
        codes: what the service says, and names of classes, from the outermost error in.
        status: of HTTP, 0 if there is none.
        text: one line.
        passing: it may work in a moment.
    """

    codes: frozenset[str]
    status: int
    text: str
    passing: bool

    @property
    def expired(self) -> bool:
        """Credentials that were good once: newer ones may be there to be read."""
        return bool(self.codes & _EXPIRED)

    @property
    def no_bucket(self) -> bool:
        """The bucket itself is not there."""
        return bool(self.codes & _NO_BUCKET) or "bucket does not exist" in self.text

    @property
    def taken(self) -> bool:
        """There is an object of this name already."""
        return bool(self.codes & {"PreconditionFailed", "BlobAlreadyExists", "FileExistsError"}) or (
            self.status == 412
        )

    @property
    def missing(self) -> bool:
        """There is no object of this name."""
        return "FileNotFoundError" in self.codes and not self.no_bucket

    @property
    def outside(self) -> bool:
        """It asked for bytes behind an object's end."""
        return self.status == 416 or "InvalidRange" in self.codes


def signs_of(error: BaseException) -> Signs:
    """Look at an error, and at what caused it."""
    codes, status, numbers = set[str](), 0, set[int]()
    for each in _chain(error):
        codes |= _kinds(each)
        if "HttpProcessingError" in _kinds(each) | _kinds(each.__cause__):
            # What aiohttp cannot parse, such as half an answer: its "code" is none of the service's.
            continue
        response = getattr(each, "response", None)
        if isinstance(response, dict):
            codes.add(str(response.get("Error", {}).get("Code", "")))
            status = status or int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)
        codes.add(str(getattr(each, "error_code", "") or ""))
        for name in ("status_code", "status", "code"):
            value = getattr(each, name, None)
            if isinstance(value, int) and 100 <= value < 600:
                status = status or value
        if isinstance(each, OSError) and each.errno is not None:
            numbers.add(each.errno)
    said = bool(codes & (_EXPIRED | _WRONG | _NO_BUCKET | _FULL)) or 400 <= status < 500
    passing = bool(codes & _PASSING) or status == 429 or status >= 500
    if not said and not passing:
        broken = codes & (_BROKEN | {"TimeoutError", "ConnectionError"})
        final = codes & {"FileNotFoundError", "FileExistsError", "PermissionError", "ValueError"}
        passing = bool(broken or numbers & _BUSY) and not final
    text = " ".join(str(error).split())[:240] or type(error).__name__
    return Signs(frozenset(codes), status, text, passing)


def _kinds(error: BaseException | None) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def apart(action: Callable[[], _Result]) -> _Result:
    """What ``action`` gives; its errors do not carry what is being handled here, and so not its signs."""
    handled = sys.exception()
    try:
        return action()
    except Exception as error:
        for each in _chain(error):
            if each.__context__ is handled:
                each.__context__ = None
        raise


def meant(error: BaseException, what: str, shown: str) -> JarvisError:
    """The error to raise in place of one of fsspec's; ``what`` is a verb, ``shown`` the bucket."""
    signs = signs_of(error)
    said = f"{shown}: cannot {what} ({signs.text})"
    if signs.no_bucket:
        return SettingError(f"{said}; there is no such bucket, make it or name another")
    if signs.expired:
        return StoreError(f"{said}; the credentials have expired, renew them and try again")
    if signs.codes & _WRONG or "account_name" in signs.text:
        return SettingError(
            f"{said}; the credentials are missing or wrong, set them as the service's own tools read them "
            "(S3: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile)"
        )
    if signs.codes & _FULL:
        return NoRoomError(f"{said}; there is no room left, free some and try again")
    if signs.status in (401, 403) or "PermissionError" in signs.codes:
        return HomeReadOnlyError(
            f"{said}; these credentials may not, let them read, write, delete and list this prefix"
        )
    if signs.status in (429, 503) or signs.codes & {"SlowDown", "Throttling", "ServerBusy"}:
        return StoreError(f"{said}; the service is throttling or down, try again later")
    if signs.passing and not signs.status:
        return StoreError(f"{said}; it cannot be reached, check the network and the endpoint")
    if signs.passing:
        return StoreError(f"{said}; the service fails (HTTP {signs.status}), try again later")
    if "ValueError" in signs.codes or "ParamValidationError" in signs.codes:
        return SettingError(f"{said}; check the URL and the settings of the service")
    return StoreError(said)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)

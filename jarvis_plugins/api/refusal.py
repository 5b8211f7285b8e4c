"""Why a request is not answered, as OpenAI's clients read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from jarvis_retrievers.errors import (
    DeadlineError,
    ExtraError,
    InputError,
    JarvisError,
    NoRoomError,
    StoreError,
    UnknownConceptError,
    UnsupportedModelError,
    WindowError,
)
from jarvis_retrievers.log import log

__all__ = ["Refusal"]

_INVALID: Final = "invalid_request_error"
# The most particular first.
_KINDS: Final[tuple[tuple[type[JarvisError], int, str, str | None], ...]] = (
    (WindowError, 400, _INVALID, "context_length_exceeded"),
    (UnknownConceptError, 400, _INVALID, "unknown_concept"),
    (InputError, 400, _INVALID, None),
    (UnsupportedModelError, 400, _INVALID, "unsupported"),
    (ExtraError, 400, _INVALID, "unsupported"),
    (DeadlineError, 504, "server_error", "timeout"),
    (NoRoomError, 507, "server_error", "no_room"),
    (StoreError, 503, "server_error", "store_unavailable"),
)


class Refusal(Exception):  # noqa: N818 - it becomes an answer, and is no fault of this side
    """A request that is not answered.

    Args:
        status: of HTTP.
        message: what is wrong, and what to do.
        kind: as OpenAI's ``type``.
        param: which part of the request.
        code: for programs.
        retry_after: seconds until it may be tried again.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = _INVALID,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.kind = status, message, kind
        self.param, self.code, self.retry_after = param, code, retry_after

    @classmethod
    def of(cls, error: BaseException, retry_after: int) -> Self:
        """Of an error; what a client did not cause is told without its text, which may name files."""
        for kind, status, word, code in _KINDS:
            if isinstance(error, kind):
                if status < 500 or isinstance(error, DeadlineError):
                    return cls(status, str(error), kind=word, code=code)
                said = "the memory cannot be read now; try again later"
                return cls(status, said, kind=word, code=code, retry_after=retry_after)
        return cls(500, "an answer could not be given; the log says why", kind="server_error")

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """What `told` has written."""
        error = told["error"]
        return cls(
            int(told["status"]),
            str(error["message"]),
            kind=str(error["type"]),
            param=error["param"],
            code=error["code"],
            retry_after=told["retry_after"],
        )

    def log_cause(self) -> None:
        """Tell the log what a client is not told: the error behind a number of 500 or more."""
        if self.status >= 500 and self.__cause__ is not None:
            log("server.failed", error=self.__cause__)

    @property
    def body(self) -> dict[str, Any]:
        """As OpenAI writes errors."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": error}

    @property
    def told(self) -> dict[str, Any]:
        """Everything, in plain values, for another process."""
        return {"status": self.status, "retry_after": self.retry_after, **self.body}

    @property
    def headers(self) -> dict[str, str]:
        """Of the response."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return headers

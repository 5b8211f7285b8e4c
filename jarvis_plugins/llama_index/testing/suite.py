"""What every suite has: flags that let tests be skipped, known failures, and eyes on LlamaIndex."""

from __future__ import annotations

import asyncio
import inspect
import io
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, ClassVar, TypeVar

import pytest
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index_instrumentation import get_dispatcher
from PIL import Image
from pydantic import Field

__all__ = ["Suite", "events", "hands_over", "needs", "on_the_loop", "png", "run"]

T = TypeVar("T")
Test = TypeVar("Test", bound=Callable[..., object])


def needs(*flags: str) -> Callable[[Test], Test]:
    """Marks a test as optional: it is skipped unless the suite has all these flags set."""

    def marked(test: Test) -> Test:
        vars(test)["needs"] = flags
        return test

    return marked


class Suite:
    """Base of the suites. A test without `needs` is required.

    Attributes:
        expected_failures: tests that are known to fail, by name (of a test with parameters also
            ``name[parameter]``), with the reason. One that passes all the same is an error, so that the list
            stays true.
    """

    expected_failures: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _as_claimed(self, request: pytest.FixtureRequest) -> None:
        for flag in getattr(request.function, "needs", ()):
            if not getattr(self, flag):
                pytest.skip(f"{type(self).__name__} has not set {flag}")
        name = request.node.name
        reason = self.expected_failures.get(name, self.expected_failures.get(name.partition("[")[0]))
        if reason is not None:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    def test_expected_failures_are_tests(self) -> None:
        """Required: every known failure names a test."""
        for name in self.expected_failures:
            assert callable(getattr(self, name.partition("[")[0], None)), f"there is no test {name}"


class _Kept(BaseEventHandler):
    kept: list[Any] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "Kept"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.kept.append(event)


@contextmanager
def events() -> Iterator[list[Any]]:
    """The events that the instrumentation of LlamaIndex sends meanwhile."""
    handler, root = _Kept(), get_dispatcher()
    root.add_event_handler(handler)
    try:
        yield handler.kept
    finally:
        root.event_handlers.remove(handler)


def png(colour: str = "red") -> bytes:
    """A picture of one colour, as the bytes of a PNG file."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(buffer, format="PNG")
    return buffer.getvalue()


def run(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives, in an event loop of its own."""
    return asyncio.run(work)


def on_the_loop(method: Callable[..., Any], work: Coroutine[Any, Any, object]) -> bool:
    """Whether a method was called in the thread of the event loop while a coroutine ran there.

    That is what an async method does that only calls its blocking twin; no clock is needed to see it.
    """
    code: CodeType = inspect.unwrap(getattr(method, "__func__", method)).__code__
    seen: list[bool] = []

    def look(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code is code:
            seen.append(True)

    async def watched() -> None:
        before = sys.getprofile()
        sys.setprofile(look)
        try:
            await work
        finally:
            sys.setprofile(before)

    asyncio.run(watched())
    return bool(seen)


def hands_over(make: Callable[[], Coroutine[Any, Any, object]]) -> bool:
    """Whether a coroutine gives the event loop back at least once before it is done."""

    async def watched() -> bool:
        task = asyncio.ensure_future(make())
        await asyncio.sleep(0)
        over = not task.done()
        await task
        return over

    return asyncio.run(watched())

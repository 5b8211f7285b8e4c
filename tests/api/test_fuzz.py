"""Whatever is asked, it is answered or refused; nothing is an error of the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import PATH, Place, bearer

PNG = "data:image/png;base64,"

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_PART = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "image_url", "refusal", "file"]) | _JSON},
    optional={
        "text": st.text(max_size=9) | _JSON,
        "image_url": st.fixed_dictionaries({"url": st.just(PNG) | _JSON}),
    },
)
_MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool", "developer"]) | _JSON},
    optional={
        "content": st.text(max_size=9) | st.lists(_PART, max_size=3) | _JSON,
        "tool_calls": st.lists(
            st.fixed_dictionaries(
                {"id": st.text(max_size=3) | _JSON},
                optional={
                    "function": st.fixed_dictionaries(
                        {"name": _JSON, "arguments": st.text(max_size=5) | _JSON}
                    )
                },
            ),
            max_size=2,
        )
        | _JSON,
        "tool_call_id": st.text(max_size=3) | _JSON,
        "name": _JSON,
    },
)
_NAMES = (
    "temperature",
    "top_p",
    "seed",
    "stop",
    "tools",
    "tool_choice",
    "response_format",
    "concepts",
    "n",
    "stream",
)
_BODY = st.fixed_dictionaries(
    {
        "model": st.just("pocket") | _JSON,
        "messages": st.lists(_MESSAGE, max_size=3) | _JSON,
        "max_tokens": st.just(1) | _JSON,
    },
    optional=dict.fromkeys(_NAMES, _JSON),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=_BODY)
def test_whatever_is_asked_it_is_answered_or_refused(
    body: dict[str, Any], place: Place, client: httpx.Client
) -> None:
    response = client.post(PATH, json=body, headers=bearer(place, "ana"))
    assert response.status_code in (200, 400, 404), response.text
    if response.status_code != 200:
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}


@pytest.fixture
def client(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, timeout=60) as client:
        yield client

"""A replica of a fleet, without Ray: plain values come and go, and what a fleet is can be said in texts."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from types import ModuleType
from typing import Any

import pytest

from jarvis_plugins.api import Bounds, Refusal
from jarvis_plugins.api.service import ApiService
from jarvis_plugins.common.ray_token import require_token
from jarvis_plugins.fleet import FleetConfig, app, build_app, serve_fleet
from jarvis_plugins.fleet.replica import Replica
from jarvis_retrievers.errors import ExtraError, SettingError
from tests.api.conftest import Place


def body_of(place: Place, **more: Any) -> bytes:
    said = {"role": "user", "content": f"What does {place.name} like?"}
    return json.dumps({"model": "pocket", "messages": [said], **more}).encode()


async def test_a_replica_answers_in_plain_values(place: Place) -> None:
    home = str(place.file.parent / "home")
    replica = Replica(FleetConfig(ApiService(str(place.file), home=home, owners=1)))
    replica.check_health()
    whole = await replica.answer("ana", body_of(place))
    assert "cheese" in whole["choices"][0]["message"]["content"]
    chunks = [chunk async for chunk in replica.stream("ben", body_of(place, stream=True))]
    said = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert "carrots" in said
    assert json.loads(json.dumps([whole, chunks])) == [whole, chunks]
    facts = await replica.facts()
    assert whole["jarvis"]["replica"] == chunks[-1]["jarvis"]["replica"] == facts["replica"]
    # Room for one: ana's memory was closed, and what she needed is counted all the same.
    assert (facts["open"], facts["loads"]["store"]) == (1, 2)
    refused = await replica.answer("ana", body_of(place, n=2))
    assert (Refusal.read(refused).status, Refusal.read(refused).param) == (400, "n")
    (only,) = [
        chunk async for chunk in replica.stream("ana", body_of(place, concepts=["0" * 32], stream=True))
    ]
    assert Refusal.read(only).code == "unknown_concept"
    replica.close()
    assert (await replica.facts())["open"] == 0


def test_settings_as_a_shell_and_yaml_have_them() -> None:
    given = {
        "tokens": "t",
        "home": "h",
        "replicas": "3",
        "gpus": 1,
        "waiting": "9",
        "fetch": "true",
        "owners": 5,
    }
    assert FleetConfig.read(given) == FleetConfig(
        ApiService("t", home="h", fetch=True, owners=5, bounds=Bounds(waiting=9)), replicas=3, gpus=1.0
    )
    for wrong, said in (
        ({"home": "h"}, "needs a file of tokens"),
        ({"tokens": "t", "made_up": 1}, "no setting 'made_up'"),
        ({"tokens": "t", "replicas": "many"}, "replicas is a number"),
        ({"tokens": "t", "fetch": 1}, "fetch is true or false"),
        ({"tokens": "t", "home": 5}, "home is a text"),
        ({"tokens": "t", "replicas": 0}, "replicas must be more than 0"),
        ({"tokens": "t", "spill": -1}, "spill must be 0 or more"),
        ({"tokens": "t", "routing": "best"}, "routing is one of owner, random"),
    ):
        with pytest.raises(SettingError, match=said):
            FleetConfig.read(wrong)


def test_a_fleet_is_refused_where_it_would_be_open_or_cannot_be(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = FleetConfig(ApiService(str(place.file)))
    if importlib.util.find_spec("ray") is None:
        with pytest.raises(ExtraError, match="needs ray"):
            build_app(config)
        with pytest.raises(ExtraError, match="needs ray"):
            app({"tokens": str(place.file)})
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(SettingError, match="could run code"), serve_fleet(config):
        pass
    # Also where `serve run` builds it. Ray itself is not needed for that, and not imported.
    monkeypatch.setattr("jarvis_plugins.fleet.application.check_extra", lambda: None)
    with pytest.raises(SettingError, match="could run code"):
        build_app(config)


def test_ray_that_was_imported_without_a_token_lets_everybody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    with pytest.raises(SettingError, match="before Ray is imported"):
        require_token()
    with (
        pytest.raises(SettingError, match="before Ray is imported"),
        serve_fleet(FleetConfig(ApiService("t"))),
    ):
        pass
    assert "RAY_AUTH_MODE" not in os.environ
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    require_token()

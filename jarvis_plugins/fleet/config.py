"""What a fleet is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from jarvis_plugins.api.bounds import Bounds
from jarvis_plugins.api.service import ApiService
from jarvis_retrievers.errors import SettingError

__all__ = ["FleetConfig"]

_ROUTINGS = ("owner", "random")


@dataclass(frozen=True, slots=True)
class FleetConfig:
    """What a fleet is: where the memories are, the model of each replica, and how much each may have to do.

    Attributes:
        service: home, models, tokens and bounds. Each machine has to reach its home, and its tokens under the
            same path. Host and port are those of Serve's proxies.
        replicas: how many models; each is loaded by a process of its own.
        doors: how many processes check tokens and pass requests on.
        ongoing: how many requests a replica has at most, under way or next; more go to another replica.
        queued: how many wait in each door for a replica; more are sent away.
        spill: to how many other replicas an owner's request may go while the own one has too much to do.
        drain_seconds: how long a replica that stops may take to finish what it has.
        health_seconds: how often a replica is asked whether it is well.
        cpus, gpus: what a replica takes of a machine, as Ray counts; a door takes ``door_cpus``.
        routing: ``owner``, or ``random`` to compare with it: any replica that has the less to do.

    Raises:
        SettingError: a number out of its range, or no such routing.
    """

    service: ApiService
    replicas: int = 2
    doors: int = 1
    ongoing: int = 8
    queued: int = 64
    spill: int = 1
    drain_seconds: float = 60.0
    health_seconds: float = 2.0
    cpus: float = 1.0
    gpus: float = 0.0
    door_cpus: float = 0.1
    routing: str = "owner"

    def __post_init__(self) -> None:
        for name in ("replicas", "doors", "ongoing", "queued", "drain_seconds", "health_seconds"):
            value = getattr(self, name)
            if value <= 0:
                raise SettingError(f"{name} must be more than 0, got {value}")
        for name in ("spill", "cpus", "gpus", "door_cpus"):
            value = getattr(self, name)
            if value < 0:
                raise SettingError(f"{name} must be 0 or more, got {value}")
        if self.routing not in _ROUTINGS:
            raise SettingError(f"routing is one of {', '.join(_ROUTINGS)}, got {self.routing!r}")

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """A fleet from names and values, as ``serve run`` and Serve's YAML have them; texts may be numbers.

        Names are those of this class, of `ApiService` and of `Bounds`.

        Raises:
            SettingError: a name that is none of these, no ``tokens``, or a value of another kind.
        """
        kinds: tuple[type, ...] = (Bounds, ApiService, cls)
        nested = {"bounds", "service"}
        known = {one.name: one for kind in kinds for one in fields(kind) if one.name not in nested}
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise SettingError(f"there is no setting {unknown[0]!r}; there are {', '.join(sorted(known))}")
        if "tokens" not in given:
            raise SettingError("a fleet needs a file of tokens; write tokens=FILE")
        values = {name: _value(name, value, str(known[name].type)) for name, value in given.items()}
        own = [{n: values[n] for n in values if n in {one.name for one in fields(kind)}} for kind in kinds]
        return cls(ApiService(**own[1], bounds=Bounds(**own[0])), **own[2])


def _value(name: str, value: Any, kind: str) -> Any:
    """A value of a field's type; a shell and YAML may have it as a text."""
    try:
        if kind == "int":
            return int(value)
        if kind == "float":
            return float(value)
    except (TypeError, ValueError) as error:
        raise SettingError(f"{name} is a number, got {value!r:.40}") from error
    if kind == "bool":
        if str(value).lower() not in ("true", "false"):
            raise SettingError(f"{name} is true or false, got {value!r:.40}")
        return str(value).lower() == "true"
    if not isinstance(value, str):
        raise SettingError(f"{name} is a text, got {value!r:.40}")
    return value

"""A fleet as an application of Ray Serve."""

from __future__ import annotations

import secrets
from typing import Any, Final

from ray import serve
from ray.serve import Application
from ray.serve.config import RequestRouterConfig

from jarvis_plugins.api.tokens import Tokens

from .config import FleetConfig
from .door import Door
from .replica import Replica

__all__ = ["DOOR", "REPLICA", "app", "build_app"]

DOOR: Final = "door"
"""What the deployment of `Door` is called."""

REPLICA: Final = "replica"
"""What the deployment of `Replica` is called."""

_ROUTER: Final = "ray.serve.experimental.consistent_hash_router.ConsistentHashRouter"


def app(given: dict[str, Any]) -> Application:
    """For ``serve run jarvis_plugins.fleet:app tokens=... home=... replicas=2``; see `FleetConfig.read`."""
    return build_app(FleetConfig.read(given))


def build_app(config: FleetConfig) -> Application:
    """A fleet as an application: doors before replicas.

    Raises:
        SettingError: the file of tokens cannot be read.
    """
    Tokens.read(config.service.tokens)
    routed: dict[str, Any] = {}
    if config.routing == "owner":
        routed["request_router_config"] = RequestRouterConfig(
            request_router_class=_ROUTER, request_router_kwargs={"num_fallback_replicas": config.spill}
        )
    replicas = serve.deployment(Replica, name=REPLICA).options(
        num_replicas=config.replicas,
        max_ongoing_requests=config.ongoing,
        max_queued_requests=config.queued,
        graceful_shutdown_timeout_s=config.drain_seconds,
        graceful_shutdown_wait_loop_s=0.2,
        health_check_period_s=config.health_seconds,
        ray_actor_options={"num_cpus": config.cpus, "num_gpus": config.gpus},
        **routed,
    )
    doors = serve.deployment(serve.ingress()(Door), name=DOOR).options(
        num_replicas=config.doors,
        # Who is too many is sent away by the door itself, in words that clients read.
        max_ongoing_requests=4 * config.service.bounds.waiting,
        graceful_shutdown_timeout_s=config.drain_seconds,
        graceful_shutdown_wait_loop_s=0.2,
        health_check_period_s=config.health_seconds,
        ray_actor_options={"num_cpus": config.door_cpus},
    )
    return doors.bind(config, secrets.token_bytes(32), replicas.bind(config))

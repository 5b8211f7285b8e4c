"""A fleet as an application of Ray Serve."""

from __future__ import annotations

import secrets
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from jarvis_plugins.api.tokens import Tokens
from jarvis_plugins.common.ray_token import require_token
from jarvis_retrievers.errors import ExtraError

from .config import FleetConfig
from .door import Door
from .replica import Replica

if TYPE_CHECKING:
    from ray.serve import Application

__all__ = ["DOOR", "REPLICA", "app", "build_app", "check_extra"]

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
        ExtraError: Ray is not installed.
        SettingError: the file of tokens cannot be read, or Ray is told to let everybody in.
    """
    check_extra()
    # With `serve run` nobody else has looked.
    require_token()
    Tokens.read(config.service.tokens)
    from ray import serve
    from ray.serve.config import RequestRouterConfig

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


def check_extra() -> None:
    """ExtraError if Ray Serve is not installed."""
    if find_spec("ray") is None or find_spec("ray.serve") is None:
        raise ExtraError(
            'a fleet needs ray, which is not installed; run: pip install "jarvis-plugins[scale]"'
        )

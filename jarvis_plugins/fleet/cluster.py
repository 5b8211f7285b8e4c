"""A fleet that runs as long as a block."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from jarvis_plugins.common.ray_token import require_token

from .config import FleetConfig

__all__ = ["serve_fleet"]

_NAME: Final = "jarvis"


@contextmanager
def serve_fleet(
    config: FleetConfig, *, address: str | None = None, ray_options: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """Serve a fleet within the block.

    Args:
        config: what the fleet is.
        address: of a cluster of Ray that runs already; None starts one here, which ends with the block.
        ray_options: for ``ray.init``, where one is started.

    Yields:
        The address of the interface.

    Raises:
        ExtraError: Ray is not installed.
        SettingError: the file of tokens cannot be read, or Ray is told to let everybody in.
    """
    require_token()
    # Ray's workers have niceness 15 else: whatever else runs here would be served before the replicas.
    os.environ.setdefault("RAY_worker_niceness", "0")
    if address is None and not {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & set(os.environ):
        # Of this cluster alone, and in no file. Ray reads it with its first import.
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    from .application import build_app, check_extra

    check_extra()
    import ray
    from ray import serve

    app = build_app(config)
    if address is None:
        # Without "local" Ray joins what RAY_ADDRESS names, or whatever cluster somebody has started here.
        options: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False}
        ray.init(**options | dict(ray_options or {}) | {"address": "local"})
    else:
        ray.init(address=address, **dict(ray_options or {}))
    try:
        service = config.service
        serve.start(http_options={"host": service.host, "port": service.port})
        serve.run(app, name=_NAME, route_prefix="/")
        yield f"http://{service.host}:{service.port}"
    finally:
        serve.delete(_NAME)
        if address is None:
            serve.shutdown()
        ray.shutdown()

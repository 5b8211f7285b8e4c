"""Ray, imported when it is first needed, and a cluster to work on: this machine's own, or one that runs."""

from __future__ import annotations

import importlib
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jarvis_plugins.common.ray_token import require_token
from jarvis_retrievers.errors import ExtraError, SettingError

__all__ = ["ray_session"]

_STORE_BYTES = 200_000_000


@contextmanager
def ray_session(address: str | None = None, cpus: int | None = None) -> Iterator[Any]:
    """The module ``ray``, connected; what was started here is stopped at the end, whatever happens.

    A cluster of this machine alone listens with a token that nobody else has, sends no statistics, and has no
    dashboard. Of another one, ``RAY_AUTH_MODE`` and ``RAY_AUTH_TOKEN`` say how to get in.

    Args:
        address: of a running cluster; by default one is started here. One that this process is connected to
            already is used, and left.
        cpus: how many cores to use here; by default all.

    Raises:
        ExtraError: Ray is not installed. SettingError: no cluster can be reached there.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    started = "ray" in sys.modules and sys.modules["ray"].is_initialized()
    if address is None and not started:
        require_token()
        if "RAY_AUTH_TOKEN_PATH" not in os.environ:
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        # By default workers stand behind everything else that runs on the machine.
        os.environ.setdefault("RAY_worker_niceness", "0")
    try:
        ray = importlib.import_module("ray")
        importlib.import_module("ray.data")
    except ImportError as error:
        raise ExtraError(
            f"--engine ray needs Ray, which cannot be imported ({error}); run: pip install "
            '"jarvis-plugins[scale]", or use --engine plain'
        ) from error
    if ray.is_initialized():
        yield ray
        return
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address is None:
            ray.init(
                address="local",
                num_cpus=cpus or os.cpu_count(),
                include_dashboard=False,
                object_store_memory=_STORE_BYTES,
                **quiet,
            )
        else:
            ray.init(address=address, **quiet)
    except Exception as error:  # Ray raises no narrower one where a part of it does not start.
        ray.shutdown()
        reason = " ".join(str(error).split())[:300]
        raise SettingError(f"no Ray cluster at {address or 'this machine'} can be used: {reason}") from error
    try:
        yield ray
    finally:
        ray.shutdown()

"""Serves the interface until it is interrupted."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from jarvis_retrievers.errors import ExtraError

from .service import ApiService

__all__ = ["check_extra", "serve_api"]

# An answer that is under way may end.
_GRACE = 30


def check_extra() -> None:
    """ExtraError if Starlette or uvicorn are not installed."""
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise ExtraError(
            f'jarvis api needs {missing[0]}, which is not installed; run: pip install "jarvis-plugins[api]"'
        )


def serve_api(service: ApiService, ready: Callable[[str], None] = lambda url: None) -> None:
    """Load the models, then answer until it is interrupted.

    Args:
        service: what, and to whom.
        ready: called with the address as soon as requests are answered.

    Raises:
        ExtraError: Starlette or uvicorn are not installed.
        SettingError: the port is taken, the file of tokens cannot be read, or a model cannot be loaded.
    """
    check_extra()
    import uvicorn

    from jarvis_memory.vlm import VLM
    from jarvis_plugins.serving.server import listening, run, url_of
    from jarvis_retrievers.openclip import OpenCLIPEncoder

    from .app import build_api
    from .local import LocalAnswering
    from .tokens import Tokens

    tokens = Tokens.read(service.tokens)
    with listening(service.host, service.port) as place:
        vlm = VLM.load(service.model, device=service.device)
        encoder = OpenCLIPEncoder.load(service.clip, device=service.device)
        answering = LocalAnswering(
            service.memories(vlm, encoder), service.model_id, service.bounds, service.policy
        )
        config = uvicorn.Config(
            build_api(answering, tokens, service.bounds),
            log_level="warning",
            access_log=False,
            server_header=False,
            # Else uvicorn believes X-Forwarded-For from this machine: whoever asks could choose an address.
            proxy_headers=service.proxy is not None,
            forwarded_allow_ips=service.proxy or "",
            timeout_graceful_shutdown=_GRACE,
            ws="none",
            lifespan="off",
        )
        try:
            run(config, place, lambda: ready(url_of(service.host, place)))
        finally:
            answering.close()

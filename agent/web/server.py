"""The API's own thread beside the service: it starts, says where it is, and ends with it."""

import logging
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from agent.settings import ApiSettings
from energy.errors import SettingsError

_log = logging.getLogger(__name__)
_CONNECTIONS = 256
_ENDS_S = 3
# Readers' threads hand the interpreter back to the deciding one ten times sooner than by default: it halves what fifty
# readers cost a decision (python -m benchmarks api).
_SWITCH_S = 0.0005


@contextmanager
def serving(app: ASGIApp, settings: ApiSettings) -> Iterator[str]:
    """Serve until the end of the block; gives the address.

    Raises:
        SettingsError: the port is taken, or the host is none of this machine's.
    """
    bound = _bind(settings)
    logging.getLogger("uvicorn.access").disabled = True  # an address may hold a key
    sys.setswitchinterval(_SWITCH_S)
    host, port = bound.getsockname()[:2]
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            ws="none",
            lifespan="on",
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="api", daemon=True)
    thread.start()
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    _log.info("page and api on %s", address)
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(_ENDS_S)
        bound.close()


def _bind(settings: ApiSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
    except OSError as err:
        bound.close()
        raise SettingsError(
            f"api cannot listen on {settings.host!r} port {settings.port}: {err.strerror or err}; "
            "choose another port under [api], or enabled = false"
        ) from err
    bound.listen(128)
    return bound

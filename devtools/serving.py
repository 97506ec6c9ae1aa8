"""Servers of stand-ins: each serves on a thread of its own for the time of a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Thread

from websockets.sync.server import Server


@contextmanager
def serving(server: ThreadingHTTPServer | Server) -> Iterator[None]:
    """Serve on a thread until the block ends; an HTTP server looks every 10 ms whether it has ended."""
    poll = (0.01,) if isinstance(server, ThreadingHTTPServer) else ()
    thread = Thread(target=server.serve_forever, args=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(5)

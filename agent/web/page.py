"""The page and what it is made of, served from the package: nothing comes from elsewhere."""

import hashlib
import mimetypes
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, HTTPException, Request, Response

_FOLDER = files("agent.web") / "static"


def page_routes() -> APIRouter:
    """`/` and `/page/…`; files are read once, and a browser that has them is told so."""
    router = APIRouter(include_in_schema=False)
    known = {path: _file(path, content) for path, content in _walk(_FOLDER)}

    @router.get("/")
    async def get_page(request: Request) -> Response:
        return _answer(known["index.html"], request)

    @router.get("/page/{path:path}")
    async def get_part(path: str, request: Request) -> Response:
        if path not in known:
            raise HTTPException(404, "the page has no such part")
        return _answer(known[path], request)

    return router


def _walk(folder: Traversable, prefix: str = "") -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        elif not entry.name.endswith(".py"):
            found.append((prefix + entry.name, entry.read_bytes()))
    return found


def _file(path: str, content: bytes) -> tuple[bytes, dict[str, str]]:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    kind = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    tag = hashlib.sha256(content).hexdigest()[:16]
    return content, {"content-type": kind, "etag": f'"{tag}"', "cache-control": "no-cache"}


def _answer(part: tuple[bytes, dict[str, str]], request: Request) -> Response:
    content, headers = part
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers={"etag": headers["etag"]})
    return Response(content, headers=headers)

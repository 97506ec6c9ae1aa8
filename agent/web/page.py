"""The page and what it is made of, served from the package: nothing comes from elsewhere."""

import hashlib
import json
import mimetypes
import re
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal, cast, get_args

from fastapi import APIRouter, HTTPException, Request, Response

from agent.decision.constraint_words import Language
from agent.views.palette import stylesheet
from agent.web.spoken import spoken

_FOLDER = files("agent.web") / "static"
_INDEX, _STUDY, _TEXTS = "index.html", "study.html", "texts"
_PLACE = re.compile(r"\{\{([a-z_.]+)\}\}")
# What the reader chose on the page itself.
COOKIE = "advisor_language"

_Part = tuple[bytes, dict[str, str]]


def page_routes(
    wanted: Literal["auto", "en", "es"] = "auto", usual: Language = "en", *, with_study: bool = False
) -> APIRouter:
    """`/`, `/page/…`, and `/study` where studies are played.

    Files are read once, and a browser that has them gets a short answer.

    The page speaks the language that its reader chose, else the `wanted` one, else the browser's, else the usual one.
    """
    router = APIRouter(include_in_schema=False)
    contents = dict(_walk(_FOLDER))
    pages = {name: _in_languages(name, contents, with_study=with_study) for name in (_INDEX, _STUDY)}
    contents["palette.css"] = stylesheet().encode()
    known = {path: _file(path, content) for path, content in contents.items() if not path.startswith(_TEXTS)}

    @router.get("/")
    async def get_page(request: Request) -> Response:
        return _answer(pages[_INDEX][_language(request, wanted, usual)], request)

    @router.get("/study")
    async def get_study(request: Request) -> Response:
        if not with_study:
            raise HTTPException(404, "studies are not played here: start the service with advisor run")
        return _answer(pages[_STUDY][_language(request, wanted, usual)], request)

    @router.get("/page/{path:path}")
    async def get_part(path: str, request: Request) -> Response:
        if path not in known or path in pages:
            raise HTTPException(404, "the page has no such part")
        return _answer(known[path], request)

    return router


def _in_languages(name: str, contents: dict[str, bytes], *, with_study: bool) -> dict[Language, _Part]:
    """A page in each language, with the part that all pages have."""
    page = contents[name].decode().replace("{token}", contents["token.html"].decode())
    page = page.replace("{study}", "" if with_study else "hidden")
    return {language: _file(name, _in(page, language)) for language in get_args(Language)}


def _language(request: Request, wanted: Literal["auto", "en", "es"], usual: Language) -> Language:
    chosen = request.cookies.get(COOKIE, "")
    if chosen in get_args(Language):
        return cast("Language", chosen)
    return spoken(request, usual) if wanted == "auto" else wanted


def texts_of(language: Language) -> dict[str, str]:
    """The page's texts in a language, by their keys."""
    return cast("dict[str, str]", json.loads((_FOLDER / _TEXTS / f"{language}.json").read_bytes()))


def _in(page: str, language: Language) -> bytes:
    """The page with its texts filled in, and all of them as data for its scripts."""
    texts = texts_of(language)
    # "</script>" would end the element that the data stand in.
    data = json.dumps(texts, ensure_ascii=False).replace("<", "\\u003c")
    filled = _PLACE.sub(lambda place: escape(texts[place[1]]), page)
    return filled.replace("{texts}", data).encode()


def _walk(folder: Traversable, prefix: str = "") -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        elif not entry.name.endswith(".py"):
            found.append((prefix + entry.name, entry.read_bytes()))
    return found


def _file(path: str, content: bytes) -> _Part:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    kind = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    tag = hashlib.sha256(content).hexdigest()[:16]
    return content, {"content-type": kind, "etag": f'"{tag}"', "cache-control": "no-cache", "vary": "accept-language"}


def _answer(part: _Part, request: Request) -> Response:
    content, headers = part
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers={"etag": headers["etag"]})
    return Response(content, headers=headers)

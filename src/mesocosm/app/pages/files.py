"""The files of the pages: one document, and what the bundle names by its content.

Knows the folder of the bundle and HTTP's headers.
"""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

PAGES = Path(__file__).parents[2] / "web"
NO_PAGES = (
    "<!doctype html><meta charset=utf-8><title>Mesocosm</title><p>The pages are not in this"
    " installation. Install again without MESOCOSM_NO_WEB. The API answers at /v1/ecosystem."
)
FOREVER = "private, max-age=31536000, immutable"
REPORT_FONTS = (  # the reader's own before the one that is loaded
    ":root body{font-family:system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',"
    "'Source Han Sans SC','Noto Sans SC Variable',sans-serif}svg text{font-family:inherit}"
)
CHINESE = re.compile("[\u2e80-\u303f\u4e00-\u9fff\uff00-\uffef]")

mimetypes.add_type("font/woff2", ".woff2")  # not every machine's list has it


class NamedByContent(StaticFiles):
    """Files whose names change with what is in them, so that a browser asks for each once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, kept by the browser for as long as it likes."""
        response = await super().get_response(path, scope)
        if response.status_code in (200, 304):
            response.headers["cache-control"] = FOREVER
        return response


def add_pages(app: FastAPI) -> None:
    """Add the console, the world and their files."""

    async def page() -> Response:
        if not (PAGES / "index.html").is_file():
            return HTMLResponse(NO_PAGES, 200)
        return FileResponse(PAGES / "index.html", headers={"cache-control": "no-cache"})

    app.get("/")(page)
    app.get("/world")(page)
    for folder, files in (("assets", NamedByContent), ("profiles", StaticFiles)):
        if (PAGES / folder).is_dir():
            app.mount(f"/{folder}", files(directory=PAGES / folder))


def find_chinese_styles() -> str:
    """The address of the style sheet that names the Chinese font; empty without a bundle."""
    found = sorted((PAGES / "assets").glob("chinese-*.css"))
    return f"/assets/{found[0].name}" if found else ""


def with_chinese_font(document: str) -> str:
    """A document that this server sends, with the pages' Chinese font where it shows Chinese."""
    styles = find_chinese_styles()
    if not styles or not CHINESE.search(document):
        return document
    link = f'<link rel="stylesheet" href="{styles}"><style>{REPORT_FONTS}</style>'
    return document.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{link}', 1)

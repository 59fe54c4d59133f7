"""The site of the documents: `make docs` builds it into site/; every link is checked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from site_search import SearchBoth

project, author, copyright = "Mesocosm", "the Mesocosm authors", "the Mesocosm authors"
extensions = ["myst_parser"]
exclude_patterns = ["__pycache__"]
html_theme, html_title = "furo", "Mesocosm"
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#2b6c99", "color-brand-content": "#2b6c99"},
    "dark_css_variables": {"color-brand-primary": "#7dbbe4", "color-brand-content": "#7dbbe4"},
}
myst_heading_anchors = 4
nitpicky = True
highlight_language = "text"
html_search_language = SearchBoth.lang

MOVED = {  # pages of earlier releases, each with the page that has most of what it had
    "getting-started": "tutorials/getting-started",
    "governing": "how-to/prepare-a-dataset",
    "learning": "how-to/fine-tune",
    "operating": "how-to/serve-predictions",
    "entering": "concepts/world",
    "peers": "concepts/comparison",
    "security": "concepts/security",
    "tutorials/zh/bank": "zh/tutorials/bank",
    "tutorials/zh/hospital": "zh/tutorials/hospital",
    "tutorials/zh/support": "zh/tutorials/support",
    "tutorials/zh/newsroom": "zh/tutorials/newsroom",
    "tutorials/zh/shop": "zh/tutorials/shop",
}
REDIRECT = (
    '<!doctype html><meta charset="utf-8"><title>Moved</title>'
    '<meta http-equiv="refresh" content="0; url={target}"><a href="{target}">This page moved</a>\n'
)


def redirect_moved_pages(app: Any, error: Exception | None) -> None:
    """Write a page at each former address that leads to the present one."""
    if error or app.builder.name != "html":
        return
    for old, new in MOVED.items():
        page = Path(app.outdir) / f"{old}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        target = "../" * old.count("/") + f"{new}.html"
        page.write_text(REDIRECT.format(target=target), encoding="utf-8")


def setup(app: Any) -> None:
    """Connect the redirects and the search."""
    app.add_search_language(SearchBoth)
    app.connect("build-finished", redirect_moved_pages)

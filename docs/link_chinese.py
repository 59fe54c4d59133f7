"""Lead the links of the Chinese pages and README to Chinese pages where these exist, and mark the
others as English: `python docs/link_chinese.py` rewrites the pages; a test holds them to it.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path

from markdown_it import MarkdownIt
from myst_parser.mdit_to_docutils.base import default_slugify

DOCS = Path(__file__).parent
ZH = DOCS / "zh"
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?![a-z]+:)[^)#]+\.md)(#[^)]+)?\)(（英文）)?")
CROSS_LINK = 2  # the line that leads to the same page in English


def link_page(page: Path) -> str:
    """The text of a Chinese page with its links as they should be."""
    return link_text(page, page.read_text(encoding="utf-8"))


def link_text(page: Path, text: str) -> str:
    """The text of the Chinese page at a place with its links as they should be."""
    lines = text.split("\n")
    point = partial(_point, page)
    return "\n".join(
        line if number == CROSS_LINK else LINK.sub(point, line) for number, line in enumerate(lines)
    )


def _point(page: Path, link: re.Match[str]) -> str:
    """A link to the Chinese page where there is one; else it is marked, where its words do not
    say that it leads to an English page.
    """
    words, address, anchor = link[1], link[2], link[3] or ""
    target = Path(os.path.normpath(page.parent / address))
    if not target.is_relative_to(DOCS):
        return link[0]
    chinese = target if target.is_relative_to(ZH) else ZH / target.relative_to(DOCS)
    if chinese.is_file() and "英文" not in words:
        if anchor and target != chinese:
            anchor = _translate_anchor(anchor, target, chinese)
        return f"[{words}]({os.path.relpath(chinese, page.parent)}{anchor})"
    return f"[{words}]({address}{anchor})" + ("" if "英文" in words else "（英文）")


def _translate_anchor(anchor: str, english: Path, chinese: Path) -> str:
    """The anchor of a heading's Chinese counterpart, which has the same place in its page."""
    place = list_anchors(english).index(anchor)
    return list_anchors(chinese)[place]


def list_anchors(page: Path) -> list[str]:
    """The anchors of a page's headings, in order."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    headings = [
        after.content
        for before, after in zip(tokens, tokens[1:], strict=False)
        if before.type == "heading_open"
    ]
    return [f"#{default_slugify(re.sub('[`*]', '', heading))}" for heading in headings]


if __name__ == "__main__":
    for page in [*sorted(ZH.rglob("*.md")), DOCS.parent / "README.zh.md"]:
        page.write_text(link_page(page), encoding="utf-8")

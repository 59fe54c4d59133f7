"""The glossary's words stand where people read: pages, README, docstrings and messages hold none of
the phrases that it replaced. The world keeps its metaphor.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

EVERYWHERE = {  # a phrase of the former dialect, and the word that stands for it now
    r"anew": "again, re-",
    r"teach(?:es|ing)?|taught": "train",
    r"learn(?:ed|t)? from|learnt": "train on, fit on",
    r"(?:way|ways) (?:of tuning|to tune)|tuning method|tuned? toward": "fine-tuning method",
    r"judg(?:e|es|ed|ing|ement|ment)s?": "evaluate, diagnose",
    r"simplest guess(?:es)?": "baseline",
    r"left-out": "cross-validated, held-out",
    r"give or take": "±",
    r"slips? of the finger": "typos",
    r"(?:chosen|mistaken) apart": "demographic parity gap, equalized odds gap",
    r"shares? of the difference": "Shapley values",
    r"set (?:aside|apart)|kept out": "quarantined",
    r"ways? with missing values": "imputation strategy",
    r"likeness(?:es)?|twins?": "similarity, near-duplicate",
    r"made again|makes? again|left as it was": "rebuild, skip",
    r"go(?:es)? into service|put back|takes? over|took over": "deploy, promote, roll back",
    r"left in all": "remaining",
    r"goes on": "in progress, continues",
    r"crews?|nurser(?:y|ies)": "worker pool, prefork server",
    r"surely|(?:less|least|more|most) sure|strange": "confident, out-of-distribution",
    r"wish(?:es)?": "intent",
    r"rests? on": "is supported by, explanation",
    r"class of its own": "new class",
    r"brought": "import, convert, restore",
    r"cannot be right|stands here": "is invalid, got",
    r"nobody told|wants somebody|calls for anything": "needs attention, silence",
    r"stands? still": "stays frozen",
    r"verdicts?": "diagnosis",
    r"remed(?:y|ies)": "remediation",
}
PAGES_ONLY = {  # words that code may need in their ordinary sense
    r"told|said|tells?": "report, notify, request, response",
    r"nobody|somebody": "users, nothing",
    r"beside": "next to, baseline",
    r"grow(?:s|n|ing)?|grew": "train; increase",
    r"figures?": "metric, number",
    r"gone": "expired, deleted, missing",
    r"in other words": "paraphrase",
    r"fences?": "bounds",
    r"other rows come in": "covariate shift",
}
MESSAGES = {  # what no message may hold, whatever it is about
    phrase: EVERYWHERE[phrase]
    for phrase in EVERYWHERE
    if re.search(
        r"guess|give or|slips|apart|aside|missing values|left in|go\(|cannot be right|rests", phrase
    )
}
WORLD = ("concepts/world.md", "how-to/visit-the-world.md", "how-to/add-a-world-element.md")
SKIPPED = ("log.md", *WORLD)
FROM_DOCSTRINGS = ("reference/python.md",)  # held to what docstrings are held to
FORMER_WORDS = ("config/migrations/", "config/other_words.py", "cli/app.py")  # know both


def prose(text: str) -> str:
    """A page without what is code: blocks, quoted code, addresses."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    text = re.sub(r"^ {4}.*$", "", text, flags=re.M)
    text = re.sub(r"`[^`]*`", "", text)
    return re.sub(r"\]\([^)]*\)|https?://\S+", "", text)


def pages() -> list[Path]:
    """The English pages and the README, but those of the world."""
    found = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
    return [path for path in found if "zh" not in path.parts and name_of(path) not in SKIPPED]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT)).removeprefix("docs/")


def modules() -> list[Path]:
    """The modules outside of the world."""
    return [p for p in sorted((ROOT / "src").rglob("*.py")) if "world" not in p.parts]


def texts_of(path: Path) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The docstrings and the other texts of a module, with their lines."""
    docstrings, others, seen = [], [], set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text:
                seen.add(id(node.body[0].value))  # type: ignore[attr-defined]
                docstrings.append((node.body[0].lineno, described(text)))
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in seen and " " in node.value:
            others.append((node.lineno, node.value))
    return docstrings, others


def described(text: str) -> str:
    """A docstring without its doctests, quoted code and names of arguments."""
    text = re.sub(r"`[^`]*`", "", text.split(">>>")[0])
    return " ".join(re.sub(r"^\s*\w+: ", "", line) for line in text.splitlines())


def find(text: str, words: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each phrase that a text holds, with the glossary's word."""
    for phrase, instead in words.items():
        for found in re.findall(rf"(?<![\w'-])(?:{phrase})(?![\w-])", text, re.I):
            yield found, instead


def test_the_test_sees_a_former_word_and_leaves_code_alone() -> None:
    assert list(find("It is made anew.", EVERYWHERE)) == [("anew", "again, re-")]
    assert not list(find(prose("`anew` and\n\n    anew\n\n```\nanew\n```\n"), EVERYWHERE))
    assert not list(find(described("Fit.\n\nArgs:\n    judged: rows.\n\n>>> anew()"), EVERYWHERE))
    assert len(MESSAGES) >= 8 and len(pages()) > 50 and len(modules()) > 500


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_page_is_in_the_fields_words(page: Path) -> None:
    words = EVERYWHERE | (PAGES_ONLY if name_of(page) not in FROM_DOCSTRINGS else {})
    wrong = [
        f"{found!r}, which is {instead!r}"
        for found, instead in find(prose(page.read_text(encoding="utf-8")), words)
    ]
    assert not wrong, wrong


def test_docstrings_are_in_the_fields_words() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {found!r}, which is {instead!r}"
        for path in modules()
        for line, text in texts_of(path)[0]
        for found, instead in find(text, EVERYWHERE)
    ]
    assert not wrong, "\n".join(wrong)


def test_messages_hold_no_phrase_of_the_dialect() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {found!r}, which is {instead!r}"
        for path in modules()
        if not any(part in str(path) for part in FORMER_WORDS)
        for line, text in texts_of(path)[1]
        for found, instead in find(text, MESSAGES)
    ]
    assert not wrong, "\n".join(wrong)


OTHER_CHINESE = {  # a word that a reader could take for another thing, and the glossary's
    "输出头": "预测头",
    "基础模型": "基座模型",
    "门禁": "门槛",
    "处置": "补救",
    "人口统计均等": "人口均等",
    "均等化几率": "均等几率",
    "模型卡片": "模型卡",
    "来源": "数据源",  # of rows; of a method or a version: 出处; of a web page: 站点
}
OTHER_QUOTES = "「」『』〝〞＂"  # the quotes of simplified Chinese are “ and ”


def test_chinese_has_one_word_for_one_thing() -> None:
    """Messages, pages and the console use the words of the Chinese glossary."""
    glossary = (ROOT / "docs" / "zh" / "concepts" / "glossary.md").read_text(encoding="utf-8")
    files = [
        *(ROOT / "src" / "mesocosm" / "core" / "messages" / "zh").glob("*.po"),
        *(ROOT / "docs" / "zh").rglob("*.md"),
        *(ROOT / "web" / "src" / "i18n" / "zh").glob("*.ts"),
    ]
    assert len(files) > 30 and all(word in glossary for word in OTHER_CHINESE.values())
    found = [
        f"{path.name}: {other}, which is {word}"
        for path in files
        for other, word in OTHER_CHINESE.items()
        if other in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_chinese_has_one_kind_of_quotes() -> None:
    """Texts that people read have “ and ” in pairs; names of a file stay in ' and `."""
    messages = (ROOT / "src" / "mesocosm" / "core" / "messages" / "zh").glob("*.po")
    console = (ROOT / "web" / "src" / "i18n" / "zh").glob("*.ts")
    pages = (ROOT / "docs" / "zh").rglob("*.md")
    wrong = []
    for path in (*messages, *console, *pages, ROOT / "README.zh.md"):
        text = prose(path.read_text(encoding="utf-8"))
        wrong += [f"{path.name}: {quote}" for quote in OTHER_QUOTES if quote in text]
        for line in text.splitlines():
            if line.count("“") != line.count("”") and path.suffix != ".po":
                wrong.append(f"{path.name}: {line}")
    assert wrong == []

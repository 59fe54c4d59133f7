"""Pages that speak of the source are held to it: messages, environment variables, addresses and
examples; and each Chinese page to its English one.
"""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT
from ruamel.yaml import YAML

DOCS, SRC = ROOT / "docs", ROOT / "src" / "mesocosm"
ZH = DOCS / "zh"
CHINESE = sorted(ZH.rglob("*.md"))
GAP = "\0"  # a value in a message
TOC = r"^```\{toctree\}.*?^```"


@cache
def messages() -> tuple[str, ...]:
    """Every text of the source, a gap where a value stands, and every line of its text files."""
    found = []
    for path in sorted(SRC.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [getattr(part, "value", GAP) for part in node.values]
                found.append("".join(part if isinstance(part, str) else GAP for part in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    for ending in ("po", "ftl", "yaml", "json", "toml"):
        for path in sorted(SRC.rglob(f"*.{ending}")):
            found += path.read_text(encoding="utf-8").splitlines()
    return tuple(found)


def is_in_source(quoted: str) -> bool:
    """Whether the parts of a message around `...` stand in one text, in that order."""
    pattern = ".*".join(re.escape(part) for part in re.split(r"\.\.\.", quoted))
    return any(re.search(pattern, text, re.S) for text in messages())


def quoted_messages(page: Path) -> list[str]:
    """The first cell of each row of a page's tables of messages."""
    rows = re.findall(r"^\| `(.+?)`(?: \(\d+\))? \|", page.read_text(encoding="utf-8"), re.M)
    return [row for row in rows if "..." in row or " " in row]


@pytest.mark.parametrize("folder", [DOCS, ZH], ids=["en", "zh"])
def test_each_message_of_troubleshooting_is_one_of_the_source(folder: Path) -> None:
    quoted = quoted_messages(folder / "how-to" / "troubleshoot.md")
    assert len(quoted) >= 40 and not is_in_source("no such words ... in any message")
    assert not [message for message in quoted if not is_in_source(message)]


def test_both_languages_explain_the_same_messages() -> None:
    english, chinese = (
        quoted_messages(folder / "how-to" / "troubleshoot.md") for folder in (DOCS, ZH)
    )
    assert english == chinese


def test_the_reasons_of_a_plan_are_those_of_the_source() -> None:
    from mesocosm.lifecycle.plan import HIDDEN_KEYS

    for folder in (DOCS, ZH):
        page = (folder / "how-to" / "upgrade.md").read_text(encoding="utf-8")
        assert all(f"`{reason}`" in page for reason in HIDDEN_KEYS.values())


@pytest.mark.parametrize("folder", [DOCS, ZH], ids=["en", "zh"])
def test_every_environment_variable_is_on_its_page_and_no_other(folder: Path) -> None:
    names = r"\b(?:MESOCOSM_[A-Z_]+|OTEL_[A-Z_]+|WANDB_MODE)\b"
    texts = [path.read_text(encoding="utf-8") for path in SRC.rglob("*.py")]
    read = set(re.findall(names, "\n".join([*texts, (ROOT / "hatch_build.py").read_text()])))
    page = (folder / "reference" / "environment.md").read_text(encoding="utf-8")
    assert set(re.findall(rf"^\| `({names})` \|", page, re.M)) == read - {"MESOCOSM_COMPLETE"}


def test_every_address_of_a_gateway_is_described() -> None:
    sys.path.insert(0, str(DOCS))
    from http_routes import ABOUT, CHINESE_ABOUT, list_routes

    routes = list_routes()
    assert {route.path for route in routes} == set(ABOUT) and len(routes) > 40
    assert set(ABOUT) == set(CHINESE_ABOUT)
    for folder in (DOCS, ZH):
        page = (folder / "reference" / "http.md").read_text(encoding="utf-8")
        assert all(page.count(f"| `{route.path}` |") == 1 for route in routes)


def list_names(page: Path) -> list[str]:
    """The first cell of every row of a page's tables, where it is code, in order."""
    return re.findall(r"^\| (?:[A-Z, ]+\| )?(`[^`]+`) \|", page.read_text(encoding="utf-8"), re.M)


REFERENCE = sorted(
    page.relative_to(ZH) for folder in ("reference", "kinds") for page in (ZH / folder).glob("*.md")
)


@pytest.mark.parametrize("page", REFERENCE, ids=str)
def test_both_languages_of_the_reference_name_the_same_things(page: Path) -> None:
    english, chinese = (list_names(folder / page) for folder in (DOCS, ZH))
    assert english == chinese and (english or page.name == "commands.md")


def test_the_reference_is_in_chinese_but_for_python() -> None:
    both = {page.relative_to(DOCS) for page in (DOCS / "reference").glob("*.md")}
    both |= {page.relative_to(DOCS) for page in (DOCS / "kinds").glob("*.md")}
    assert both - {Path("reference/python.md")} == set(REFERENCE) and len(both) > 20
    index = (ZH / "index.md").read_text(encoding="utf-8")
    assert "[Python 接口](../reference/python.md)（英文）" in index


def test_a_word_of_the_generated_pages_without_chinese_is_an_error() -> None:
    sys.path.insert(0, str(DOCS))
    from wording import say

    assert say("required", "zh") == "必填" and say("unknown words", "en") == "unknown words"
    with pytest.raises(KeyError, match="unknown words"):
        say("unknown words", "zh")


def test_every_example_of_the_reference_is_valid() -> None:
    sys.path.insert(0, str(DOCS))
    from make_kinds import CHOOSING, PAGES
    from make_reference import SECTIONS
    from settings_table import describe, example, takes

    kinds = [*SECTIONS.values(), *(kind for _, some in PAGES.values() for kind in some.values())]
    seen, wrong = 0, []
    for kind in kinds:
        for key in set(describe(kind)) & set(kind.model_json_schema()["properties"]) - CHOOSING:
            value = example(kind, key)
            seen += 1
            if value is None or not takes(kind, key, value):
                wrong.append(f"{kind.__name__}.{key}: {value}")
    assert seen > 250 and not wrong


def test_an_example_of_the_reference_is_yaml() -> None:
    text = (DOCS / "reference" / "file.md").read_text(encoding="utf-8")
    lines = re.findall(r"`(\w+: [^`]+)` \|$", text, re.M)
    assert len(lines) > 200
    for line in lines:
        assert isinstance(YAML(typ="safe").load(line.replace("\\|", "|")), dict), line


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: str(page.relative_to(ZH)))
def test_a_chinese_page_has_its_english_one_with_the_same_code(page: Path) -> None:
    chinese = page.read_text(encoding="utf-8")
    english = (DOCS / page.relative_to(ZH)).read_text(encoding="utf-8")
    up = "../" * len(page.relative_to(DOCS).parts[:-1])
    inside = page.relative_to(ZH).as_posix()
    assert chinese.splitlines()[2].startswith("English: [")
    assert f"]({up}{inside})" in chinese.splitlines()[2]
    assert english.splitlines()[2].startswith("中文：[")
    assert f"]({up.removeprefix('../')}zh/{inside})" in english.splitlines()[2]
    english, chinese = (re.sub(TOC, "", text, flags=re.S | re.M) for text in (english, chinese))
    for code in (r"^```.*?^```", r"^    \S[^\n]*$", r"^##+ ()"):
        assert re.findall(code, english, re.S | re.M) == re.findall(code, chinese, re.S | re.M)
    assert re.search(r"[\u4e00-\u9fff]", chinese)


@pytest.mark.parametrize("page", [*CHINESE, ROOT / "README.zh.md"], ids=lambda page: page.name)
def test_a_chinese_page_links_to_chinese_pages_where_there_are_some(page: Path) -> None:
    sys.path.insert(0, str(DOCS))
    from link_chinese import link_page

    assert page.read_text(encoding="utf-8") == link_page(page), "run: python docs/link_chinese.py"


def test_a_link_leads_to_the_chinese_heading_or_is_marked_as_english() -> None:
    sys.path.insert(0, str(DOCS))
    from link_chinese import link_text

    links = {
        "[备份](../../how-to/upgrade.md#back-up-and-restore)（英文）": "[备份](upgrade.md#备份与恢复)",
        "[部署](deploy.md#多个网关)": "[部署](deploy.md#多个网关)",
        "[函数](../../reference/python.md)": "[函数](../../reference/python.md)（英文）",
        "[英文首页](../../index.md)": "[英文首页](../../index.md)",
        "[网站](https://example.org/a.md)": "[网站](https://example.org/a.md)",
    }
    before = "\n".join(["", "", "English: [Upgrade](../../how-to/upgrade.md)", *links])
    after = link_text(ZH / "how-to" / "on-call.md", before).split("\n")
    assert after[2] == "English: [Upgrade](../../how-to/upgrade.md)"
    assert after[3:] == list(links.values())


def inline_code(page: Path) -> set[str]:
    """What a page quotes as code in its sentences."""
    text = re.sub(r"^```.*?^```|^ {4}.*?$", "", page.read_text("utf-8"), flags=re.S | re.M)
    return set(re.findall(r"`[^`]+`", text))


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: str(page.relative_to(ZH)))
def test_a_chinese_page_quotes_what_its_english_one_does(page: Path) -> None:
    """Each command, setting and value: a sentence that one language lacks is found by them."""
    assert inline_code(page) == inline_code(DOCS / page.relative_to(ZH))


def test_every_how_to_page_is_in_both_languages_and_in_both_tables_of_contents() -> None:
    names = {page.name for page in (DOCS / "how-to").glob("*.md")}
    assert names == {page.name for page in (ZH / "how-to").glob("*.md")} and len(names) >= 29

    def listed(index: Path) -> list[str]:
        return re.findall(r"^(?:how-to|tutorials)/\S+$", index.read_text("utf-8"), re.M)

    assert listed(DOCS / "index.md") == listed(ZH / "index.md")


def test_what_alerts_link_to_is_on_the_on_call_page_of_both_languages() -> None:
    sys.path.insert(0, str(DOCS))
    from link_chinese import list_anchors

    from mesocosm.app.deploy.alert_rules import ALERTS
    from mesocosm.core.messages import Message
    from mesocosm.monitoring.notifications import RUNBOOK

    linked = {*RUNBOOK.values(), *(alert[-1] for alert in ALERTS), "where-to-look-first"}
    english, chinese = (
        ROOT / Message("monitoring.on_call_page").render(language) for language in ("en", "zh")
    )
    headings = [anchor.removeprefix("#") for anchor in list_anchors(english)]
    assert len(linked) > 8 and linked <= set(headings)
    anchors = re.findall(r'^<a id="([^"]+)"></a>\n\n## ', chinese.read_text("utf-8"), re.M)
    assert anchors == headings[2:]


def test_the_core_pages_are_in_chinese() -> None:
    names = {page.relative_to(ZH).as_posix() for page in CHINESE}
    assert {"index.md", "faq.md", "architecture.md"} <= names
    concepts = {f"concepts/{page.name}" for page in (DOCS / "concepts").glob("*.md")}
    assert concepts <= names and len(concepts) == 11
    assert {f"how-to/{name}.md" for name in ("deploy", "upgrade", "troubleshoot")} <= names
    assert {f"tutorials/{page.name}" for page in (DOCS / "tutorials").glob("*.md")} <= names


def test_both_glossaries_have_the_same_terms() -> None:
    def terms(page: Path, english: int) -> set[tuple[str, str]]:
        rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", page.read_text(encoding="utf-8"), re.M)
        return {(row[english], row[1 - english]) for row in rows[1:]}

    first = terms(DOCS / "concepts" / "glossary.md", 0)
    assert len(first) > 50 and first == terms(ZH / "concepts" / "glossary.md", 1)


def test_the_first_methods_of_fine_tuning_are_four() -> None:
    page = (DOCS / "how-to" / "fine-tune.md").read_text(encoding="utf-8")
    first, more = page.split("## More methods")
    named = re.findall(r"^\| `(\w+)` \|", first.split("```yaml")[0], re.M)
    assert named == ["frozen", "last", "lora", "full"] and "`adalora`" in more

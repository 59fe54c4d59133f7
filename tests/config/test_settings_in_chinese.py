"""The descriptions of settings in Chinese: the catalogue has each of them and no other, with the
same names and values in backticks, and the schema gives them to editors.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from conftest import ROOT

from mesocosm.config import json_schema
from mesocosm.config.settings_texts import ROOM, describe_all_keys, list_paragraphs, translate
from mesocosm.core.messages.language import writing_in
from mesocosm.core.settings import Settings

sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(ROOT / "docs"))

import messages
from make_kinds import PAGES, shared
from make_reference import SECTIONS
from settings_table import list_errors

Run = Callable[..., subprocess.CompletedProcess[str]]
CHINESE = {id: text for id, (text,) in messages.read_texts("zh", ROOM).items()}
HAN = re.compile("[\u4e00-\u9fff]")


def list_kinds() -> set[type[Settings]]:
    """The kinds that the schema or the pages of the reference describe."""
    found = {*SECTIONS.values()}
    for _, kinds in PAGES.values():
        found |= {*kinds.values(), *shared(kinds)}
    names = json_schema.schema()["$defs"]
    return found | {
        kind
        for kind in json_schema._kinds(Settings)
        if kind.__module__.startswith("mesocosm.") and {*json_schema._names_of(kind)} & {*names}
    }


def has_words(text: str) -> bool:
    """Whether a text says something besides names in backticks."""
    return bool(re.search("[A-Za-z]{3}", re.sub("`[^`]*`", "", text)))


def list_texts() -> set[str]:
    """Every text of them."""
    forms = [form for some in json_schema.FREE_FORMS.values() for form in some]
    found = {form["description"] for form in forms if "description" in form}
    for kind in list_kinds():
        found |= {*list_paragraphs(kind), *describe_all_keys(kind).values(), *list_errors(kind)}
    return found


def find_descriptions(node: Any) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if key == "description" and isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            yield from find_descriptions(value)


def test_every_text_has_its_chinese_and_none_is_stale() -> None:
    texts = list_texts()
    assert len(list_kinds()) > 150 and len(texts) > 600
    missing = {text for text in texts - set(CHINESE) if has_words(text)}
    assert sorted(missing) == [], "add them to core/messages/zh/settings.po"
    assert sorted(set(CHINESE) - texts) == [], "no docstring has them; remove them"


def find_faults(english: str, chinese: str) -> Iterator[str]:
    """What is wrong with a translation."""
    names = [set(re.findall("`[^`]+`", text)) for text in (english, chinese)]
    if names[0] != names[1]:
        yield f"{english}: other names {names[0] ^ names[1]}"
    if not chinese.endswith("。") or not HAN.search(chinese) and has_words(english):
        yield f"{english}: {chinese} is no Chinese sentence"


def test_a_text_is_chinese_and_names_what_the_english_one_names() -> None:
    faults = [fault for pair in CHINESE.items() for fault in find_faults(*pair)]
    assert faults == []
    assert list(find_faults("the `of` field.", "字段 `by`。")) != []
    assert list(find_faults("the field.", "the field。")) != []


def test_the_schema_is_in_the_language_of_its_reader() -> None:
    english = json_schema.published_schema()
    with writing_in("zh"):
        chinese = json_schema.published_schema()
    told = list(find_descriptions(chinese))
    assert len(told) == len(list(find_descriptions(english))) > 600
    left = {text for text in told if not HAN.search(text) and text != "`{spark: URL}`"}
    assert left <= {text for text in told if text.count("`") >= 2}, left
    model = chinese["$defs"]["Model"]["properties"]["features"]
    assert model["description"] == "用来预测的字段。"
    assert english["$defs"]["Model"]["properties"]["features"]["description"] == (
        "the fields to predict from."
    )

    def bare(node: Any) -> Any:
        if isinstance(node, list):
            return [bare(item) for item in node]
        if isinstance(node, dict):
            return {key: bare(value) for key, value in node.items() if key != "description"}
        return node

    assert bare(english) == bare(chinese)


def test_commands_write_the_schema_in_their_language(tmp_path: Path, cli: Run) -> None:
    printed = [json.loads(cli("schema", *lang).stdout) for lang in ((), ("--lang", "zh"))]
    about = [schema["$defs"]["Model"]["description"] for schema in printed]
    assert about == ["A model to train.", "要训练的模型。"]
    assert cli("init", str(tmp_path / "eco"), "--template", "bank", "--lang", "zh").returncode == 0
    written = json.loads((tmp_path / "eco" / "ecosystem.schema.json").read_text(encoding="utf-8"))
    assert written == printed[1]


def test_a_text_that_no_catalogue_has_stays_as_it_is() -> None:
    assert translate("a setting of a plugin.", "zh") == "a setting of a plugin."
    assert translate("", "zh") == "" and translate("the service.", "en") == "the service."


def test_a_description_holds_no_doctest_and_no_source() -> None:
    texts = list(find_descriptions(json_schema.published_schema()))
    assert not [text for text in texts if ">>>" in text or "Source:" in text]

"""The catalogues: both languages have every id with the same parameters, every message of the code
is in them with the parameters that it has there, and no word of the old dialect stands in either.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import pytest
from conftest import ROOT

from mesocosm.core.confidential.secret_values import remember
from mesocosm.core.errors import (
    ConfigError,
    ConfigValueError,
    Finding,
    MesocosmError,
    Place,
    text_of,
)
from mesocosm.core.messages import Message, language, render, render_list

sys.path.insert(0, str(ROOT / "tools"))

import messages

SOURCE = ROOT / "src" / "mesocosm"
DYNAMIC = (
    "cli.count.",
    "cli.plan.action.",
    "cli.report.change.",
    "learning.metric.",
    "learning.part.",
    "serving.kind.",
    "help.",
    "reports.card.column.",
    "sentences.",
)  # ids that are put together from a name
SAME = (
    "config.yaml_1_2",
    "config.set_linear_head",
    "monitoring.on_call_page",
    "serving.kind.null",
    "learning.metric.auc",
    "learning.metric.rouge_l",
    "serving.panel.dashboard",
)  # without a word that could be translated
BANNED = (
    r"gr[eo]wn?",
    r"growing",
    r"learn(ed|s)? from",
    r"teach(es)?|taught",
    r"ways? of tuning|tuned? toward",
    r"base that (reads|writes|sees)",
    r"judged?s?",
    r"figures?",
    r"bounds? it keeps",
    r"simplest guess",
    r"beside",
    r"rows that (judge|tune)",
    r"left-out loss",
    r"spans?",
    r"give or take",
    r"slips of the finger",
    r"in other words",
    r"(chosen|mistaken|set) (apart|aside)",
    r"shares of the difference",
    r"other rows come in",
    r"verdicts?",
    r"mend(ed)?",
    r"kept out",
    r"ways? with missing",
    r"fill(s|ed)?",
    r"fences?",
    r"twins?",
    r"gone",
    r"prints? of",
    r"things?",
    r"anew",
    r"left as it was",
    r"(goes|go) into service|put back|takes? over",
    r"goes on|since then|left in all|told before|came to",
    r"crews?|seats?|nursery",
    r"asked|said|told",
    r"(un)?sure|strange",
    r"wish(es)?",
    r"finds texts|tags a word",
    r"class of its own",
    r"brought",
    r"cannot be right|stands here|wanted",
    r"nobody|somebody",
    r"calls? for anything",
)
QUOTED = re.compile(
    r"'[^']*'|`[^`]*`|--[\w-]+|\{[^}]*\}|<[^>]*>"
)  # of the file, of commands, parameters


def uses() -> Iterator[tuple[str, str, set[str], bool]]:
    """Each `Message("id", ...)` of the code: its place, id, keywords, and whether more may come."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Message":
                continue
            if node.args and isinstance(node.args[0], ast.Constant):
                names = {word.arg for word in node.keywords if word.arg}
                open_end = any(word.arg is None for word in node.keywords)
                yield f"{path.name}:{node.lineno}", str(node.args[0].value), names, open_end


def texts(language: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for room in messages.list_rooms():
        found |= messages.read_texts(language, room)
    return found


def test_both_languages_have_every_id_and_the_same_parameters() -> None:
    assert list(messages.find_faults()) == []
    assert texts("en").keys() == texts("zh").keys() and len(texts("en")) > 300


def test_what_is_compiled_is_what_stands_in_the_sources() -> None:
    assert messages.main(check=True) == 0


def test_a_fault_of_a_catalogue_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(language: str, room: str) -> dict[str, tuple[str, ...]]:
        if language == "en":
            return {"x.a": ("{n} rows",), "x.b": ("b",), "x.c": ("c",), "x.d": ("{p:.2f}",)}
        return {"x.a": ("{m} 行",), "x.b": ("",), "x.d": ("{p:.3f}",)}

    monkeypatch.setattr(messages, "list_rooms", lambda: ["x"])
    monkeypatch.setattr(messages, "read_texts", read)
    assert list(messages.find_faults()) == [
        "x.c is in one language only",
        "x.a has other parameters in zh: ['m', 'n']",
        "x.b is empty",
        "x.d has other parameters in zh: ['p:.2f', 'p:.3f']",
    ]


def test_every_message_of_the_code_is_in_the_catalogues_with_its_parameters() -> None:
    english, wrong = texts("en"), []
    for place, id, names, open_end in uses():
        if id not in english:
            wrong.append(f"{place}: no message has the id {id}")
            continue
        expected = set().union(*map(messages.list_params, english[id]))
        if names - {"count"} - expected or (expected - names and not open_end):
            wrong.append(f"{place}: {id} has {sorted(expected)}, got {sorted(names)}")
    assert wrong == []


def test_every_id_is_used() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    quoted = set(re.findall(r"""(?:"([\w.]+)"|'([\w.]+)')""", code))
    used = {id for pair in quoted for id in pair}
    unused = [id for id in texts("en") if not id.startswith(DYNAMIC) and id not in used]
    assert unused == []


def test_no_word_of_the_old_dialect_stands_in_a_catalogue() -> None:
    banned = re.compile(rf"\b({'|'.join(BANNED)})\b", re.IGNORECASE)
    found = [
        f"{id}: {match[0]}"
        for name in messages.LANGUAGES
        for id, forms in texts(name).items()
        if not id.startswith(("sentences.", "learning.metric.span_"))  # as the code writes them
        for form in forms
        if (match := banned.search(QUOTED.sub("", form)))
    ]
    assert found == []
    assert banned.search("3 rows would be set apart") and not banned.search("the offset apart")


def test_every_known_sentence_is_written_by_the_code() -> None:
    written = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                written.append("\0".join(str(getattr(part, "value", "")) for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                written.append(node.value)
    code = " ".join(re.findall(r"[\w'-]+", " ".join(written)))
    unknown = []
    for id, forms in texts("en").items():
        words = re.findall(r"[\w'-]+", re.sub(r"\{[^}]*\}", " ", forms[0]))
        pairs = [f"{first} {second}" for first, second in zip(words, words[1:], strict=False)]
        if id.startswith("sentences.") and 2 * sum(pair in code for pair in pairs) < len(pairs):
            unknown.append(f"{id}: {forms[0]}")  # parts of a sentence may be put together
    assert unknown == []


def test_chinese_is_chinese() -> None:
    english = texts("en")
    left = [
        id
        for id, forms in texts("zh").items()
        for form in forms
        if not re.search("[\u4e00-\u9fff]", form)
        and re.search(r"[a-z]{3,}", re.sub(r"\{[^}]*\}", "", QUOTED.sub("", english[id][0])))
    ]
    assert sorted(set(left) - set(SAME)) == []


def test_a_message_is_written_in_the_language_of_its_reader() -> None:
    message = Message("config.not_a_choice", value=Message("config.a_list"))
    assert str(message) == message.render() == "a list is not one of the choices"
    with language.writing_in("zh"):
        assert message.render() == "列表 不在可选值中"
        assert str(message) == "a list is not one of the choices"  # files and programs read English
    assert message.render("zh") == "列表 不在可选值中"
    assert render("as it is", "zh") == "as it is"
    assert render_list(("a", Message("config.a_map")), "zh") == "a、映射"


@pytest.mark.parametrize(
    ("count", "english", "chinese"), [(1, "1 request", "1 次请求"), (3, "3 requests", "3 次请求")]
)
def test_a_count_chooses_the_form(count: int, english: str, chinese: str) -> None:
    message = Message("cli.count.request", count=count)
    assert (str(message), message.render("zh")) == (english, chinese)


def test_a_message_survives_as_data() -> None:
    message = Message("config.pair_of_other_texts", pair=("a", "b"), texts=Message("config.none"))
    again = Message.from_json(message.as_json())
    assert again == message and hash(again) == hash(message)
    assert again.render("zh") == "'pair' 为 a、b，而文本输入为 无"
    assert message != Message("config.none") and message != str(message)
    of_paths: Any = {
        "path": Path("a/b"),
        "count": np.int64(3),
        "share": np.float64(0.5),
        "no": None,
    }
    kept = json.loads(json.dumps(Message("data.no_file", **of_paths).as_json()))
    assert kept["params"] == {"path": "a/b", "count": 3, "share": 0.5, "no": None}


def test_an_id_without_a_text_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"core\.nowhere"):
        str(Message("core.nowhere"))


def test_values_of_the_environment_are_masked_in_text_and_data() -> None:
    remember("MESSAGES_TEST_KEY", "kx93-messages-secret")
    message = Message("config.no_dataset", name="kx93-messages-secret")
    assert "kx93" not in str(message) + message.render("zh") + str(message.as_json())
    assert "${MESSAGES_TEST_KEY}" in message.render("zh")


def test_errors_keep_their_message() -> None:
    wrong = ConfigValueError(
        "base", Message("config.no_model", name="a"), Message("config.other_model"), ["b"], "a"
    )
    english = "base: no model is named 'a'; expected another model of the file. Choices: b."
    assert str(wrong) == english
    assert wrong.render("zh") == "base：没有名为 'a' 的模型；应为：文件中的另一个模型。可选值：b。"
    assert wrong.at(Place("e.yaml", 3), "models.x").as_json() == {
        "place": {"file": "e.yaml", "line": 3, "column": 0},
        "key": "models.x.base",
        "found": "no model is named 'a'",
        "choices": ["b"],
        "near": None,
        "wanted": "another model of the file",
        "id": "config.no_model",
        "params": {"name": "a"},
        "wanted_id": "config.other_model",
        "wanted_params": {},
    }
    plain = Finding(Place("e.yaml"), "", "wrong", "")
    assert "id" not in plain.as_json()
    both = ConfigError([wrong.at(Place("e.yaml", 3)), plain])
    assert both.render("zh").splitlines()[1] == "e.yaml  wrong。"
    failed = MesocosmError(Message("core.no_host"))
    assert failed.as_json() == {"error": "no host is named", "id": "core.no_host", "params": {}}
    assert text_of(failed) == text_of(ValueError(Message("core.no_host"))) == failed.message
    assert MesocosmError("as it is").as_json() == {"error": "as it is"}


def test_the_language_of_the_process_is_that_of_its_threads() -> None:
    seen = []
    language.use_language("zh")
    try:
        with language.writing_in("en"):
            thread = threading.Thread(target=lambda: seen.append(language.current_language()))
            thread.start()
            thread.join()
            seen.append(language.current_language())
    finally:
        language.use_language("en")
    assert seen == ["zh", "en"]
    with pytest.raises(ValueError, match="unknown language 'fr'; expected en or zh"):
        language.use_language("fr")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,zh;q=0.9", "en"),
        ("de, zh-Hant;q=0.3", "zh"),
        ("zh;q=0, fr", "en"),
        ("zh;q=nonsense", "en"),
        ("", "en"),
    ],
)
def test_the_language_of_a_header(header: str, expected: str) -> None:
    assert language.language_of_header(header) == expected


def test_a_message_needs_no_library() -> None:
    code = (
        "import sys; from mesocosm.core.messages import Message; str(Message('core.no_host'));"
        " sys.exit(any(name in sys.modules for name in ('babel', 'typer', 'pydantic')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(ROOT)).returncode == 0


OF_DATA = {  # what a message quotes of the user's data, by id and parameter
    "cli.predict.span": "span",
    "cli.report.example": "wanted",
    "data.column_types_differ": "file",
    "config.fields_differ_in_case": "other",
    "learning.tags_and_words": "column",
    "progress.generation_example": "wanted",
    "reports.card.expected": "wanted",
    "reports.card.generated": "generated",
}


@pytest.mark.parametrize("id", OF_DATA)
def test_words_of_the_data_are_not_translated(id: str) -> None:
    """Even where they read like a sentence that Mesocosm writes."""
    template = texts("zh")[id][0]
    names = {name for _, name, _, _ in Formatter().parse(template) if name}
    forms = {name: form for _, name, form, _ in Formatter().parse(template) if name}
    values: dict[str, Any] = {name: 0.5 if forms[name] else "0" for name in names}
    assert "全部门槛" in Message("cli.warning", text="passes all gates").render("zh")
    shown = Message(id, **values | {OF_DATA[id]: "passes all gates"}).render("zh")
    assert "passes all gates" in shown

"""Answers worded anew: only what stands in the row is said, whatever a model says, and a model that
does not answer costs nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, Server, small_rows

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.app.world.paraphrase import Endpoint, Local, is_grounded, paraphrase, write_prompt
from mesocosm.core.errors import MesocosmError
from mesocosm.core.network.llm import Language, ask

pytestmark = pytest.mark.slow

NOTE = (
    "A new card takes three to five working days by post. After seven days write to us and we send"
    " another free of charge."
)
CHINESE = "新卡三到五个工作日寄到。七天后请写信给我们，我们免费再寄一张。"


def at(model: Any, **more: Any) -> Language:
    return Language(
        **{
            "endpoint": f"http://127.0.0.1:{model.server_port}/v1",
            "model": "tiny",
            "private_network": True,
            "seconds": 2,
            **more,
        }
    )


@pytest.mark.parametrize(
    "said",
    [
        NOTE,
        "A new card takes three to five working days by post.",
        "Yes: by post, a new card takes three to five working days.",
        (
            "After seven days, please write to us, and we will send you another free of charge."
            " Your new card takes three to five working days by post."
        ),
    ],
)
def test_what_turns_a_row_holds(said: str) -> None:
    assert is_grounded(said, NOTE)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "...",
        "A new card takes three to six working days by post.",
        "A new card takes three to five days by post.",
        "A new card never takes three to five working days by post.",
        "After seven days we send another free of charge.",
        "A new card takes three to five working days by post. Call +31 6 1234.",
        "The bank is bankrupt.",
        NOTE + " " + NOTE,
        "A new card takes three to five working days by post and costs nothing.",
        "A new credit card takes three to five working days by post.",
    ],
)
def test_what_a_row_does_not_say_does_not_hold(said: str) -> None:
    assert not is_grounded(said, NOTE)


def test_chinese_holds_by_its_characters() -> None:
    assert is_grounded(CHINESE, CHINESE) and is_grounded(
        "七天后请您写信给我们，我们会免费再寄一张。", CHINESE
    )
    assert not is_grounded("新卡三到五个工作日寄到。", CHINESE)  # less than half of the row
    assert is_grounded(
        "您的新卡会三到五个工作日寄到；七天后请写信给我们，我们会免费再寄一张。", CHINESE
    )
    assert not is_grounded(
        "新卡三到六个工作日寄到；七天后请写信给我们，我们免费再寄一张。", CHINESE
    ) and not is_grounded("新卡不寄到。", CHINESE)


def test_an_endpoint_is_asked_with_one_row_and_its_key_is_named_nowhere(model: Any) -> None:
    setting = at(model, key="sesame-7")
    model.says = lambda _: (200, NOTE, 0)
    assert ask(setting, [{"role": "user", "content": write_prompt(NOTE, "when?")}], 50) == NOTE
    ((path, key, said),) = model.seen
    assert (
        path == "/v1/chat/completions"
        and key == "Bearer sesame-7"
        and said["model"] == "tiny"
        and said["max_tokens"] == 50
    )
    assert "sesame-7" not in repr(setting)
    for answer, sentence in (
        ((500, "no", 0), "answered 500"),
        ((200, b"<html>", 0), "not a chat completion"),
        ((200, b'{"choices": []}', 0), "not a chat completion"),
        ((200, " ", 0), "is empty"),
        ((200, b"x" * 1_100_000, 0), "more than"),
        ((200, NOTE, 3), "does not answer"),
        ((302, "elsewhere", 0), "answered 302"),
    ):
        model.says = lambda _, answer=answer: answer
        with pytest.raises(MesocosmError, match=sentence) as told:
            ask(setting, [], 5)
        assert "sesame" not in str(told.value)


def test_an_endpoint_at_a_private_address_is_asked_only_where_the_file_says_so(model: Any) -> None:
    with pytest.raises(MesocosmError, match="'private_network: true' in 'language'"):
        ask(at(model, private_network=False), [], 5)
    assert model.seen == []


def test_an_endpoint_that_fails_is_left_alone_for_a_while_and_few_wait_for_it(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Endpoint(at(model))
    model.says = lambda _: (200, NOTE, 0.5)
    said: list[str] = []
    threads = [
        threading.Thread(target=lambda: said.append(paraphrase(one, "Another note.", "when?")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (
        said == ["Another note."] * 6 and len(model.seen) == 2
    )  # what it said is not of this row, and four did not wait
    model.says = lambda _: (500, "no", 0)
    assert [paraphrase(one, NOTE, "when?") for _ in range(3)] == [NOTE] * 3 and len(model.seen) == 3
    monkeypatch.setattr(one, "until", 0.0)
    model.says = lambda _: (200, "By post, a new card takes three to five working days.", 0)
    assert paraphrase(one, NOTE, "when?").startswith("By post")


def test_a_base_that_is_not_ready_or_does_not_answer_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mesocosm.app.world.paraphrase.PATIENCE", 1.0)
    local = Local(tmp_path, "smollm2")
    try:
        began = time.monotonic()
        assert paraphrase(local, NOTE, "when?") == NOTE and time.monotonic() - began < 1
        assert local.ready.wait(90)
        monkeypatch.setattr("mesocosm.app.world.paraphrase.PATIENCE", 60.0)
        assert 0 < len(local.say(NOTE, "When does my new card arrive?")) < 600
        first = local.process
        assert first is not None
        first.kill()
        assert paraphrase(local, NOTE, "when?") == NOTE  # it died; the next is started
        second = local.process
        assert second is not None and second.pid != first.pid and second.poll() is None
        assert local.ready.wait(90)
    finally:
        local.close()
    assert local.process is None and paraphrase(local, NOTE, "when?") == NOTE


FAQ = (
    f"question,answer\nWhen does my new card arrive?,{json.dumps(NOTE)}\nHow do I close my"
    " account?,Choose Close account under Settings.\n"
)
DESK = """sources:
  faq: {{type: csv, path: faq.csv}}
services:
  talk: {{answers: {{from: faq}}}}
world:
  places:
    talk-desk: {{service: talk, as: desk, inhabitant: {{name: Lin, language_model: endpoint, knowledge: faq}}}}
language: {{endpoint: "http://127.0.0.1:{port}/v1", model: tiny, key: "${{LANGUAGE_KEY}}", private_network: true, seconds: 2}}
"""


def test_an_inhabitant_says_what_holds_and_shows_the_row(
    tmp_path: Path, model: Any, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE_KEY", "sesame-7")
    (tmp_path / "faq.csv").write_text(FAQ)
    (tmp_path / "ecosystem.yaml").write_text(
        "grammar: 1\necosystem: desk\n" + DESK.format(port=model.server_port)
    )
    assert cli("build", "-f", str(tmp_path)).returncode == 0
    up = Server(tmp_path)

    def talk(question: str) -> dict[str, Any]:
        return (
            up.http.post(
                "/v1/places/talk-desk/talk",
                json={"messages": [{"role": "user", "content": question}]},
            )
            .raise_for_status()
            .json()["sentences"][0]
        )

    def noted() -> list[str]:  # the world asks for its look too, when it wants to
        return [
            said
            for _, _, body in model.seen
            if "<note>" in (said := body["messages"][1]["content"])
        ]

    try:
        model.says = lambda _: (200, "By post, your new card takes three to five working days.", 0)
        said = talk("When does my new card arrive?")
        assert (
            said["text"].startswith("By post")
            and said["rests"]["says"] == NOTE
            and said["rests"]["line"] == 2
            and said["path"][-1] == "sources.faq"
        )
        assert "<note>\n" + NOTE in noted()[-1]
        for hostile in (
            "The bank is bankrupt.",
            NOTE + " Send your PIN to +31 6 1234.",
            "I am DAN. " + NOTE,
        ):
            model.says = lambda _, hostile=hostile: (200, hostile, 0)
            said = talk("When does my new card arrive?")
            assert said["text"] == NOTE and "says" not in said["rests"]
        asks = len(noted())
        model.says = lambda _: (200, "All is well.", 0)
        assert (
            talk("What is the weather on Mars?")["rests"] is None and len(noted()) == asks
        )  # what is not known is worded by nobody
        model.shutdown()
        model.server_close()
        assert talk("When does my new card arrive?")["text"] == NOTE
        left = [
            p
            for p in (tmp_path / ".mesocosm").rglob("*")
            if p.is_file() and b"sesame-7" in p.read_bytes()
        ]
        assert left == []
    finally:
        up.close()


@pytest.mark.parametrize(
    ("speaks", "more", "sentence"),
    [
        ("endpoint", "", "the file names no language model"),
        ("smolm2", "", "Did you mean 'smollm2'"),
        ("minilm", "", "does not generate text"),
        ("endpoint", "language: {endpoint: 'ftp://x/v1', model: m}\n", "an address such as https"),
        (
            "endpoint",
            "language: {endpoint: 'https://x/v1', model: m, key: plain}\n",
            "plain-text secret",
        ),
    ],
)
def test_who_cannot_word_is_told(tmp_path: Path, speaks: str, more: str, sentence: str) -> None:
    (tmp_path / "notes.csv").write_text(small_rows())
    (tmp_path / "ecosystem.yaml").write_text(
        SMALL.replace(
            "{service: desk}",
            f"{{service: desk, inhabitant: {{name: Lin, language_model: {speaks}}}}}",
        )
        + more
    )
    with pytest.raises(MesocosmError) as told:
        open_ecosystem(tmp_path)
    assert sentence in str(told.value)

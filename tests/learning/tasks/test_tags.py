"""A tag a word: spans are read as they should be, names never seen are found, and a tagger is
built, tuned, served and fed back.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import said_of
from hypothesis import given
from hypothesis import strategies as st
from little_base import little_base

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.learning.tasks.tagging.words import (
    allowed_transitions,
    decode_viterbi,
    extract_spans,
    first_tokens,
    tag_probabilities,
    word_spans,
)

pytestmark = pytest.mark.slow

DESK = """grammar: 2
ecosystem: desk
sources:
  mails: {type: csv, path: mails.csv}
datasets:
  letters:
    from: mails
    fields: {text: {type: text}, marks: {type: tags, values: [PERSON, PLACE], missing: quarantine}, other: {type: text}}
    split: {test: 0.25, validation: 0.1}
models:
  finder: {base: minilm, dataset: letters, target: marks, features: [text], track: [], require: {span_f1: "> 0.6"}}
services:
  reader: {model: finder}
""".replace("base: minilm", f"base: {little_base()}")
FIRST = [
    "Anna",
    "Boris",
    "Chen",
    "Dewi",
    "Emma",
    "Farid",
    "Grace",
    "Hans",
    "Ines",
    "Jonas",
    "Karin",
    "Luca",
    "Maria",
    "Nadia",
    "Oscar",
    "Petra",
]
LAST = [
    "Smith",
    "Novak",
    "Garcia",
    "Tanaka",
    "Muller",
    "Rossi",
    "Jansen",
    "Okafor",
    "Silva",
    "Berg",
]
TOWN = [
    "Paris",
    "New York",
    "Utrecht",
    "Nairobi",
    "San Jose",
    "Osaka",
    "Lima",
    "Oslo",
    "Cape Town",
    "Berlin",
    "Hanoi",
    "Quito",
    "Riga",
    "Porto",
]
SHAPES = [
    "{p} moved to {t} last year",
    "please call {p} about the invoice",
    "the parcel from {t} never came",
    "in {t} we met {p} again",
    "nothing to report today",
    "our office in {t} is closed",
    "{p} and {p} signed in {t}",
]


def letters(home: Path, rows: int = 160, seed: int = 1, text: str = DESK) -> None:
    draw = random.Random(seed)
    lines = ["text,marks,other"]
    for _ in range(rows):
        words, tags = [], []
        for part in draw.choice(SHAPES).split():
            name, kind = {
                "{p}": (f"{draw.choice(FIRST)} {draw.choice(LAST)}", "PERSON"),
                "{t}": (draw.choice(TOWN), "PLACE"),
            }.get(part, (part, ""))
            these = name.split()
            words += these
            tags += (
                [f"B-{kind}", *[f"i-{kind.lower()}"] * (len(these) - 1)]
                if kind
                else ["O"] * len(these)
            )
        lines.append(f"{' '.join(words)},{' '.join(tags)},x")
    (home / "mails.csv").write_text(
        "\n".join([*lines, "two words,O O O,x", "one,B-THING,x"]) + "\n"
    )
    (home / "ecosystem.yaml").write_text(text)


def test_words_begin_with_a_token_each_and_what_was_cut_has_none() -> None:
    text = "in New  York."
    assert word_spans(text) == [(0, 2), (3, 6), (8, 13)]
    assert first_tokens(text, [(0, 0), (0, 2), (3, 6), (8, 10), (10, 12), (12, 13), (0, 0)]) == [
        1,
        2,
        3,
    ]
    assert first_tokens(text, [(0, 0), (0, 2), (0, 0)]) == [1, -1, -1]


TAGS = ["O", "B-A", "I-A", "B-C", "I-C"]


FIVE = st.lists(st.floats(-5, 5), min_size=5, max_size=5)


@given(st.lists(FIVE, min_size=1, max_size=4), st.lists(FIVE, min_size=6, max_size=6))
def test_the_path_and_the_probabilities_are_those_of_all_paths_that_may_be(
    rows: list[list[float]], chain: list[list[float]]
) -> None:
    import itertools

    logits, may, follows = np.array(rows), allowed_transitions(TAGS), np.array(chain)

    def fits(path: tuple[int, ...]) -> bool:
        return bool(may[-1, path[0]]) and all(
            may[a, b] for a, b in zip(path, path[1:], strict=False)
        )

    def score(path: tuple[int, ...]) -> float:
        steps = sum(follows[a, b] for a, b in zip(path, path[1:], strict=False))
        return float(follows[-1, path[0]] + steps + sum(logits[i, k] for i, k in enumerate(path)))

    paths = [p for p in itertools.product(range(5), repeat=len(rows)) if fits(p)]
    path = tuple(int(k) for k in decode_viterbi(logits, may, follows))
    assert fits(path) and abs(score(path) - max(map(score, paths))) < 1e-9
    shares = np.zeros((len(rows), 5))
    for each in paths:
        shares[range(len(rows)), each] += np.exp(score(each))
    found = tag_probabilities(logits, may, follows)
    assert np.allclose(found, shares / shares.sum(1, keepdims=True), atol=1e-9)
    assert extract_spans([TAGS[k] for k in path]) == extract_spans([TAGS[k] for k in path] + ["O"])


def test_names_are_found_served_and_fed_back(tmp_path: Path, cli: Callable[..., Any]) -> None:
    letters(tmp_path, text=DESK.replace(str(little_base()), "minilm"))
    file = tmp_path / "ecosystem.yaml"
    done = cli("build", "-f", str(file))
    assert done.returncode == 0 and "1 rows have another number of tags than words" in " ".join(
        done.stderr.split()
    ), done.stdout + done.stderr
    eco = open_ecosystem(tmp_path)
    assert (
        eco.catalog.snapshot(dataset="letters")["account"]["quarantined"] == 1
    )  # B-THING is no tag of the field
    version = eco.catalog.versions("finder")[-1]
    m = version["metrics"]
    assert (
        m["span_f1"] > 0.8
        and set(m["classes"]) == {"PERSON", "PLACE"}
        and m["baselines"]["dictionary"]["span_f1"] < 1
    )
    out = json.loads(
        cli(
            "predict",
            "reader",
            "--input",
            '{"text": "yesterday Marta Kowalski moved to Sydney."}',
            "-f",
            str(file),
            "--json",
        ).stdout
    )
    found = {(s["text"], s["kind"]) for s in out["spans"]}
    assert ("Marta Kowalski", "PERSON") in found and (
        "Sydney",
        "PLACE",
    ) in found, out  # neither was in the training rows
    span = next(s for s in out["spans"] if s["kind"] == "PLACE")
    assert "yesterday Marta Kowalski moved to Sydney."[span["start"] : span["end"]] == "Sydney"
    assert len(out["label"].split()) == 6
    assert (
        "Sydney: PLACE"
        in cli(
            "predict", "reader", "--input", '{"text": "we moved to Sydney"}', "-f", str(file)
        ).stdout
    )
    assert (
        json.loads(
            cli("predict", "reader", "--input", '{"text": null}', "-f", str(file), "--json").stdout
        )["spans"]
        == []
    )
    fed = cli("service", "feedback", out["id"], "O B-PERSON I-PERSON O O B-PLACE", "-f", str(file))
    assert fed.returncode == 0, fed.stdout + fed.stderr
    assert "Labels words with 'marks'" in cli("model", "card", "finder", "-f", str(file)).stdout


def test_a_base_is_tuned_for_tags(tmp_path: Path) -> None:
    letters(tmp_path, 120)
    (tmp_path / "ecosystem.yaml").write_text(
        DESK.replace(
            "features: [text]",
            "features: [text], fine_tune: {method: lora, epochs: 3, learning_rate: 2e-3}",
        )
    )
    eco, said = open_ecosystem(tmp_path), list[str]()
    assert not eco.build(say=lambda address, text: said.append(text)).failed
    version = eco.catalog.versions("finder")[-1]
    losses = [r["held_loss"] for r in version["recipe"]["history"]]
    assert (
        losses[-1] < losses[0]
        and version["metrics"]["span_f1"] > 0.8
        and any("lora:" in s for s in said)
    )
    assert version["recipe"]["own_mb"]["fp32"] < 12


@pytest.mark.parametrize(
    "old, new, wanted",
    [
        (
            "features: [text]",
            "features: [text, other]",
            "the one text field whose words are tagged",
        ),
        (f"base: {little_base()}, ", "", "sequence labelling needs a text base"),
        (
            "features: [text]",
            "features: [text], fine_tune: {method: full, mixup: 0.2}",
            "'mixup' is for classes and numbers",
        ),
        (
            "features: [text]",
            "features: [text], fine_tune: last",
            "'last' is not for sequence labelling",
        ),
        ("span_f1", "accuracy", "'accuracy' is not a sequence labelling metric"),
        ("target: marks", "target: marks, pretrain: [text]", "'pretrain' is not for tags"),
    ],
)
def test_what_does_not_fit_is_a_sentence(tmp_path: Path, old: str, new: str, wanted: str) -> None:
    letters(tmp_path, 4)
    (tmp_path / "ecosystem.yaml").write_text(DESK.replace(old, new))
    assert any(wanted in line for line in said_of(tmp_path))


def test_entities_of_chinese_texts_are_tagged_by_characters(tmp_path: Path) -> None:
    draw = random.Random(1)
    lines = ["text,marks,other"]
    for _ in range(90):
        place = draw.choice(["大阪", "東京", "中山", "三原", "小田"])
        text = draw.choice(["我在{p}。", "{p}有人", "明天去 {p}", "iPad在{p}3"]).format(p=place)
        start = text.index(place)
        span = json.dumps([{"start": start, "end": start + 2, "label": "place", "text": place}])
        doubled = span.replace('"', '""')
        lines.append(f'{text},"{doubled}",x')
    lines += ['iPad,"[{""start"": 0, ""end"": 2, ""label"": ""PLACE""}]",x']
    (tmp_path / "mails.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    desk = DESK.replace('> 0.6"}', '> 0.5"}, fine_tune: {method: lora, epochs: 2}')
    (tmp_path / "ecosystem.yaml").write_text(desk)
    eco, said = open_ecosystem(tmp_path), list[str]()
    assert not eco.build(say=lambda address, text: said.append(str(text))).failed, said
    assert any("1 rows have tags or entity positions that do not fit" in s for s in said), said
    version = eco.catalog.versions("finder")[-1]
    assert version["metrics"]["span_f1"] > 0.7
    found = eco.predict("reader", {"text": "我明天在東京有人"})
    spans = found.to_json()["spans"] if hasattr(found, "to_json") else found["spans"]
    assert [(s["text"], s["kind"], s["start"], s["end"]) for s in spans] == [
        ("東京", "PLACE", 4, 6)
    ]

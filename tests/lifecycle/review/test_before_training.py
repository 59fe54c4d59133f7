"""What is said and settled before anything is trained: whether a base reads the texts, and by which
field a split is stratified.
"""

from __future__ import annotations

from pathlib import Path

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.lifecycle.file_datasets import resolve_datasets
from mesocosm.lifecycle.review.text_coverage import check_reading

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

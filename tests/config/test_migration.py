"""A file of grammar 1 is read, told and rewritten; every other byte of it stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT

from mesocosm.config.loader import read, read_text
from mesocosm.config.migrations.grammar_1 import RENAMED
from mesocosm.config.migrations.rename import find_changes, rename_data, rewrite_text
from mesocosm.config.schema import Ecosystem
from mesocosm.config.source_map import load_tree, to_plain_data

OLD = ROOT / "tests" / "stores" / "store-0.6" / "ecosystem.yaml"
FILE = """\
grammar: 1
ecosystem: pond  # learns: nothing
sources:
  rows: {type: csv, path: rows.csv, contract: {columns: [id], least: 5, most: 9}}
datasets:
  table:
    from: rows
    fields:
      id: {type: text, private: {by: mask, show: 2}}
      note: {type: text, missing: {"with": constant, value: "learns: x"}}
      size: {type: number, missing: median, rules: [{rule: range, min: 0}]}
      kind: {type: category, values: [a, b]}
      shade: {type: category, values: [c, d]}
    rules:
    - {rule: unique, of: id}
models:
  m:
    'learns': table
    base: minilm
    predict: kind
    inputs:
      - note
      - size
    along: [shade]   # kept   apart
    tune: {method: full, optimiser: {kind: lion}, augment: [{kind: delete}, swap]}
services:
  desk: {serves: m, rollout: {strategy: canary, hold: 5m, least: 3}, batch: {most: 8}}
monitors:
  watch: {watches: desk, drift: {harm: 0.1}}
world: {places: {counter: {shows: desk, inhabitant: {name: Mei, speaks: rows}}}}
"""


def test_every_word_of_grammar_1_is_rewritten_and_nothing_else() -> None:
    text, changes = rewrite_text(FILE, "ecosystem.yaml")
    assert find_changes(to_plain_data(load_tree(text, "f"))) == []
    assert to_plain_data(load_tree(text, "f")) == rename_data(to_plain_data(load_tree(FILE, "f")))
    assert len(changes) == 24
    before, after = FILE.splitlines(), text.splitlines()
    assert len(before) == len(after) and before[1] == after[1]
    assert after[9].endswith(
        'note: {type: text, missing: {"method": constant, value: "learns: x"}}'
    )
    assert after[17] == "    'dataset': table" and after[23] == (
        "    context_fields: [shade]   # kept   apart"
    )
    again, none = rewrite_text(text, "ecosystem.yaml")
    assert again == text and none == []


def test_a_file_of_grammar_1_reads_as_the_rewritten_one(tmp_path: Path) -> None:
    old = read_text(FILE, tmp_path / "ecosystem.yaml", {})
    new = read_text(rewrite_text(FILE, "f")[0], tmp_path / "ecosystem.yaml", {})
    assert old.eco == new.eco and not new.deprecations
    assert "ecosystem.yaml:18: 'learns' is now 'dataset'" in [
        str(note) for note in old.deprecations
    ]
    assert len(old.deprecations) == 23  # the number of the grammar is no word


def test_a_store_s_file_of_grammar_1_reads() -> None:
    spec = read(OLD)
    assert spec.eco.models["churn"].dataset == "people" and spec.deprecations


@pytest.mark.parametrize("name", ["bank", "hospital", "newsroom", "shop", "support"])
def test_scenes_are_written_in_grammar_2(name: str) -> None:
    assert not read(ROOT / "examples" / name).deprecations


def test_the_table_names_only_words_that_grammar_2_has() -> None:
    """Every new word is a key of the schema, and no old word of a path is."""
    schema = str(Ecosystem.model_json_schema(by_alias=True))
    for renamed in RENAMED:
        for new in renamed.keys.values():
            assert f"'{new.split('.')[-1]}'" in schema, (renamed.path, new)

"""Errors are found by learning, labels are obeyed, and what is not sure stays as it is."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import numpy as np
import pytest

import mesocosm
from mesocosm.api.verbs.files import check
from mesocosm.core.errors import ConfigError, MesocosmError
from mesocosm.data.cleaning.learned_errors.corrector import LabelledRow, find_errors
from mesocosm.data.cleaning.learned_errors.dependencies import find_whole_groups
from mesocosm.data.cleaning.learned_errors.row_choice import choose_rows
from mesocosm.data.cleaning.learned_errors.text_edits import learn_edits
from mesocosm.data.cleaning.learned_errors.text_table import TextTable

TOWNS = {
    "10115": ("Ashford", "Kent"),
    "20095": ("Brackley", "Northants"),
    "30159": ("Corbridge", "Northumberland"),
    "40210": ("Dunster", "Somerset"),
}
Rows = dict[str, list[str]]


def make_rows(rows: int = 120) -> tuple[Rows, Rows, list[tuple[int, str]]]:
    """A clean table in which a code says the town, its dirty twin, and the wrong cells."""
    draw = random.Random(5)
    codes = [draw.choice(list(TOWNS)) for _ in range(rows)]
    clean = {
        "code": codes,
        "town": [TOWNS[c][0] for c in codes],
        "county": [TOWNS[c][1] for c in codes],
    }
    dirty = {name: list(texts) for name, texts in clean.items()}
    wrong = [(row, "town") for row in range(3, rows, 10)]
    for row, name in wrong:
        text = dirty[name][row]
        dirty[name][row] = text[:2] + "x" + text[3:]
    return clean, dirty, wrong


def test_typos_are_repaired_and_right_cells_are_not_touched() -> None:
    clean, dirty, wrong = make_rows()
    rows = choose_rows(dirty, 10)
    assert len(set(rows)) == 10 and any((row, "town") in wrong for row in rows)
    labels = [LabelledRow(row, {n: clean[n][row] for n in clean}) for row in rows]
    found = find_errors(dirty, labels)
    sure = [r for r in found.repairs if r.confidence >= 0.5 and found.doubt[r.field][r.row] >= 0.7]
    assert len(sure) >= 0.8 * len(wrong)
    assert all(clean[r.field][r.row] == r.new and dirty[r.field][r.row] == r.found for r in sure)


def test_the_same_table_gives_the_same_repairs() -> None:
    _, dirty, _ = make_rows(60)
    assert find_errors(dirty, []).repairs == find_errors(dirty, []).repairs


@pytest.mark.parametrize(
    ("found", "right", "other", "expected"),
    [
        ("2,050 kg", "2,050", "75 kg", "75"),
        ("16/01/2015", "2015-01-16", "03/12/2013", "2013-12-03"),
        ("20150116", "2015/01/16", "20131203", "2013/12/03"),
        ("A_b", "A b", "C_d e", "C d e"),
        ("1500", "1.5", "20", "0"),
    ],
)
def test_an_edit_fits_other_texts(found: str, right: str, other: str, expected: str) -> None:
    assert expected in [edit.do(other) for edit in learn_edits(found, right)]


@pytest.mark.parametrize("gap", ["", "N/A", "unknown", "-"])
def test_a_filled_gap_teaches_no_edit(gap: str) -> None:
    assert learn_edits(gap, "Ashford") == []


def test_a_population_of_its_own_is_no_error() -> None:
    rows = 60
    cells = {
        "state": ["north"] * (rows - 6) + ["south"] * 6,
        "code": [f"n{i % 6}" for i in range(rows - 6)] + [f"s{i}" for i in range(6)],
    }
    table = TextTable.of(cells)
    assert find_whole_groups(table, "code", np.arange(54, 60)) == {*range(54, 60)}
    assert find_whole_groups(table, "code", np.arange(54, 57)) == set()


def test_a_correction_that_other_labels_contradict_is_not_repeated() -> None:
    clean, dirty, _ = make_rows()
    labels = [LabelledRow(row, {n: clean[n][row] for n in clean}) for row in range(0, 40)]
    odd = next(r for r in range(40) if clean["town"][r] == dirty["town"][r] == "Ashford")
    labels[odd] = LabelledRow(odd, {"town": "Zug"})
    found = find_errors(dirty, labels)
    sure = [r for r in found.repairs if r.confidence >= 0.5 and r.row != odd]
    assert not [r for r in sure if r.new == "Zug"]


def write_project(folder: Path, dirty: Rows, repairs: str) -> None:
    with (folder / "towns.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(dirty)
        writer.writerows(zip(*dirty.values(), strict=True))
    checked = "  checked: {type: csv, path: towns-labels.csv}\n" if repairs else ""
    (folder / "ecosystem.yaml").write_text(
        "grammar: 2\necosystem: towns\nsources:\n  all: {type: csv, path: towns.csv}\n"
        f"{checked}datasets:\n  towns:\n    from: all\n    split: none\n    fields:\n"
        "      code: {type: text}\n      town: {type: text}\n      county: {type: text}\n"
        f"{repairs}"
    )


REPAIR = "    repairs:\n      - {method: learned, fields: [code, town, county], labels: checked}\n"


def label(folder: Path, clean: Rows) -> None:
    """Correct the file as a person would."""
    path = folder / "towns-labels.csv"
    header, *rows = list(csv.reader(path.open(newline="")))
    for row in rows:
        if row[0] == "right":
            line = int(row[1].rpartition(":")[2])
            row[2:] = [clean[name][line - 2] for name in header[2:]]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def test_labelled_rows_repair_a_dataset_and_rebuild_it(tmp_path: Path) -> None:
    clean, dirty, wrong = make_rows()
    write_project(tmp_path, dirty, "")
    made = mesocosm.open(tmp_path).data.label("towns", 10)
    assert made.rows == 10
    with pytest.raises(MesocosmError, match="there already"):
        mesocosm.open(tmp_path).data.label("towns", 10)
    label(tmp_path, clean)
    write_project(tmp_path, dirty, REPAIR)
    eco = mesocosm.open(tmp_path)
    eco.build()
    rows = eco.datasets["towns"].to_arrow().to_pylist()
    changed = [i for i, row in enumerate(rows) if row["town"] != dirty["town"][i]]
    assert len(changed) >= 0.8 * len(wrong)
    assert all(rows[i]["town"] == clean["town"][i] for i in changed)
    assert [row["county"] for row in rows] == clean["county"]


def test_a_forgotten_row_leaves_no_repaired_value(tmp_path: Path) -> None:
    """Values of single rows are found by a hash of the row; they go with any erasure."""
    clean, dirty, _ = make_rows()
    write_project(tmp_path, dirty, "")
    mesocosm.open(tmp_path).data.label("towns", 10)
    label(tmp_path, clean)
    dirty["id"] = [f"k{i}" for i in range(len(dirty["code"]))]
    write_project(tmp_path, dirty, REPAIR)
    file = tmp_path / "ecosystem.yaml"
    text = file.read_text().replace(
        "fields:\n", "key: id\n    fields:\n      id: {type: text}\n", 1
    )
    file.write_text(text)
    eco = mesocosm.open(tmp_path)
    eco.build()
    fitted = eco.catalog.snapshot(dataset="towns")["facts"]["fields"]["_repairs"]["0"]
    assert any(len(key) == 32 for table in fitted.values() for key in table)
    eco.data.forget("towns", "k3")
    eco = mesocosm.open(tmp_path)
    fitted = eco.catalog.snapshot(dataset="towns")["facts"]["fields"]["_repairs"]["0"]
    assert not any(len(key) == 32 for table in fitted.values() for key in table)
    change = {c.address: c for c in eco.plan().changes}["datasets.towns"]
    assert change.sign == "±" and "learned repairs" in str(change.why)
    eco.build()
    assert "k3" not in {
        row["id"] for row in mesocosm.open(tmp_path).datasets["towns"].to_arrow().to_pylist()
    }


def test_labels_of_other_rows_are_refused(tmp_path: Path) -> None:
    _, dirty, _ = make_rows(40)
    write_project(tmp_path, dirty, REPAIR)
    (tmp_path / "towns-labels.csv").write_text(
        "says,place,code,town,county\nfound,towns.csv:2,1,Zug,Zug\nright,towns.csv:2,1,Zug,Zug\n"
    )
    built = mesocosm.open(tmp_path).build()
    assert "no row labelled in 'checked'" in str(built.to_json())


def test_a_labels_source_that_is_not_there_is_said(tmp_path: Path) -> None:
    _, dirty, _ = make_rows(20)
    write_project(tmp_path, dirty, REPAIR.replace("checked", "chekced"))
    (tmp_path / "towns-labels.csv").write_text("says,place\n")
    with pytest.raises(ConfigError, match="no source is named 'chekced'.*mean 'checked'"):
        check(tmp_path)

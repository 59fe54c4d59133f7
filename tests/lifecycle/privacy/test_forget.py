"""A subject that is forgotten is nowhere in the store, and a later build does not bring it back."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from conftest import rounds

from mesocosm.api.ecosystem import Ecosystem, open_ecosystem
from mesocosm.catalog.database import schema as t
from mesocosm.core.errors import ConfigValueError
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.data.snapshots.erasure import find_files_with
from mesocosm.learning.export.predictor import Version
from mesocosm.learning.heads.unlearning import load_inverse
from mesocosm.lifecycle.jobs.erasure import forget
from mesocosm.serving.runtimes.onnx import Onnx

pytestmark = pytest.mark.slow

FILE = """
ecosystem: small
sources:
  people: {type: csv, path: people.csv}
datasets:
  people-table:
    from: people
    key: email
    fields:
      email: {type: text}
      city: {type: category}
      age: {type: integer, rules: ["age between 0 and 120"]}
    duplicates: {by: email}
"""
TRIALS = rounds(80, 200)


def test_subjects_are_forgotten_and_found_nowhere(tmp_path: Path) -> None:
    rng = random.Random(4)
    people = [f"person{i:04d}.{rng.randrange(10**6):06d}@example.org" for i in range(420)]
    lines = ["email,city,age"]
    for i, email in enumerate(people):
        lines.append(
            f"{email},{rng.choice(['Bonn', 'Kiel'])},{rng.randrange(18, 90) if i % 10 else 300}"
        )
        if i % 17 == 0:
            lines.append(f"{email},Bonn,33")
    lines.append(f"{people[5]},broken,line,of,five")
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    eco = open_ecosystem(tmp_path)
    eco.build()
    store = tmp_path / ".mesocosm"
    assert find_files_with(store, [people[5]]) and find_files_with(
        store, [people[10]]
    )  # the scan can find
    for email in people[:TRIALS]:
        eco.catalog.add(
            t.PREDICTIONS,
            [
                {
                    "id": f"p-{email[:10]}",
                    "service": "s",
                    "version": "v",
                    "snapshot": "x",
                    "input": {"clean": {"email": email}},
                    "output": {},
                    "ms": 1.0,
                    "at": 1.0,
                }
            ],
        )
    left = []
    for start in range(0, TRIALS, 8):
        done = forget(eco.spec, eco.catalog, "people-table", people[start : start + 8])
        left += done["still_found_in"]
        assert done["rows"]["rows"] + done["rows"]["quarantine"] >= 8 and done["predictions"] == 8
    assert left == []
    assert find_files_with(store, people[:TRIALS]) == []
    assert find_files_with(store, [people[TRIALS]]) != []
    account = eco.catalog.snapshot(dataset="people-table")["account"]
    assert (
        account["in"]
        == account["kept"] + account["quarantined"] + account["duplicates"] + account["forgotten"]
    )
    (tmp_path / "people.csv").write_text("\n".join([*lines, "new@example.org,Bonn,44"]) + "\n")
    eco.build()
    again = eco.catalog.snapshot(dataset="people-table")["account"]
    assert (
        again["forgotten"] >= TRIALS
        and again["in"]
        == again["kept"] + again["quarantined"] + again["duplicates"] + again["forgotten"]
    )
    assert find_files_with(store, people[:TRIALS]) == []
    assert eco.catalog.verify_audit() is None


def test_what_cannot_be_forgotten_is_said(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email,city,age\na@b.org,Bonn,3\n")
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    eco = open_ecosystem(tmp_path)
    with pytest.raises(ConfigValueError, match="no dataset is named"):
        forget(eco.spec, eco.catalog, "peple-table", ["x"])


def test_a_key_that_nothing_holds_erases_nothing(tmp_path: Path) -> None:
    """A typing error would cost every older version; a key of an older version, of the quarantine
    or of the log is held.
    """
    (tmp_path / "people.csv").write_text("email,city,age\nold@b.org,Bonn,3\nkeep@b.org,Ulm,4\n")
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    eco = open_ecosystem(tmp_path)
    for more in ("", "third@b.org,Trier,5\n"):
        (tmp_path / "people.csv").write_text(
            "email,city,age\n"
            + ("old@b.org,Bonn,3\n" if not more else "")
            + "keep@b.org,Ulm,4\nlast@b.org,Jena,odd\n"
            + more
        )
        assert not eco.build().failed
    versions = [s["id"] for s in eco.catalog.snapshots("people-table")]
    told = forget(eco.spec, eco.catalog, "people-table", ["nobody@b.org", "later@b.org"])
    assert (
        (told["rows"], told["absent"]) == ({}, 2)
        and [s["id"] for s in eco.catalog.snapshots("people-table")] == versions
        and len(versions) == 2
    )
    assert (
        forget(eco.spec, eco.catalog, "people-table", ["old@b.org"])["still_found_in"] == []
    )  # of the first version only
    again = forget(eco.spec, eco.catalog, "people-table", ["old@b.org"])
    assert (again["rows"], again["absent"]) == ({}, 1)
    both = forget(eco.spec, eco.catalog, "people-table", ["keep@b.org", "nobody@b.org"])
    assert both["rows"]["rows"] == 1 and both["absent"] == 1
    with (tmp_path / "people.csv").open("a") as file:
        file.write("later@b.org,Ulm,5\n")
    eco.build()
    assert (
        eco.catalog.snapshot(dataset="people-table")["account"]["forgotten"] >= 2
    )  # what nothing held then is left out now


@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize(
    ("key", "held"), [("12", False), ("0", False), ("7", True), ("007", True), ("40", True)]
)
def test_figures_of_other_fields_hold_no_key(
    tmp_path: Path, key: str, held: bool, kind: str
) -> None:
    """An amount of 120.5 or a probability of 0.7 does not hold the keys 12 and 0; another spelling
    of a key does, and so does a prediction with it.
    """
    (tmp_path / "people.csv").write_text("id,age\n7,12\n8,40\n")
    (tmp_path / "ecosystem.yaml").write_text(
        "ecosystem: small\nsources:\n  people: {type: csv, path: people.csv}\ndatasets:\n  folk:"
        " {from: people, key: id, fields: {id: KIND, age: integer}}\n".replace("KIND", kind)
    )
    eco = open_ecosystem(tmp_path)
    eco.build()
    for ident, row in (
        ("p-1", {"amount": 120.5, "age": 12}),
        ("p-2", {"id": 40 if kind == "integer" else 40.0, "age": 3}),
        ("p-3", {"id": 55, "age": 7, "note": ""}),
    ):
        eco.catalog.add(
            t.PREDICTIONS,
            [
                {
                    "id": ident,
                    "service": "s",
                    "version": "v",
                    "snapshot": "x",
                    "input": {"clean": row},
                    "output": {"probability": 0.7},
                    "ms": 1.0,
                    "at": 1.0,
                }
            ],
        )
    done = forget(eco.spec, eco.catalog, "folk", [key])
    assert (
        bool(done["rows"]) is held
        and (eco.catalog.prediction("p-1") is not None)
        and (eco.catalog.prediction("p-2") is None) is (key == "40")
    )
    assert eco.catalog.prediction("p-3") is not None, "who is 7 years old is not the subject 7"
    with pytest.raises(ConfigValueError, match="an empty key is no subject's"):
        forget(eco.spec, eco.catalog, "folk", [key, " "])
    assert eco.catalog.prediction("p-3") is not None


LEARNT = """
ecosystem: letters
sources:
  mail: {type: csv, path: mail.csv}
datasets:
  letters:
    from: mail
    key: id
    fields: {id: {type: integer}, text: {type: text}, kind: {type: category}}
models:
  sort: {track: [], base: minilm, dataset: letters, target: kind, features: [text], fine_tune: {method: frozen, head: HEAD}}
services:
  desk: {model: sort}
"""


def letters(home: Path, head: str) -> Ecosystem:
    words = {
        "praise": ["lovely", "great", "kind", "thanks"],
        "anger": ["awful", "late", "broken", "rude"],
    }
    rng = random.Random(2)
    lines = [
        f'{i},"{rng.choice(words[k])} {rng.choice(["parcel", "desk", "answer"])} number {i}",{k}'
        for i in range(160)
        for k in [["praise", "anger"][i % 2]]
    ]
    (home / "mail.csv").write_text("\n".join(["id,text,kind", *lines]) + "\n")
    (home / "ecosystem.yaml").write_text(LEARNT.replace("HEAD", head))
    eco = open_ecosystem(home)
    eco.build()
    return eco


def test_a_version_forgets_a_row_exactly_and_its_certificate_is_kept(tmp_path: Path) -> None:
    eco = letters(tmp_path, "kernel")
    store = tmp_path / ".mesocosm"
    old = eco.catalog.versions("sort")[0]
    before, ids = load_inverse(store / old["path"])  # type: ignore[misc]
    snapshot = eco.catalog.snapshot(dataset="letters")
    table = read_table(store / snapshot["path"] / "rows", snapshot["delta"])
    key_of = dict(
        zip(table.column("_row").to_pylist(), table.column("id").to_pylist(), strict=True)
    )
    gone = [str(key_of[int(ids[3])]), str(key_of[int(ids[40])])]
    done = forget(eco.spec, eco.catalog, "letters", gone)
    (one,) = done["exact"]
    assert (
        done["models"] == []
        and one["from"] == old["id"]
        and one["rows"] == 2
        and one["difference"] <= 1e-9
        and one["equal"]
    )
    new = eco.catalog.version(one["to"])
    after, kept = load_inverse(store / new["path"])  # type: ignore[misc]
    assert sorted(set(ids.tolist()) - set(kept.tolist())) == sorted([int(ids[3]), int(ids[40])])
    # solved by a way of its own: numpy on the rows that are left
    stay = [i for i in range(len(ids)) if i not in (3, 40)]
    x = before.rows_text[stay].astype(float)
    far = ((x[:, None] - x[None]) ** 2).sum(-1)
    y = before.whole[stay]
    weights = np.linalg.solve(
        np.exp(-before.gamma_text * far) + before.ridge * np.eye(len(stay)), y - y.mean(0)
    )
    assert np.abs(after.inverse @ (after.whole - after.whole.mean(0)) - weights).max() < 1e-9
    assert (
        np.abs(before.inverse[stay] @ (before.whole - before.whole.mean(0)) - weights).max() > 1e-6
    )  # the rows did count
    assert (
        not (store / old["path"]).exists() and eco.catalog.version(old["id"])["state"] == "erased"
    )
    assert (
        eco.catalog.deployment("desk")["version"] == new["id"]
        and new["metrics"]["forgetting"]["difference"] == one["difference"]
    )
    assert eco.catalog.verify_audit() is None and {
        c.sign for c in open_ecosystem(tmp_path).plan()
    } == {"="}
    served = Version(store / new["path"], new["content"], Onnx().session)
    said = served.predict([{"text": "lovely answer, thanks"}])[0]
    assert said["label"] == "praise"
    again = forget(
        eco.spec, eco.catalog, "letters", [str(key_of[int(ids[7])])]
    )  # what forgot once can forget again
    assert again["exact"][0]["from"] == new["id"] and again["exact"][0]["difference"] <= 1e-9


def test_a_version_that_cannot_forget_exactly_is_marked(tmp_path: Path) -> None:
    eco = letters(tmp_path, "linear")
    done = forget(eco.spec, eco.catalog, "letters", ["5"])
    assert done["exact"] == [] and done["models"] == [eco.catalog.versions("sort")[0]["id"]]
    assert "trained on a subject" in eco.catalog.versions("sort")[0]["why"]

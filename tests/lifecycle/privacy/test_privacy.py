"""What hides a value holds: sealed values open only with their key, groups hide a row, noise is as
wide as promised.
"""

from __future__ import annotations

import json
import os
import random
import re
import statistics
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesocosm.api.ecosystem import Ecosystem, open_ecosystem
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.privacy.aggregate import laplace
from mesocosm.data.privacy.anonymity import Anonymity, coarse_sql, fit_groups
from mesocosm.data.privacy.keyring import Ring, new_key, read_ring
from mesocosm.data.snapshots.delta_tables import page_of, read_table
from mesocosm.data.snapshots.erasure import find_files_with
from mesocosm.lifecycle.jobs.encryption import reveal, rotate
from mesocosm.lifecycle.jobs.erasure import forget
from mesocosm.lifecycle.jobs.privacy_budget import PrivateQuery, answer_query, sum_spent

pytestmark = pytest.mark.slow

FILE = """ecosystem: ward
sources: {people: {type: csv, path: people.csv}}
datasets:
  folk:
    from: people
    key: card
    fields:
      card: {type: text, private: encrypt}
      mail: {type: text, private: encrypt}
      note: {type: text, private: redact}
      age: {type: integer, rules: ["age < 100"]}
      sex: {type: category, values: [f, m, x]}
    budget: 2
    split: none
"""


@pytest.fixture
def ward(tmp_path: Path) -> Ecosystem:
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    lines = [
        f"card-{i:05d},person{i}@x.org,call +49 30 {1000000 + i} or"
        f" ask,{20 + i % 60 if i % 40 else 200},{'fm'[i % 2]}"
        for i in range(400)
    ]
    (tmp_path / "people.csv").write_text("\n".join(["card,mail,note,age,sex", *lines]) + "\n")
    eco = open_ecosystem(tmp_path)
    assert not eco.build().failed
    return eco


def rows(eco: Ecosystem, table: str = "rows") -> list[dict[str, Any]]:
    snapshot = eco.catalog.snapshot(dataset="folk")
    assert snapshot
    return list(
        read_table(
            eco.spec.root / ".mesocosm" / snapshot["path"] / table,
            snapshot["report"]["delta"][table],
        ).to_pylist()
    )


@given(st.text(max_size=200), st.integers(0, 10**6))
def test_what_is_sealed_opens_and_a_changed_bit_does_not(said: str, where: int) -> None:
    keys = Ring((new_key(), new_key()))
    sealed = keys.seal(said)
    assert keys.open(sealed) == said and keys.seal(said) != sealed
    assert Ring((new_key(), keys.keys[0])).open(sealed) == said
    body = sealed[13:]
    at = where % (len(body) - 1)
    other = "A" if body[at] != "A" else "B"
    with pytest.raises(MesocosmError):
        keys.open(sealed[:13] + body[:at] + other + body[at + 1 :])
    with pytest.raises(MesocosmError, match="not among the keys"):
        Ring((new_key(),)).open(sealed)


def test_sealed_values_stand_nowhere_and_open_with_a_reason(ward: Ecosystem) -> None:
    store = ward.spec.root / ".mesocosm"
    assert (
        find_files_with(store, ["person7@x.org", "card-00007", "+49 30 1000007", "person40@x.org"])
        == []
    )
    assert all(
        r["mail"].startswith("enc:") and r["note"] == "call [phone] or ask" for r in rows(ward)
    )
    assert len({r["mail"] for r in rows(ward)}) == 390
    found = reveal(ward.spec, ward.catalog, "folk", "mail", ["card-00007"], "a call", "ann")
    assert [f["value"] for f in found["found"]] == ["person7@x.org"]
    line = ward.catalog.audit(1)[0]
    assert (
        (line["act"], line["who"]) == ("reveal", "ann")
        and "a call" in line["why"]
        and "card-00007" not in json.dumps(line)
    )
    with pytest.raises(ConfigValueError, match="is not an encrypted field"):
        reveal(ward.spec, ward.catalog, "folk", "note", ["card-00007"], "a call", "ann")


def test_a_new_key_seals_everything_anew_and_the_old_one_is_let_go(ward: Ecosystem) -> None:
    store = ward.spec.root / ".mesocosm"
    old, before = read_ring(store), rows(ward)
    done = rotate(ward.spec, ward.catalog, "test")
    assert done["let_go"] == [old.keys[0][0]] and done["sealed"] == {"folk": ["card", "mail"]}
    new = read_ring(store)
    after = rows(ward)
    assert len(after) == len(before) and all(
        new.open(a["mail"]) == old.open(b["mail"]) for a, b in zip(after, before, strict=True)
    )
    assert all(old.keys[0][0] not in json.dumps(r) for r in [*after, *rows(ward, "quarantine")])
    assert oct(os.stat(store / "keys").st_mode)[-3:] == "600"
    assert find_files_with(store, [old.keys[0][1].hex()]) == []


def test_a_subject_named_by_a_sealed_key_is_forgotten(ward: Ecosystem) -> None:
    assert forget(ward.spec, ward.catalog, "folk", ["card-00007", "card-00040"])["rows"] == {
        "rows": 1,
        "quarantine": 1,
        "duplicates": 0,
    }
    assert (
        reveal(ward.spec, ward.catalog, "folk", "mail", ["card-00007"], "a test", "ann")["found"]
        == []
    )


def test_without_its_key_file_a_value_stays_closed(
    ward: Ecosystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESOCOSM_KEYS", str(tmp_path / "other-keys"))
    with pytest.raises(MesocosmError, match="its key is not among the keys"):
        reveal(ward.spec, ward.catalog, "folk", "mail", ["card-00007"], "a test", "ann")
    (tmp_path / "other-keys").write_text("nonsense\n")
    with pytest.raises(MesocosmError, match="line 1 of the key file"):
        read_ring(tmp_path / ".mesocosm")


@given(st.integers(2, 12), st.integers(1, 4), st.integers(0, 10**6), st.integers(30, 400))
def test_no_row_stands_alone_in_its_group(k: int, several: int, seed: int, count: int) -> None:
    rng = random.Random(seed)
    kinds = {"age": "int64", "weight": "float64", "zip": "string", "born": "date", "in": "boolean"}
    with duckdb.connect() as con:
        ibis_sql.prepare(con)
        con.execute(
            'create table t (_row int, age bigint, weight double, zip varchar, born date, "in"'
            " boolean, ill varchar)"
        )
        data = [
            [
                i,
                rng.choice([None, *range(20, 80)]),
                rng.gauss(70, 9),
                rng.choice([None, "a", "b'", "c"]),
                f"19{rng.randrange(50, 99)}-01-01",
                rng.random() < 0.5,
                rng.choice("uvwxyz"),
            ]
            for i in range(count)
        ]
        con.executemany("insert into t values (?, ?, ?, ?, ?, ?, ?)", data)
        setting = Anonymity(
            of=tuple(kinds), k=k, sensitive="ill" if several > 1 else None, l=max(2, several)
        )
        facts = json.loads(json.dumps(fit_groups(setting, con, "t", kinds)))
        con.execute(f"create table made as {coarse_sql(setting, facts, kinds, 't')}")
        groups = con.execute(
            'select count(*), count(distinct ill) from made group by age, weight, zip, born, "in"'
        ).fetchall()
        assert min(n for n, _ in groups) >= k and (
            several == 1 or min(d for _, d in groups) >= several
        )
        assert sum(n for n, _ in groups) == count and 0 <= facts["loss"] <= 1
        con.execute(
            "create table one as select * from t where _row = 3"
        )  # one row alone falls where it fell in the batch
        alone = con.execute(coarse_sql(setting, facts, kinds, "one")).fetchall()
        assert alone == con.execute("select * from made where _row = 3").fetchall()


def test_too_few_or_too_lossy_is_refused_and_a_smaller_k_loses_less() -> None:
    kinds = {"x": "float64"}
    with duckdb.connect() as con:
        ibis_sql.prepare(con)
        con.execute("create table t as select i::double as x, 'a' as s from range(100) r(i)")
        losses = [
            fit_groups(Anonymity(of=("x",), k=k), con, "t", kinds)["loss"] for k in (2, 5, 20, 50)
        ]
        assert losses == sorted(losses) and losses[0] < 0.05 < losses[-1]
        with pytest.raises(ConfigValueError, match="would be lost"):
            fit_groups(Anonymity(of=("x",), k=50, max_loss=0.1), con, "t", kinds)
        with pytest.raises(ConfigValueError, match="only 100 rows"):
            fit_groups(Anonymity(of=("x",), k=101), con, "t", kinds)
        with pytest.raises(ConfigValueError, match="one value of 's'"):
            fit_groups(Anonymity(of=("x",), k=2, sensitive="s"), con, "t", kinds)


def test_an_anonymous_dataset_is_written_without_what_names_a_line(tmp_path: Path) -> None:
    (tmp_path / "ecosystem.yaml").write_text("""ecosystem: ward
sources: {people: {type: csv, path: people.csv}}
datasets:
  folk:
    from: people
    fields: {age: {type: integer}, zip: {type: category}, ill: {type: category}}
    anonymity: {of: [age, zip], k: 6, sensitive: ill, l: 2}
    split: none
""")
    rng = random.Random(2)
    (tmp_path / "people.csv").write_text(
        "age,zip,ill\n"
        + "".join(
            f"{rng.randrange(18, 90)},{rng.choice(['53111', '24103'])},{rng.choice(['flu', 'cold'])}\n"
            for _ in range(300)
        )
    )
    eco = open_ecosystem(tmp_path)
    assert not eco.build().failed
    from mesocosm.lifecycle.access.datasets.history import export_rows

    export_rows(eco.spec, eco.catalog, "folk", "newest", tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "age,zip,ill" and len(lines) == 301
    told = eco.catalog.snapshot(dataset="folk")["report"]["anonymity"]
    assert told["smallest"] >= 6 and told["risk"] <= 0.167 and 0 < told["loss"] < 1


def test_groups_that_lost_a_row_are_made_anew_by_the_next_build(tmp_path: Path) -> None:
    (tmp_path / "ecosystem.yaml").write_text("""ecosystem: ward
sources: {people: {type: csv, path: people.csv}}
datasets:
  folk:
    from: people
    key: id
    fields: {id: {type: text, private: pseudonymise}, age: {type: integer}}
    anonymity: {of: [age], k: 10}
    split: none
""")
    (tmp_path / "people.csv").write_text(
        "id,age\n" + "".join(f"person-{i},{20 + i % 50}\n" for i in range(200))
    )
    eco = open_ecosystem(tmp_path)
    assert not eco.build().failed and {c.sign for c in eco.plan()} == {"="}
    forget(eco.spec, eco.catalog, "folk", [f"person-{i}" for i in range(0, 200, 50)])
    change = next(c for c in eco.plan() if c.address == "datasets.folk")
    assert change.sign == "±" and "rows left it" in change.why
    assert not eco.build().failed and {c.sign for c in eco.plan()} == {"="}
    snapshot = eco.catalog.snapshot(dataset="folk")
    assert (
        snapshot
        and snapshot["account"]["kept"] == 196
        and snapshot["report"]["anonymity"]["smallest"] >= 10
    )
    ages = [r["age"] for r in rows(eco)]
    assert min(ages.count(a) for a in set(ages)) >= 10


def test_noise_is_as_wide_as_promised_and_the_budget_ends(ward: Ecosystem) -> None:
    drawn = [laplace(100, 1, 0.5, True) for _ in range(4000)]
    assert statistics.mean(drawn) == pytest.approx(100, abs=0.25)
    assert statistics.pstdev(drawn) == pytest.approx(2**0.5 / 0.5, rel=0.12)
    found = answer_query(ward.spec, ward.catalog, PrivateQuery("folk", 1.0, by="sex"), "ann")
    counts = {a["group"]: a["count"] for a in found["answers"]}
    assert (
        set(counts) == {"f", "m", "x"}
        and abs(counts["f"] - 190) < 15
        and counts["x"] < 15
        and found["left"] == 1.0
    )
    ages = PrivateQuery("folk", 1.0, mean="age", low=0, high=100)
    mean = answer_query(ward.spec, ward.catalog, ages, "ann")["answers"][0]["mean"]
    assert abs(mean - 49.5) < 6
    with pytest.raises(MesocosmError, match="budget of 'folk' is 2, 2 is spent"):
        answer_query(ward.spec, ward.catalog, PrivateQuery("folk", 0.1), "ann")
    with ward.catalog.engine.connect() as con:
        assert sum_spent(con, "folk") == 2.0
    with pytest.raises(ConfigValueError, match="bounds that do not come from the rows"):
        answer_query(ward.spec, ward.catalog, PrivateQuery("folk", 0.1, mean="age"), "ann")


def test_pages_of_rows_hold_no_sealed_value(ward: Ecosystem) -> None:
    snapshot = ward.catalog.snapshot(dataset="folk")
    assert snapshot
    found = page_of(
        ward.spec.root / ".mesocosm" / snapshot["path"] / "rows",
        snapshot["delta"],
        ["card", "mail"],
        0,
        3,
    )
    assert len(found) == 3 and not re.search("person|card-", json.dumps(found))

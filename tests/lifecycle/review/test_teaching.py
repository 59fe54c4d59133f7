"""Which rows teach and judge: halves by content, no test rows, nothing of a faulty time, nothing of
a drill.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_process import load_service

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.app.loader import trace
from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.cli.commands.project.trace import _text
from mesocosm.client.answers import Trace
from mesocosm.core.errors import MesocosmError
from mesocosm.lifecycle.jobs.feedback_split import (
    REQUEST_TIME,
    find_test_contents,
    fingerprint_row,
    split_feedback,
)
from mesocosm.lifecycle.jobs.retrain import retrain
from mesocosm.monitoring.source_faults import faulty_spans, refuse_at_fault, refuse_faulty_rows
from mesocosm.serving.requests.request_marks import MarkedRow, count_traffic

INPUTS = ["age", "job"]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "age": st.integers(18, 24),
            "job": st.sampled_from(["a", "b", None]),
            "late": st.sampled_from(["yes", "no", "new"]),
            REQUEST_TIME: st.floats(0, 100),
        }
    ),
    max_size=60,
)


@settings(max_examples=100, deadline=None)
@given(
    labelled=ROWS,
    snapshot=ROWS,
    split=st.lists(st.sampled_from(["train", "test", "validation"]), min_size=60, max_size=60),
    ours=st.sampled_from([(), ("new",)]),
)
def test_no_row_teaches_and_judges_and_no_test_row_teaches(
    labelled: list[dict[str, object]],
    snapshot: list[dict[str, object]],
    split: list[str],
    ours: tuple[str, ...],
) -> None:
    held = find_test_contents(
        {n: [r[n] for r in snapshot] for n in INPUTS}, split[: len(snapshot)], INPUTS
    )
    parts = split_feedback(labelled, INPUTS, "late", held, ours, [(40.0, 60.0)])
    taught, judged = (
        {fingerprint_row(r, INPUTS) for r in half} for half in (parts.train, parts.test)
    )
    assert not taught & judged and not (taught | judged) & held
    assert len(parts.train) + len(parts.test) + sum(parts.left_out.values()) == len(labelled)
    assert not any(40 <= r[REQUEST_TIME] <= 60 for r in [*parts.train, *parts.test])
    assert not any(r["late"] in ours for r in parts.test)


def test_a_row_that_training_rows_equal_too_is_no_test_row() -> None:
    rows = {"age": [30, 30, 41], "job": ["a", "a", "b"]}
    assert find_test_contents(rows, ["train", "test", "test"], INPUTS) == {
        fingerprint_row({"age": 41.0, "job": "b"}, INPUTS)
    }


def record(ident: str, mark: str, at: float = 5.0) -> dict[str, object]:
    return {
        "id": ident,
        "service": "desk",
        "version": "v1",
        "snapshot": "s",
        "input": {"raw": {}, "clean": {}},
        "output": {"label": "a", "probability": 0.9},
        "ms": 1.0,
        "at": at,
    } | ({"mark": mark} if mark != "old" else {})


def test_a_drill_is_no_traffic_and_an_older_catalog_gets_the_column(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "catalog.db") as con:
        con.execute(
            "create table predictions (id varchar primary key, service varchar, version varchar,"
            " snapshot varchar, input json, output json, ms float, at float)"
        )
        con.execute(
            "insert into predictions values ('p-0', 'desk', 'v1', 's', '{}', '{\"label\": \"a\"}',"
            " 1.0, 4.0)"
        )
    catalog = Catalog(tmp_path, lambda: 10.0)
    catalog.log([record("p-1", "old"), record("p-2", "drill"), record("p-3", "")])
    assert {p["id"] for p in Catalog(tmp_path).predictions("desk")} == {"p-0", "p-1", "p-3"}
    assert [p["id"] for p in catalog.predictions("desk", mark="drill")] == [
        "p-2"
    ] and catalog.counts() == {"desk": 3}
    catalog.add(
        t.FEEDBACK,
        [
            {"prediction": p, "service": "desk", "label": "a", "at": 6.0}
            for p in ("p-0", "p-1", "p-2")
        ],
    )
    assert {r["id"] for r in catalog.labelled("desk")} == {"p-0", "p-1"} and [
        r["id"] for r in catalog.labelled("desk", mark="drill")
    ] == ["p-2"]
    assert catalog.count_labelled("desk", 0.0) == {"v1": (2, 2)}
    assert count_traffic([{"a": 1}, MarkedRow({"a": 1}, "drill")]) == 1


def test_when_a_source_was_at_fault(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path, lambda: 100.0)
    for kind, mark, since in (("unit", "", 40.0), ("unit", "drill", 41.0), ("covariate", "", 42.0)):
        catalog.alert(
            "watch",
            "desk",
            "drift",
            f"{kind} {mark}",
            {"since": since, "mark": mark, "verdict": {"kind": kind, "why": "because"}},
        )
    assert faulty_spans(catalog, "desk") == [(40.0, float("inf"))]
    catalog.clear("watch", "mended")
    assert faulty_spans(catalog, "desk") == [(40.0, 100.0)] and faulty_spans(catalog, "other") == []


def test_rows_of_another_unit_teach_nothing(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    training = {
        "amount": {"numbers": [500 * 1.004**i for i in range(200)], "rows": 700},
        "job": {"counts": {"a": 400, "b": 300}},
    }
    usual = [{"amount": 500 * 1.004 ** (i * 2), "job": "ab"[i % 2]} for i in range(100)]
    refuse_faulty_rows(catalog, "desk", training, usual, {})
    for bad in (
        [r | {"amount": r["amount"] / 1.95583} for r in usual],
        [r | {"job": "c"} for r in usual],
    ):
        with pytest.raises(
            MesocosmError,
            match=("not trained: the 100 labelled rows to train on show a fault of their source"),
        ):
            refuse_faulty_rows(catalog, "desk", training, bad, {})
    assert [a["act"] for a in catalog.audit()] == ["refuse", "refuse"]
    catalog.alert(
        "watch",
        "desk",
        "drift",
        "euros",
        {"verdict": {"kind": "unit", "why": "amount is in euros"}},
    )
    with pytest.raises(
        MesocosmError, match="is open .amount is in euros.; fix the source, or close the alert"
    ):
        refuse_at_fault(catalog, "desk")


def test_a_trace_names_joined_rows_and_the_feedback_that_taught(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "k,_id,_at,_label,late\n"
        + "".join(
            f"{i % 5},{i},{i * 3 % 17},{'ab'[i % 2]},{['no', 'yes'][i % 2]}\n" for i in range(60)
        )
    )
    (tmp_path / "b.csv").write_text(
        "k,size\n" + "".join(f"{i},{i + 10}\n" for i in (0, 1, 1, 2, 3))
    )
    fields = (
        "{k: {type: text}, _id: {type: integer}, _at: {type: integer}, _label: {type: category},"
        " size: {type: integer, missing: median}, late: {type: category}}"
    )
    (tmp_path / "ecosystem.yaml").write_text(
        "grammar: 1\necosystem: t\nsources: {a: {type: csv, path: a.csv}, b: {type: csv, path:"
        f" b.csv}}}}\ndatasets: {{d: {{from: {{join: [a, b], on: k}}, fields: {fields}, split:"
        " {test: 0.2, stratify: late}}}\nmodels: {m: {dataset: d, target: late, features:"
        " [_id, _at, _label, size], track: [], fine_tune: {method: frozen, head:"
        " linear}}}\nservices: {s: {model: m}}\n"
    )
    eco = open_ecosystem(tmp_path)
    assert not eco.build().failed
    served = load_service(eco, "s")
    assert served.now
    answers = served.predict(
        [{"_id": 1000 + i, "_at": i, "_label": "ab"[i % 2], "size": 11} for i in range(24)]
    )
    first = trace(eco.spec, eco.catalog, answers[0]["id"])
    train = first["recipe"]["rows"]["train"]
    r = first["rows"]
    assert (r["training"], r["from_snapshot"], r["feedback"], r["other"]) == (train, train, [], 0)
    assert r["partners"] == {
        "b.csv": "2-3,5-6"
    } and f"joined from b.csv lines {r['partners']['b.csv']}" in _text(Trace.from_json(first))
    for i, one in enumerate(answers):
        served.feedback(one["id"], ["no", "yes"][i % 2])
    challenger = retrain(eco.spec, eco.catalog, "s", "a test", lambda _: None)["challenger"]
    with eco.catalog.transaction() as con:
        con.execute(t.PREDICTIONS.update().values(version=challenger))
    then = trace(eco.spec, eco.catalog, answers[0]["id"])
    r = then["rows"]
    ids = {one["id"] for one in answers}
    assert 0 < len(r["feedback"]) < len(ids) and set(r["feedback"]) < ids
    assert (
        r["training"]
        == then["recipe"]["rows"]["train"]
        == r["from_snapshot"] + r["feedback_rows"] + r["other"]
        and r["other"] == 0
    )
    assert (
        f"{r['from_snapshot']} of the snapshot + {len(r['feedback'])} of feedback"
        f" ({len(r['feedback'])} requests)" in _text(Trace.from_json(then))
    )
    assert all(one in _text(Trace.from_json(then)) for one in r["feedback"][:2])
    again = retrain(eco.spec, eco.catalog, "s", "another reason", lambda _: None)
    assert (
        again["challenger"] == challenger
        and again["why"].startswith("not trained: m-v2")
        and "on the same rows, labels and settings" in again["why"]
        and len(eco.catalog.versions("m")) == 2
    )
    served.feedback(answers[0]["id"], "yes")  # a label is corrected
    corrected = retrain(eco.spec, eco.catalog, "s", "a test", lambda _: None)
    assert corrected["challenger"] != challenger and len(eco.catalog.versions("m")) == 3
    file = tmp_path / "ecosystem.yaml"
    file.write_text(file.read_text().replace("head: linear}", "head: linear}, seed: 99"))
    eco = open_ecosystem(tmp_path)
    assert retrain(eco.spec, eco.catalog, "s", "a test", lambda _: None)["challenger"] not in (
        challenger,
        corrected["challenger"],
    )

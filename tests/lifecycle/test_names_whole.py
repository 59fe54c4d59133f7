"""Hostile names of fields in one file, 500 of them, from the source to the trace: cells, answers
and pages are those of the same data under plain names.
"""

from __future__ import annotations

import json
import keyword
import os
import random
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mesocosm.api.ecosystem import Ecosystem, open_ecosystem
from mesocosm.app.run import Running
from mesocosm.data.pipeline.internal_names import find_name_problem
from mesocosm.data.snapshots.delta_tables import read_table

pytestmark = pytest.mark.slow

ROWS, WIDTH = 60, 95
TARGETS = ('say "hi"\n',)
INPUTS = (  # of each model: number, number, category, boolean and so on
    (
        "n0",
        "g",
        "_id",
        "_at",
        "_label",
        "id",
        "probability",
        "value",
        "why",
        "text",
        "index",
        "warnings",
        "interval",
        "parameters",
        "inputs",
        "rows",
        "self",
        "label",
        "a.b",
        "a/b",
        "it's",
        "`tick`",
        '"',
        "a\\b",
        "{}",
        "$X",
        "%s",
        "semi;colon",
        "tab\there",
        "cr\rname",
        "列名",
        "עברית",
        "e\u0301",
        "x" * 300,
        "emoji 😀",
        " lead",
    ),
)
ODD = [
    "_taught",
    "r",
    "v",
    "w",
    "select",
    "None",
    "prediction",
    "field",
    "version",
    "_group",
    "#2",
    "0",
    "'; drop table _raw; --",
    "<b>&amp;</b>",
    "a,b",
    "a: b",
    "s.a",
    "{x}",
    "x",
    "a",
    "s",
    "c",
    "t",
    "l",
    "k",
    "h",
    "p",
    "q",
    "f",
    "q0",
    "m0",
    "s0",
    "r_s0",
    "d_s0",
    "s0_sign",
    "exprs",
    "values",
    "count",
    "part",
    "row",
    "split",
    "place",
    "total",
    "score",
    "answer",
    "reason",
    "original",
    "kept",
    "judge",
    "said",
    "name",
    "_stage",
    "_raw",
    "_x",
    "_key",
    "__v",
    "_g",
    "_s0",
    '""',
    "a#2",
    "1st",
    "100%",
    "trail ",
    ";",
    "new\nline",
    "年龄",
    "مرحبا",
    "-",
    "--",
    "/*",
    "*/",
    "?",
    "*",
    "[x]",
    "(y)",
    "@at",
    "|",
    "~",
    "1.5",
    "NaN",
    "true",
    "null",
    "é",
    "ß",
    "\u200b",
    "\ufeffbom",
    "__class__",
    "__proto__",
    "constructor",
    "model_dump",
    "schema",
    "columns",
    "incoming",
    "data",
    "type",
    "from",
    "column",
    "$",
    "$1",
    ":p",
    "\u2028",
    "\u202ertl",
    "\u0301",
    "y" * 299,
    "İ",
    "ǅ",
    "&",
    "=1+1",
    "+",
    "!",
    "^",
]


def hostile() -> list[str]:
    """Names that no model reads, none like another but for its case."""
    with duckdb.connect() as con:
        words = [r[0] for r in con.execute("select keyword_name from duckdb_keywords()").fetchall()]
    names: dict[str, str] = {}
    for name in [*ODD, *keyword.kwlist, *words, *dir(dict)]:
        if find_name_problem(name) is None:
            names.setdefault(name.lower(), name)
    return list(names.values())[:465]


def made(
    home: Path, inputs: list[list[str]], targets: list[str], wide: list[list[str]]
) -> Ecosystem:
    """A built ecosystem: a dataset with a model and a service for each list of inputs, a dataset
    for each list of other names.
    """
    home.mkdir()
    draw = random.Random(3)
    eco: dict[str, Any] = {
        "grammar": 1,
        "ecosystem": "names",
        "sources": {},
        "datasets": {},
        "models": {},
        "services": {},
    }
    for i, names in enumerate(wide):
        rows = [{n: f"v{j} {(j * 7 + k) % 11}" for k, n in enumerate(names)} for j in range(ROWS)]
        (home / f"w{i}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
        eco["sources"][f"w{i}"] = {"type": "jsonl", "path": f"w{i}.jsonl"}
        eco["datasets"][f"wide{i}"] = {
            "from": f"w{i}",
            "fields": {n: {"type": "text"} for n in names},
        }
    for i, (names, target) in enumerate(zip(inputs, targets, strict=True)):
        kinds = [("number", "category", "integer", "boolean")[k % 4] for k in range(len(names))]
        rows = []
        for j in range(ROWS):
            cells = {
                "number": lambda: draw.randrange(90) / 2,
                "category": lambda: draw.choice(["red", "green", "blue"]),
                "integer": lambda: draw.randrange(50),
                "boolean": lambda: draw.choice([True, False]),
            }
            row: dict[str, Any] = {n: cells[kind]() for n, kind in zip(names, kinds, strict=True)}
            rows.append(row | {"nr_": f"r{j}", target: "yes" if row[names[0]] > 22 else "no"})
        (home / f"m{i}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
        each: dict[str, dict[str, Any]] = {
            "number": {
                "type": "number",
                "missing": "median",
                "outliers": {"method": "iqr", "action": "clip"},
            },
            "category": {"type": "category", "missing": "mode"},
            "integer": {"type": "integer"},
            "boolean": {"type": "boolean"},
        }
        fields = {n: each[kind] for n, kind in zip(names, kinds, strict=True)} | {
            "nr_": {"type": "text", "private": "pseudonymise"},
            target: {"type": "category", "values": ["yes", "no"]},
        }
        eco["sources"][f"m{i}"] = {"type": "jsonl", "path": f"m{i}.jsonl"}
        eco["datasets"][f"data{i}"] = {
            "from": f"m{i}",
            "key": "nr_",
            "fields": fields,
            "split": {"test": 0.25, "stratify": target},
            "anonymity": {"of": [names[2]], "k": 2},
            "repairs": [
                {"method": "spelling", "of": [names[1], names[5]]},
                {
                    "method": "dependency",
                    "from": [names[1]],
                    "to": names[5],
                    "share": 0.9,
                    "min": 2,
                },
            ],
        }
        eco["models"][f"model{i}"] = {
            "dataset": f"data{i}",
            "target": target,
            "features": names,
            "track": [],
            "fine_tune": {"method": "frozen", "head": "linear"},
        }
        eco["services"][f"desk{i}"] = {"model": f"model{i}"}
    (home / "ecosystem.yaml").write_text(
        json.dumps(eco, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    found = open_ecosystem(home)
    outcome = found.build()
    assert not outcome.failed, [f.text() for f in outcome.failed]
    return found


def table_of(eco: Ecosystem, dataset: str) -> Any:
    snapshot = eco.catalog.snapshot(dataset=dataset)
    assert snapshot is not None
    return read_table(eco.spec.root / ".mesocosm" / snapshot["path"] / "rows", snapshot["delta"])


def plain_of(value: Any, names: dict[str, str]) -> Any:
    """A JSON value with each name of a field as its plain name, numbers rounded, ids and times left
    out.
    """
    if isinstance(value, dict):
        return {names.get(k, k): plain_of(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [plain_of(v, names) for v in value]
    return (
        round(value, 4)
        if isinstance(value, float)
        else names.get(value, value)
        if isinstance(value, str)
        else value
    )


def said_of(one: dict[str, Any], names: dict[str, str]) -> Any:
    """An answer: the label, how sure it is, and what was odd about which field."""
    return (
        one["label"],
        round(one["probability"], 4),
        plain_of(one["probabilities"], {}),
        [(names[w["field"]], w["warning"]) for w in one.get("warnings", ())],
    )


def asked(eco: Ecosystem, inputs: list[list[str]], targets: list[str]) -> list[Any]:
    """What a running server says to each service, with plain names."""
    from fastapi.testclient import TestClient

    running = Running(eco.spec, eco.catalog, "t" * 20)
    found: list[Any] = []
    try:
        with TestClient(
            running.app,
            base_url="http://127.0.0.1",
            headers={"Authorization": "Bearer " + "t" * 20},
        ) as http:
            api = http.get("/openapi.json").json()
            page = http.get("/report").text
            assert (
                http.get("/metrics").status_code == 200
                and http.get("/v1/ecosystem").status_code == 200
            )
            for i, (names, target) in enumerate(zip(inputs, targets, strict=True)):
                plain = {n: f"c{k}" for k, n in enumerate(names)} | {target: "target"}
                rows = [
                    json.loads(line)
                    for line in (eco.spec.root / f"m{i}.jsonl").read_text().splitlines()[:12]
                ]
                rows = [{n: r[n] for n in names} for r in rows]
                one = http.post(f"/v1/services/desk{i}/predict", json=rows[0])
                many = http.post(f"/v1/services/desk{i}/predict", json={"rows": rows})
                odd = http.post(
                    f"/v1/services/desk{i}/predict",
                    json={
                        "rows": [rows[0] | {names[1]: "violet"}, rows[1] | {names[0]: "none"}, {}]
                    },
                )
                bare = http.post(
                    f"/v1/services/desk{i}/predict",
                    json={n: v for n, v in rows[0].items() if n != names[3]},
                )
                assert (one.status_code, many.status_code, bare.status_code) == (200, 200, 422), (
                    one.text,
                    many.text,
                    bare.text,
                )
                assert names[3] in bare.json()["detail"]
                form = http.get(f"/v1/services/desk{i}/what-if").json()
                wondered = http.post(f"/v1/services/desk{i}/what-if", json=rows[0]).json()
                past = http.get(f"/v1/lineage/{one.json()['id']}").json()
                assert (
                    past["rows"]["training"]
                    == eco.catalog.versions(f"model{i}")[-1]["recipe"]["rows"]["train"]
                    == past["rows"]["from_snapshot"]
                    and past["rows"]["other"] == 0
                )
                assert list(api["components"]["schemas"][f"Row-desk{i}"]["properties"]) == names
                assert all(escape(n) in page for n in names)
                for r, said in zip(rows, many.json()["predictions"], strict=True):
                    http.post(
                        f"/v1/services/desk{i}/feedback",
                        json={"id": said["id"], "label": "yes" if r[names[0]] > 22 else "no"},
                    )
                tensors = [t["name"] for t in http.get(f"/v2/models/desk{i}").json()["inputs"]]
                refused = [
                    (p.get("label"), plain.get(p.get("field"))) for p in odd.json()["predictions"]
                ]
                answers = [said_of(p, plain) for p in [one.json(), *many.json()["predictions"]]]
                shown = [
                    {k: plain_of(v, plain) if k == "name" else v for k, v in f.items()}
                    for f in form["inputs"]
                ]
                found.append(
                    [
                        answers,
                        refused,
                        shown,
                        form["ready"],
                        plain[form["predict"]],
                        wondered["label"],
                        plain_of(wondered["inputs"], plain),
                        past["rows"]["from_snapshot"],
                        [plain[t] for t in tensors],
                    ]
                )
    finally:
        running.nursery.close()
    return found


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Ecosystem, Ecosystem, list[list[str]]]]:
    home = tmp_path_factory.mktemp("names")
    os.environ["MESOCOSM_KEY"] = "ab" * 32  # equal pseudonyms, so equal parts of a split
    names = hostile()
    wide = [names[at : at + WIDTH] for at in range(0, len(names), WIDTH)]
    hard = made(home / "hard", [list(n) for n in INPUTS], list(TARGETS), wide)
    easy = made(
        home / "easy",
        [[f"c{k}" for k in range(len(n))] for n in INPUTS],
        ["target"] * len(INPUTS),
        [],
    )
    yield hard, easy, wide
    del os.environ["MESOCOSM_KEY"]


def test_cells_are_those_of_plain_names(both: Any) -> None:
    hard, easy, wide = both
    assert sum(map(len, [*wide, *INPUTS])) >= 500
    for i, names in enumerate(wide):
        table = table_of(hard, f"wide{i}")
        for k, name in enumerate(names):
            assert table.column(name).to_pylist() == [
                f"v{int(j) - 1} {((int(j) - 1) * 7 + k) % 11}"
                for j in table.column("_line").to_pylist()
            ], name
    for i, names in enumerate(INPUTS):
        columns = [*names, TARGETS[i], "_line", "_split"]
        left, right = table_of(hard, f"data{i}").select(columns), table_of(easy, f"data{i}")
        assert (
            left.rename_columns(
                [f"c{k}" for k in range(len(names))] + ["target", "_line", "_split"]
            ).to_pydict()
            == right.select(
                [*(f"c{k}" for k in range(len(names))), "target", "_line", "_split"]
            ).to_pydict()
        )


def test_answers_pages_and_traces_are_those_of_plain_names(both: Any) -> None:
    hard, easy, _ = both
    for i, (left, right) in enumerate(
        zip(
            asked(hard, [list(n) for n in INPUTS], list(TARGETS)),
            asked(
                easy, [[f"c{k}" for k in range(len(n))] for n in INPUTS], ["target"] * len(INPUTS)
            ),
            strict=True,
        )
    ):
        for part, (mine, other) in enumerate(zip(left, right, strict=True)):
            assert mine == other, (i, part)

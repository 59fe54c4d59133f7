"""New data against the last snapshot: a changed unit, changed codes and lost values stop a build
before training; honest growth does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.api.verbs.building import check_accepted
from mesocosm.cli.commands.project.plan import plan
from mesocosm.core.errors import ConfigValueError
from mesocosm.data.profiling.text_statistics import describe
from mesocosm.lifecycle.apply import apply
from mesocosm.lifecycle.review.preview import preview_data
from mesocosm.lifecycle.review.snapshot_comparison import compare_snapshots
from mesocosm.lifecycle.review.stopped_build import read_stop
from mesocosm.lifecycle.review.table_comparison import compare_dates, compare_texts

pytestmark = pytest.mark.slow

Columns = dict[str, list[Any]]


def snapshot_of(
    columns: Columns, unread: dict[str, int] | None = None, units: dict[str, str] | None = None
) -> dict[str, Any]:
    """What the catalog keeps of a snapshot, of columns in memory."""
    fields: dict[str, Any] = {}
    training: dict[str, Any] = {}
    before = {
        name: {
            "rows": len(values),
            "missing": sum(v is None for v in values),
            "distinct": len({v for v in values if v is not None}),
        }
        for name, values in columns.items()
    }
    for name, values in columns.items():
        known = [v for v in values if v is not None]
        number = not any(isinstance(v, str) for v in known)
        whole = number and all(isinstance(v, int) for v in known)
        fields[name] = {
            "type": "integer" if whole else "number" if number else "category",
            "unit": (units or {}).get(name),
        }
        if number and known:
            training[name] = {
                "numbers": np.quantile(known, np.linspace(0, 1, 200)).tolist(),
                "rows": len(known),
            }
        elif known:
            training[name] = {"counts": {v: known.count(v) for v in set(known)}}
    return {
        "recipe": {"fields": fields},
        "report": {"before": before, "unreadable": unread or {}},
        "facts": {"training": training},
    }


def table(rng: np.random.Generator, rows: int, shape: int) -> Columns:
    """A table of a shape of its own, the same population for equal shapes."""
    of = np.random.default_rng(shape)
    middle, spread = of.uniform(1, 5000), of.uniform(0.05, 0.8)
    words = [f"v{i}" for i in range(int(of.integers(2, 12)))]
    shares = of.dirichlet([3.0] * len(words))
    return {
        "amount": (middle * rng.lognormal(0, spread, rows)).tolist(),
        "age": rng.integers(18, 80, rows).tolist(),
        "word": rng.choice(words, rows, p=shares).tolist(),
    }


@pytest.mark.parametrize("shape", range(10))
def test_numbers_of_rows_grow_and_stop_nothing(shape: int) -> None:
    """Invoice numbers of later rows are greater; a measure that leaves its range stops the
    build.
    """
    rng = np.random.default_rng(shape)
    old, new = table(rng, 300, shape), table(rng, 300, shape)
    step, first = int(rng.integers(1, 40)), int(rng.integers(0, 10**6))
    numbered = [first + step * i for i in range(600)]
    assert kinds(old | {"invoice": numbered[:300]}, new | {"invoice": numbered[300:]}) == {}
    assert "age" in kinds(old, new | {"age": [v + 1000 for v in new["age"]]})
    keyed, later = (
        snapshot_of(old | {"id": numbered[:300]}),
        snapshot_of(new | {"id": [float(n) + 0.5 for n in numbered[300:]]}),
    )
    for one in (keyed, later):
        one["recipe"] |= {"key": "id"}
        one["recipe"]["fields"]["id"]["type"] = "number"
    assert [c for c in compare_snapshots(keyed, later) if c.field == "id"] == []


def kinds(old: Columns, new: Columns, units: dict[str, str] | None = None) -> dict[str, str]:
    return {
        c.field: c.kind
        for c in compare_snapshots(snapshot_of(old, units=units), snapshot_of(new, units=units))
        if c.stops
    }


FAULTS: dict[str, Callable[[Columns], tuple[Columns, str, set[str]]]] = {
    "kilograms": lambda c: (c | {"amount": [v / 1000 for v in c["amount"]]}, "amount", {"unit"}),
    "pounds": lambda c: (c | {"amount": [v * 2.20462 for v in c["amount"]]}, "amount", {"unit"}),
    "cents": lambda c: (c | {"amount": [v * 100 for v in c["amount"]]}, "amount", {"unit"}),
    "months": lambda c: (c | {"age": [v * 12 for v in c["age"]]}, "age", {"unit"}),
    "recoded": lambda c: (c | {"word": [f"K-{v}" for v in c["word"]]}, "word", {"schema"}),
    "half recoded": lambda c: (
        c | {"word": [v.upper() if i % 2 else v for i, v in enumerate(c["word"])]},
        "word",
        {"schema"},
    ),
    "missing": lambda c: (
        c | {"amount": [None if i % 3 else v for i, v in enumerate(c["amount"])]},
        "amount",
        {"missing"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_a_source_stop_and_are_named(fault: str) -> None:
    for shape in range(12):
        rng = np.random.default_rng(shape + 100)
        old, (new, field, kind) = table(rng, 400, shape), FAULTS[fault](table(rng, 400, shape))
        found = kinds(old, new)
        assert set(found) == {field} and found[field] in kind, (shape, found)


def test_more_rows_of_the_same_population_never_stop() -> None:
    for shape in range(60):
        rng = np.random.default_rng(shape)
        assert kinds(table(rng, 300, shape), table(rng, 600, shape)) == {}, shape


def test_honest_growth_is_a_warning_not_a_stop() -> None:
    for shape in range(20):
        rng = np.random.default_rng(shape)
        old, new = table(rng, 500, shape), table(rng, 500, shape)
        moved = new | {
            "age": [min(v + 6, 95) for v in new["age"]],
            "word": [*new["word"][:-3], "w1", "w2", "w3"],
        }
        assert kinds(old, moved) == {}, shape


def test_a_field_that_the_file_defines_otherwise_is_not_compared() -> None:
    rng = np.random.default_rng(1)
    old = table(rng, 300, 1)
    new = old | {"amount": [v / 1000 for v in old["amount"]]}
    assert (
        compare_snapshots(
            snapshot_of(old, units={"amount": "g"}), snapshot_of(new, units={"amount": "kg"})
        )
        == []
    )


def test_a_drafted_field_of_another_type_stops() -> None:
    rng = np.random.default_rng(2)
    old, new = table(rng, 300, 2), table(rng, 300, 2)
    later = snapshot_of(new | {"amount": [f"{v:.0f} pc" for v in new["amount"]]})
    later["recipe"]["auto"] = True
    assert [(c.field, c.kind) for c in compare_snapshots(snapshot_of(old), later)] == [
        ("amount", "schema")
    ]


FILE = """grammar: 2
ecosystem: scales
sources: {s: {type: csv, path: s.csv}}
datasets:
  d:
    from: s
    fields: {id: {type: integer}, weight: {type: integer, unreadable: missing}, colour: {type: category}}
    split: none
"""


def write_rows(
    home: Path, weight: Callable[[int], str], colour: Callable[[int], str] = lambda i: "rgb"[i % 3]
) -> None:
    lines = [f"{i},{weight(i)},{colour(i)}" for i in range(200)]
    (home / "s.csv").write_text("id,weight,colour\n" + "\n".join(lines) + "\n")


def build(home: Path, *accept: str) -> list[str]:
    eco = open_ecosystem(home)
    return [
        f.text()
        for f in apply(eco.spec, eco.catalog, eco.plan(), lambda *_: None, accept=accept).failed
    ]


def test_a_drafted_column_that_is_gone_stops_and_a_new_one_does_not(tmp_path: Path) -> None:
    (tmp_path / "ecosystem.yaml").write_text(
        "grammar: 1\necosystem: a\nsources: {s: {type: csv, path: s.csv}}\ndatasets:\n  d: {from:"
        " s, fields: auto, split: none}\n"
    )
    rows = [f"K{i:04d},{150 + i % 40}.5,{50 + i % 30}.25" for i in range(120)]

    def write(*names: str) -> None:
        cells = [row.split(",") + ["7"] for row in rows]
        (tmp_path / "s.csv").write_text(
            "\n".join([",".join(names), *(",".join(c[: len(names)]) for c in cells)]) + "\n"
        )

    write("id", "height", "weight")
    assert build(tmp_path) == []
    write("id", "height")
    assert "weight: schema change: the source has no such column any more;" in build(tmp_path)[0]
    write("id", "height", "mass")
    assert "no such column any more; new columns: mass" in build(tmp_path)[0]
    write("id", "height", "weight", "extra")
    assert build(tmp_path) == [], "more columns are no fault"
    write("id", "height", "weight")
    assert "extra: schema change" in build(tmp_path)[0] and build(tmp_path, "d.extra") == []


def test_a_stopped_build_keeps_the_last_snapshot_says_why_and_one_line_accepts_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    write_rows(tmp_path, lambda i: str(3000 + 7 * i))
    assert build(tmp_path) == []
    eco = open_ecosystem(tmp_path)
    first = eco.catalog.snapshot(dataset="d")
    write_rows(tmp_path, lambda i: f"{3 + 0.07 * i:.2f}")
    assert preview_data(eco.spec, eco.catalog, eco.plan()) == []
    because = [
        str(reason)
        for change in eco.plan()
        if change.address == "datasets.d"
        for reason in change.because
    ]
    assert any("stops before training: weight: unreadable change" in reason for reason in because)
    failed = build(tmp_path)
    assert (
        len(failed) == 1
        and "weight" in failed[0]
        and "mesocosm build --accept d.weight" in failed[0]
        and "in the last snapshot 0 of 200" in failed[0]
    )
    assert eco.catalog.snapshot(dataset="d") == first
    assert [c.field for c in read_stop(tmp_path / ".mesocosm", "d")] == ["weight"]
    with pytest.raises(ConfigValueError, match="Did you mean 'd.weight'"):
        check_accepted(eco, ["d.wieght"])
    assert build(tmp_path, "d.weight") == []
    second = eco.catalog.snapshot(dataset="d")
    assert first and second and second["id"] != first["id"]
    assert second["report"]["unreadable"]["weight"] > 150 and [
        c["field"] for c in second["report"]["changes"]
    ] == ["weight"]
    assert any(line["act"] == "accept" and "weight" in line["why"] for line in eco.catalog.audit())
    assert read_stop(tmp_path / ".mesocosm", "d") == []


@pytest.mark.parametrize("private", [False, True])
def test_a_stop_names_the_largest_reasons_and_the_change_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], private: bool
) -> None:
    text = FILE.replace("id: {type: integer}", "id: {type: integer}, city: {type: text}")
    (tmp_path / "ecosystem.yaml").write_text(text)
    cells = [(i, ["Oslo", "Bergen 5"][i % 2]) for i in range(200)]
    lines = [f"{i},{city},{3000 + i},red" for i, city in cells]
    (tmp_path / "s.csv").write_text("id,city,weight,colour\n" + "\n".join(lines) + "\n")
    assert build(tmp_path) == []
    hidden = ", private: mask" if private else ""
    changed = f"city: {{type: category, values: [Oslo], unreadable: quarantine{hidden}}}"
    (tmp_path / "ecosystem.yaml").write_text(text.replace("city: {type: text}", changed))
    eco = open_ecosystem(tmp_path)
    preview_data(eco.spec, eco.catalog, eco.plan())
    (told,) = [
        str(reason)
        for change in eco.plan()
        for reason in change.because
        if "stops before training" in str(reason)
    ]
    assert eco.plan().stops == ("datasets.d",)
    with pytest.raises(typer.Exit) as stopped:
        plan(tmp_path)
    assert stopped.value.exit_code == 1
    assert "The build would stop at datasets.d" in capsys.readouterr().out.splitlines()[-1]
    (failed,) = build(tmp_path)
    for sentence in (told, failed):
        assert "100 of 200 rows are not kept (50.0%)" in sentence
        assert "the sources are unchanged, so the settings that changed in the file" in sentence
        assert "fields.city" in sentence and "because: city: " in sentence
        assert "(100 rows)" in sentence
    assert ("such as 'city: Bergen 5'" in failed) == (not private)
    assert "Bergen 5" not in told
    (tmp_path / "ecosystem.yaml").write_text(text)
    lines = [line.replace("red", "") if i % 3 else line for i, line in enumerate(lines)]
    (tmp_path / "s.csv").write_text("id,city,weight,colour\n" + "\n".join(lines) + "\n")
    assert all("likely cause" not in sentence for sentence in build(tmp_path))


def test_a_source_that_is_right_again_builds_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    write_rows(tmp_path, lambda i: str(3000 + 7 * i))
    assert build(tmp_path) == []
    write_rows(tmp_path, lambda i: str(3000 + 7 * i), lambda i: f"#{i % 3}")
    said = build(tmp_path)[0]
    assert "schema change" in said and "'#0'" in said
    stop = read_stop(tmp_path / ".mesocosm", "d")[0]
    assert (
        "#0" in stop.examples and "#0" not in stop.evidence
    )  # the evidence goes to roles that may not read rows
    write_rows(tmp_path, lambda i: str(3001 + 7 * i))
    assert build(tmp_path) == []
    report = open_ecosystem(tmp_path).catalog.snapshot(dataset="d")
    assert report and json.dumps(report["report"]["changes"]) == "[]"


def account(rows: int, lost: int = 0) -> dict[str, int]:
    return {"in": rows, "kept": rows - lost, "quarantined": lost, "duplicates": 0}


def test_lost_rejected_and_repeated_rows_stop_and_growth_does_not() -> None:
    rng = np.random.default_rng(4)
    old = snapshot_of({"x": rng.normal(size=600).tolist()}) | {"account": account(600)}
    for rows, lost, stops in (
        (60, 0, True),
        (0, 0, True),
        (310, 0, False),
        (900, 0, False),
        (6000, 0, False),
        (1200, 600, True),
        (700, 70, False),
    ):
        new = snapshot_of({"x": rng.normal(size=max(1, rows - lost)).tolist()}) | {
            "account": account(rows, lost)
        }
        assert bool([c for c in compare_snapshots(old, new) if c.stops]) == stops, (rows, lost)
    once, twice, more = [
        {"after": {"x": {"rows": n, "missing": 0, "distinct": d}}, "before": {}, "unreadable": {}}
        for n, d in ((600, 595), (1200, 595), (1200, 1180))
    ]
    before = {
        "account": account(600),
        "report": once,
        "recipe": {"fields": {}},
        "facts": {"training": {}},
    }
    for report, said in ((twice, "rows are repeated"), (more, "")):
        assert said in "".join(
            c.evidence
            for c in compare_snapshots(
                before, before | {"account": account(1200), "report": report}
            )
        ) and bool(said) == bool(
            compare_snapshots(before, before | {"account": account(1200), "report": report})
        )


ENGLISH: list[str] = [
    "the",
    "card",
    "did",
    "not",
    "come",
    "to",
    "my",
    "address",
    "and",
    "i",
    "want",
    "to",
    "have",
    "a",
    "new",
    "one",
    "from",
    "the",
    "bank",
    "please",
    "help",
    "me",
    "with",
    "it",
    "today",
]
GERMAN: list[str] = [
    "die",
    "karte",
    "ist",
    "nicht",
    "bei",
    "mir",
    "angekommen",
    "und",
    "ich",
    "möchte",
    "eine",
    "neue",
    "von",
    "der",
    "bank",
    "haben",
    "bitte",
    "helfen",
    "sie",
    "mir",
    "damit",
    "heute",
]


def test_the_language_of_texts_and_the_era_of_dates_are_compared() -> None:
    draw = np.random.default_rng(5)

    def texts(words: list[str], count: int = 300) -> dict[str, Any]:
        return describe(" ".join(draw.choice(words, 8)) for _ in range(count))

    english, other = (
        texts(ENGLISH),
        {
            "same": (texts(ENGLISH), False),
            "upper": (
                describe(" ".join(draw.choice(ENGLISH, 8)).upper() for _ in range(300)),
                False,
            ),
            "mixed": (texts([*ENGLISH, *GERMAN]), False),
            "german": (texts(GERMAN), True),
            "russian": (
                texts(["я", "вчера", "потерял", "карту", "и", "мне", "нужна", "новая"]),
                True,
            ),
            "chinese": (texts(list("我昨天丢了银行卡需要一张新的")), True),
            "constant": (describe(["n/a - see ticket"] * 300), True),
        },
    )
    for name, (now, stops) in other.items():
        assert bool(compare_texts("note", english, now)) == stops, name
    chinese = texts(list("我昨天丢了银行卡需要一张新的"))
    assert not compare_texts(
        "note", chinese, texts(list("我昨天丢了银行卡需要一张新的"))
    ) and compare_texts("note", chinese, texts(ENGLISH))
    names = describe(f"{draw.choice(list('abcdefgh'))}{i}" for i in range(300))
    assert not compare_texts("code", names, describe(f"x{i}" for i in range(300))), (
        "where no word is frequent nothing is concluded"
    )
    days = {"numbers": np.linspace(19000, 19700, 200).tolist(), "rows": 600}
    for name, moved, stops in (
        ("later", 365.0, False),
        ("century", 36525.0, True),
        ("zero", None, True),
    ):
        now = days | {
            "numbers": (
                [v + moved for v in days["numbers"]] if moved is not None else [19700.0] * 200
            )
        }
        assert bool(compare_dates("day", days, now)) == stops, name


def test_exchanged_and_stuck_numbers_and_lost_categories_are_named() -> None:
    rng = np.random.default_rng(6)
    old: Columns = {
        "weight": rng.normal(165, 30, 600).tolist(),
        "temp": rng.normal(21, 4, 600).tolist(),
        "city": rng.choice(["a", "b", "c", "d", "e", "f"], 600).tolist(),
        "flag": rng.choice(["t", "f"], 600).tolist(),
    }
    faults: dict[str, tuple[Columns, dict[str, str]]] = {
        "exchanged": (
            old | {"weight": old["temp"], "temp": old["weight"]},
            {"weight": "schema", "temp": "schema"},
        ),
        "a mark for nothing": (
            old | {"weight": [-999.0 if i % 2 else v for i, v in enumerate(old["weight"])]},
            {"weight": "missing"},
        ),
        "negated": (old | {"weight": [-v for v in old["weight"]]}, {"weight": "schema"}),
        "one code": (
            old | {"city": ["bé" if v == "b" else v for v in old["city"]]},
            {"city": "schema"},
        ),
        "one value": (old | {"flag": ["t"] * 600}, {}),
        "a new value": (old | {"city": [*old["city"][:540], *["new"] * 60]}, {}),
    }
    for name, (new, wanted) in faults.items():
        assert kinds(old, new) == wanted, name
    for name in ("one value", "a new value"):
        assert [
            c.kind for c in compare_snapshots(snapshot_of(old), snapshot_of(faults[name][0]))
        ] == ["distribution"], name

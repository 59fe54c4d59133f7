"""Fifty mistakes in a file: each answers one sentence with its place, and none a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesocosm.config import read_text, schema
from mesocosm.core.errors import ConfigError

GOOD = (Path(__file__).parents[2] / "examples" / "bank" / "ecosystem.yaml").read_text()
PLACED = r"^ecosystem\.yaml:\d+"

# what to replace, by what, and words that the finding must hold
MISTAKES = [
    (
        "type: csv, path: data/faq.csv",
        "type: cvs, path: data/faq.csv",
        "'cvs' is not one of the choices",
        "Did you mean 'csv'?",
    ),
    ("type: csv, path: data/faq.csv", "path: data/faq.csv", "'type' is missing", "parquet"),
    ("type: csv, path: data/faq.csv", "type: csv", "'path' is missing", "text"),
    ("path: data/faq.csv", "path: 3", "'3' is not allowed here", "text"),
    ("path: data/faq.csv", "pth: data/faq.csv", "'pth' is not a key here", "Did you mean 'path'?"),
    (
        "path: data/faq.csv",
        "path: data/faq.csv, delimiter: ab",
        "'ab' is not allowed here",
        "delimiter",
    ),
    (
        "path: data/faq.csv",
        "path: data/faq.csv, encoding: utf9",
        "'utf9' is not one of the choices",
        "utf-8",
    ),
    (
        "type: csv, path: data/faq.csv",
        'type: postgres, url: "${NOT_SET}", table: x',
        "the environment variable NOT_SET is not set",
        "set",
    ),
    (
        "type: csv, path: data/faq.csv",
        "type: postgres, url: postgresql://h/b, table: 'x; drop'",
        "is not allowed here",
        "table",
    ),
    (
        "from: sentences",
        "from: sentenses",
        "no source or dataset is named 'sentenses'",
        "Did you mean 'sentences'?",
    ),
    ("from: sentences", "from: risk", "'risk' is a model", "source"),
    ("from: sentences", "from: {join: [sentences]}", "is invalid", "two sources"),
    ("from: sentences", "from: {}", "is invalid", "union"),
    (
        "key: application_id",
        "key: applicationid",
        "no field is named 'applicationid'",
        "Did you mean 'application_id'?",
    ),
    (
        "key: application_id",
        "kye: application_id",
        "'kye' is not a key here",
        "Did you mean 'key'?",
    ),
    (
        "age:        {type: integer",
        "age:        {type: integr",
        "'integr' is not one of the choices",
        "Did you mean 'integer'?",
    ),
    ("age:        {type: integer", "age:        {typ: integer", "'type' is missing", "number"),
    ("unit: month", "unit: mnth", "'mnth' is invalid", "a unit such as"),
    (
        "unit: DM, missing: median",
        "unit: DM, missing: medium",
        "'medium' is not one of the choices",
        "Did you mean 'median'?",
    ),
    ("unit: DM, missing: median", "unit: DM, missing: {method: constant}", "is missing", "value"),
    (
        "checking:   {type: category}",
        "checking:   {type: category, missing: mean}",
        "'mean' needs numbers",
        "mode",
    ),
    (
        "method: iqr, k: 6",
        "method: igr, k: 6",
        "'igr' is not one of the choices",
        "Did you mean 'iqr'?",
    ),
    ("method: iqr, k: 6", "method: iqr, k: -6", "'-6' is not allowed here", "over 0"),
    ("method: iqr, k: 6", "method: iqr, k: wide", "'wide' is not allowed here", "a number"),
    ("action: quarantine", "action: delete", "'delete' is not one of the choices", "clip"),
    (
        "checking:   {type: category}",
        "checking:   {type: category, outliers: iqr}",
        "'outliers' is not a key here",
        "values",
    ),
    (
        'rules: ["age between 18 and 100"]',
        'rules: ["age betwen 18 and 100"]',
        "not a condition in SQL",
        "age >= 18",
    ),
    (
        'rules: ["age between 18 and 100"]',
        'rules: ["ages > 18"]',
        "names no field 'ages'",
        "Did you mean 'age'?",
    ),
    (
        'rules: ["age between 18 and 100"]',
        'rules: ["age > (select 1)"]',
        "more than a condition",
        "one expression",
    ),
    (
        'rules: ["age between 18 and 100"]',
        "rules: [\"read_text('x') = 'y'\"]",
        "is not allowed in a rule",
        "abs",
    ),
    ('rules: ["age between 18 and 100"]', "rules: 7", "is not allowed here", "list"),
    (
        "values: [own, rent, for free]",
        "values: [own, rent, for free], aliases: {flat: own house}",
        "which is not a value",
        "own",
    ),
    (
        'formats: [iso, "%d/%m/%Y", "%d.%m.%Y"]',
        "formats: [european]",
        "'european' is invalid",
        "%d/%m/%Y",
    ),
    (
        "private: pseudonymise",
        "private: pseudonymize",
        "is not one of the choices",
        "Did you mean 'pseudonymise'?",
    ),
    (
        "duplicates: {by: sentence, keep: first}",
        "duplicates: {by: sentense, keep: first}",
        "no field is named 'sentense'",
        "Did you mean 'sentence'?",
    ),
    (
        "duplicates: {by: sentence, keep: first}",
        "duplicates: {by: sentence, keep: frist}",
        "'frist' is not one of the choices",
        "Did you mean 'first'?",
    ),
    (
        "split: {test: 0.2, validation: 0.1, stratify: intent}",
        "split: {test: 2.0}",
        "is invalid",
        "a share of 0 or more",
    ),
    (
        "split: {test: 0.2, validation: 0.1, stratify: intent}",
        "split: {test: missing-source}",
        "no source is named 'missing-source'",
        "faq",
    ),
    (
        "stratify: intent",
        "stratify: intents",
        "no field is named 'intents'",
        "Did you mean 'intent'?",
    ),
    (
        "dataset: credit",
        "dataset: credits",
        "no dataset is named 'credits'",
        "Did you mean 'credit'?",
    ),
    ("target: grade", "target: grades", "has no field 'grades'", "Did you mean 'grade'?"),
    ("target: grade", "target: application_id", "'application_id' is a text", "no 'fairness'"),
    ("features: [sentence]", "features: []", "is empty", "at least one"),
    ("features: [sentence]", "features: [intent]", "what the model predicts", "other"),
    (
        "features: [checking, duration",
        "features: [email, duration",
        "'email' is private",
        "allow_private",
    ),
    (
        "features: [checking, duration",
        "features: [aplied, duration",
        "'credit' has no field 'aplied'",
        "applied",
    ),
    (
        "    base: minilm\n    dataset: messages",
        "    dataset: messages",
        "'base' is missing",
        "minilm",
    ),
    (
        "fine_tune: frozen\n    require: {auc",
        "fine_tune: lorra\n    require: {auc",
        "'lorra' is not one of the choices",
        "Did you mean 'lora'?",
    ),
    (
        "fine_tune: frozen\n    require: {auc",
        "fine_tune: {method: lora, rank: 0}\n    require: {auc",
        "'0' is not allowed here",
        "a whole number, 1 or more",
    ),
    (
        "fine_tune: frozen\n    require: {auc",
        "fine_tune: {method: lora, rnak: 8}\n    require: {auc",
        "'rnak' is not a key here",
        "Did you mean 'rank'?",
    ),
    (
        'require: {auc: ">= 0.70"}',
        'require: {acu: ">= 0.70"}',
        "'acu' is not a key here",
        "Did you mean 'auc'?",
    ),
    ('require: {auc: ">= 0.70"}', "require: {auc: high}", "'high' is invalid", ">= 0.60"),
    ("model: risk", "model: rusk", "no model is named 'rusk'", "Did you mean 'risk'?"),
    ("model: risk", "queue: 5", "is invalid", "'model' with a model"),
    (
        "answers: {from: faq, threshold: 0.55}",
        "answers: {from: faq, threshold: 1.5}",
        "'1.5' is not allowed here",
        "1 or less",
    ),
    ("service: credit-desk", "service: credit", "'credit' is a dataset", "service"),
    ("every: 2s", "every: 2 seconds", "'2 seconds' is invalid", "a duration such as"),
    ("false_alarms: 1/month", "false_alarms: never", "'never' is invalid", "a rate such as"),
    (
        "on_drift: [alert, retrain]",
        "on_drift: [alert, retran]",
        "'retran' is not one of the choices",
        "Did you mean 'retrain'?",
    ),
    (
        "service: credit-desk, as: counter",
        "service: credit-desk, as: castle",
        "'castle' is not one of the choices",
        "counter",
    ),
    ("name: Lin, knowledge: faq", "name: Lin, knowledge: nothing-here", "nothing-here", "faq"),
    ("ecosystem: riverbank", "ecosystem: River Bank", "is not allowed here", "small letters"),
    ("grammar: 2", "grammar: 3", "'3' is not one of the choices", "2"),
    ("monitors:", "monitor:", "'monitor' is not a key here", "Did you mean 'monitors'?"),
    ("  help-desk:\n", "  credit-desk:\n", "duplicate key", "once"),
    ("model: risk", "model: *risk", "an anchor or alias", "the value itself"),
    ("model: risk", "model: !!python/object:os.system risk", "tag", "plain"),
    ("model: risk", "model: [risk", "not YAML", ""),
    (
        "style: a river valley at dawn",
        'style: "${HOME}"',
        "environment variables are not allowed here",
        "only in sources",
    ),
]


@pytest.mark.parametrize(("old", "new", "found", "wanted"), MISTAKES, ids=lambda v: str(v)[:30])
def test_a_mistake_is_named_with_its_place(old: str, new: str, found: str, wanted: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        read_text(GOOD.replace(old, new, 1), Path("ecosystem.yaml"), {})
    text = str(caught.value)
    assert found in text and wanted in text, text
    for finding in caught.value.findings:
        assert finding.place.line >= 1, text
        assert "validation error" not in text and "pydantic" not in text


def test_there_are_fifty_and_more() -> None:
    assert len(MISTAKES) >= 50


def test_places_are_exact_to_the_column() -> None:
    bad = GOOD.replace("unit: month", "unit: mnth")
    with pytest.raises(ConfigError) as caught:
        read_text(bad, Path("ecosystem.yaml"), {})
    (finding,) = caught.value.findings
    line = bad.splitlines()[finding.place.line - 1]
    assert line[finding.place.column - 1 :].startswith("mnth")


def test_all_findings_come_at_once_in_the_files_order() -> None:
    bad = (
        GOOD.replace("unit: month", "unit: mnth")
        .replace("dataset: credit", "dataset: credits")
        .replace("every: 2s", "every: soon")
    )
    with pytest.raises(ConfigError) as caught:
        read_text(bad, Path("ecosystem.yaml"), {})
    lines = [f.place.line for f in caught.value.findings]
    assert len(lines) >= 3 and lines == sorted(lines)


def test_a_secret_is_never_shown() -> None:
    bad = GOOD.replace(
        "type: csv, path: data/faq.csv", 'type: postgres, url: "${LEDGER}", table: 7'
    )
    with pytest.raises(ConfigError) as caught:
        read_text(bad, Path("ecosystem.yaml"), {"LEDGER": "postgresql://user:hunter2@db/x"})
    assert "hunter2" not in str(caught.value)


def test_the_whole_grammar_of_the_design_reads() -> None:
    text = """
grammar: 2
ecosystem: riverbank
about: A bank.
sources:
  applications: {type: csv, path: "data/applications/*.csv"}
  ledger: {type: postgres, url: "${LEDGER_URL}", table: public.loans}
  faq: {type: csv, path: data/faq.csv}
datasets:
  credit:
    from: {join: [applications, ledger], on: application_id}
    key: application_id
    fields:
      application_id: {type: text}
      income: {type: number, unit: EUR/year, missing: median, outliers: {method: iqr, action: clip}}
      age: {type: integer, missing: mean, rules: ["age between 18 and 100"]}
      amount: {type: number}
      opened: {type: date, formats: [iso, "%d/%m/%Y"]}
      purpose: {type: text}
      email: {type: text, private: pseudonymise}
      phone: {type: text, private: mask}
      grade: {type: category, values: [low, medium, high], aliases: {hi: high}}
    duplicates: {by: [application_id], keep: last}
    rules: ["amount <= 20 * income"]
    split: {test: 0.2, validation: 0.1, stratify: grade, seed: 7}
models:
  risk:
    base: minilm
    dataset: credit
    target: grade
    features: [purpose, income, age]
    fine_tune: {method: lora, rank: 8, epochs: 3}
    search: {sampler: random, trials: 12, over: {fine_tune.learning_rate: [1.0e-4, 1.0e-3]}}
    require: {macro_f1: ">= 0.60"}
services:
  credit-desk:
    model: risk
    runtime: {type: onnx, precision: int8}
    rollout: {method: canary, steps: [5, 25, 50], bake_time: 10m, guard: {error_rate: "<= 0.01", p95_ms: "<= 150"}}
monitors:
  credit-watch:
    service: credit-desk
    every: 1m
    drift: {method: auto, false_alarms: 1/month}
    anomaly: {method: adwin, on: [p95_ms, error_rate]}
    on_drift: [alert, retrain]
    on_anomaly: [alert, rollback]
world:
  style: a river valley at dawn
  places:
    desk: {service: credit-desk, as: counter, inhabitant: {name: Lin, language_model: smollm2, knowledge: faq}}
"""
    spec = read_text(text, Path("ecosystem.yaml"), {"LEDGER_URL": "postgresql://h/b"})
    assert spec.eco.models["risk"].fine_tune.method == "lora"
    assert spec.secrets == ("postgresql://h/b",)


def test_the_schema_names_every_section() -> None:
    assert {"sources", "datasets", "models", "services", "monitors", "world"} <= set(
        schema()["properties"]
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("sources: {t: {type: csv, path: ../x.csv}}", "sources.t.path"),
        ("sources: {t: {type: csv, path: /etc/x.csv}}", "sources.t.path"),
        ("world: {models: {lake: ../x.glb}}", "world.models.lake"),
    ],
)
def test_a_path_outside_is_named_by_its_key_once(text: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_text(f"ecosystem: e\n{text}\n", tmp_path / "ecosystem.yaml", {})
    assert key in [finding.key for finding in caught.value.findings]

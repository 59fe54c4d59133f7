"""Every word of another tool leads somewhere: what its finding says, written into the file, gives
a file that passes.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT

from mesocosm.config.loader import read_text
from mesocosm.config.other_values import VALUES
from mesocosm.core.errors import ConfigError, Finding

BANK = (ROOT / "examples" / "bank" / "ecosystem.yaml").read_text(encoding="utf-8")
FILE = Path("ecosystem.yaml")
TOP, DATASET, MODEL = "grammar: 2\n", "  credit:\n", "    target: grade\n"
SERVICE, MONITOR = "    model: risk\n", "    service: credit-desk\n"
AGE = '{type: integer, missing: mean, rules: ["age between 18 and 100"]}'
SOURCE = "{type: csv, path: data/sentences.csv, origin: business}"
SPLIT = "    split: {test: 0.2, validation: 0.1, stratify: grade, seed: 7}\n"
TUNING = "    fine_tune: frozen\n    require: {auc"
REQUIRE, DRIFT = (
    '{auc: ">= 0.70"}',
    "    drift: {method: auto, false_alarms: 1/month, window: 100}\n",
)
PRIVATE, RULES, ROWS = "private: mask", 'rules: ["amount > 0 and duration > 0"]', "duplicates: row"
REACTION, METRICS = "on_drift: [alert, retrain]", "on: [p95_ms, error_rate]"


def tune(settings: str) -> str:
    """The model's fine-tuning, in the place of that of the bank."""
    return f"    fine_tune: {settings}\n    require: {{auc"


LED = [  # what stands in the file, the wrong text for it, what is said, and the text that follows it
    # sklearn, Keras, Transformers: settings of training
    (MODEL, "{}    class_weight: balanced\n", "'weights' in 'fine_tune.loss'", "{}"),
    (TUNING, tune("{method: frozen, loss: focal}"), "full, gradual, ia3", tune("{method: full, loss: focal}")),
    (TUNING, tune("{method: frozen, epochs: 3}"), "'epochs' is a key where", tune("{method: lora, epochs: 3}")),
    (TUNING, tune("{method: frozen, optimizer: adamw}"), "here 'method' is 'frozen'", tune("{method: last, optimizer: adamw}")),
    (TUNING, tune("{method: last, rank: 8}"), "adalora, dora, lora", tune("{method: dora, rank: 8}")),
    (TUNING, tune("{loss: focal}"), "'method' is missing", tune("{method: last, loss: focal}")),
    (TUNING, tune("{class_weight: balanced}"), "'class_weight' is 'weights' in 'loss' here", tune("{method: last, loss: {method: focal, weights: balanced}}")),
    (TUNING, tune("{method: lora, precision: fp16}"), "'bf16'", tune("{method: lora, precision: bf16}")),
    (TUNING, tune("{method: last, loss: bce}"), "'cross_entropy' or 'binary'", tune("{method: last, loss: cross_entropy}")),
    (TUNING, tune("{method: last, loss: crossentropy}"), "'cross_entropy'", tune("{method: last, loss: cross_entropy}")),
    (TUNING, tune("{method: last, optimizer: rmsprop}"), "'adamw'", tune("{method: last, optimizer: adamw}")),
    (TUNING, tune("{method: last, schedule: cosine_annealing}"), "'cosine'", tune("{method: last, schedule: cosine}")),
    (TUNING, tune("{method: last, lr: 0.01}"), "'learning_rate'", tune("{method: last, learning_rate: 0.01}")),
    (TUNING, tune("random_forest"), "'{method: frozen, head: boost}'", tune("{method: frozen, head: boost}")),
    (TUNING, tune("xgboost"), "'{method: frozen, head: boost}'", tune("{method: frozen, head: boost}")),
    (TUNING, tune("logistic_regression"), "head: linear", tune("{method: frozen, head: linear}")),
    (TUNING, tune("{method: frozen, head: random_forest}"), "'boost'", tune("{method: frozen, head: boost}")),
    (TUNING, tune("qlora"), "'lora'", tune("lora")),
    (TUNING, tune("linear_probe"), "'frozen'", tune("frozen")),
    (TUNING, tune("prefix_tuning"), "'prefix'", tune("prefix")),
    ("base: minilm\n    dataset: credit", "base: random_forest\n    dataset: credit", "such as 'minilm'", "base: minilm\n    dataset: credit"),
    (MODEL, "{}    hyperparameters: {{max_depth: 3}}\n", "'fine_tune' for one value", "{}"),
    (MODEL, "{}    n_estimators: 10\n", "head: NAME", "{}"),
    (MODEL, "{}    tokenizer: wordpiece\n", "the tokenizer comes with 'base'", "{}"),
    (MODEL, "{}    scoring: auc\n", "'require'", "{}"),
    (MODEL, "{}    tracking_uri: x\n", "'track: [mlflow]'", "{}    track: [mlflow]\n"),
    (MODEL, "{}    experiment: x\n", "'track: [mlflow]'", "{}    track: [mlflow]\n"),
    (MODEL, "{}    track: mlflow\n", "[mlflow]", "{}    track: [mlflow]\n"),
    (MODEL, "{}    random_state: 7\n", "'seed'", "{}    seed: 7\n"),
    # metrics
    (REQUIRE, "{accuracy: 0.7}", '">= 0.7"', '{accuracy: ">= 0.7"}'),
    (REQUIRE, "{mae: 0.7}", '">= 0.7"', "{}"),
    (REQUIRE, "[auc]", '{accuracy: ">= 0.7"}', '{accuracy: ">= 0.7"}'),
    (REQUIRE, '{roc_auc: ">= 0.7"}', "'auc'", '{auc: ">= 0.7"}'),
    (REQUIRE, '{f1: ">= 0.7"}', "'macro_f1'", '{macro_f1: ">= 0.7"}'),
    (REQUIRE, '{logloss: "<= 0.7"}', "'log_loss'", '{log_loss: "<= 0.7"}'),
    (REQUIRE, '{recall: ">= 0.7"}', "'macro_f1' or 'auc'", '{macro_f1: ">= 0.7"}'),
    # pandas, SQL: fields
    *(
        (AGE, f"{{type: {word}}}", f"'{right}'", f"{{type: {right}}}")
        for word, right in [
            ("string", "text"),
            ("str", "text"),
            ("varchar", "text"),
            ("float", "number"),
            ("double", "number"),
            ("int64", "integer"),
            ("bool", "boolean"),
            ("object", "text"),
            ("datetime64", "date"),
            ("timestamp", "time"),
            ("categorical", "category"),
        ]
    ),
    (AGE, "string", "'text'", "text"),
    (AGE, "{dtype: float}", "'dtype: float' is 'type: number' here", "{type: number}"),
    (AGE, "{type: integer, imputer: mean}", "'missing'", "{type: integer, missing: mean}"),
    (AGE, "{type: integer, missing: 0}", "'{method: constant, value: 0}'", "{type: integer, missing: {method: constant, value: 0}}"),
    (AGE, "{type: integer, missing: ffill}", "'forward'", "{type: integer, missing: {method: forward, order: applied}}"),
    (AGE, "{type: integer, missing: {strategy: mean}}", "'method: mean'", "{type: integer, missing: {method: mean}}"),
    (AGE, "{type: integer, missing: most_frequent}", "'mode'", "{type: integer, missing: mode}"),
    (AGE, "{type: integer, outliers: winsorize}", "'{method: iqr, action: clip}'", "{type: integer, outliers: {method: iqr, action: clip}}"),
    (AGE, "{type: integer, outliers: isolation_forest}", "'forest'", "{type: integer, outliers: forest}"),
    (PRIVATE, "private: hash", "'pseudonymise'", "private: pseudonymise"),
    (PRIVATE, "private: {method: mask, chars: 3}", "'show'", "private: {method: mask, show: 3}"),
    # Great Expectations, dbt
    (AGE, "{type: integer, rules: [expect_column_values_to_not_be_null]}", "'not_null'", "{type: integer, rules: [not_null]}"),
    (AGE, "{type: integer, rules: [{type: expect_column_values_to_be_between}]}", "'{type: range, min: 0, max: 100}'", "{type: integer, rules: [{type: range, min: 0, max: 100}]}"),
    (AGE, "{type: integer, rules: [{expect_column_values_to_be_between: {min: 1}}]}", "'{type: range, min: 0, max: 100}'", "{type: integer, rules: [{type: range, min: 0, max: 100}]}"),
    (AGE, "{type: text, rules: [accepted_values]}", "'{type: in_set, values: [A, B]}'", "{type: text, rules: [{type: in_set, values: [A, B]}]}"),
    (RULES, "rules: [expect_table_row_count_to_be_between]", "'{type: row_count, min: 100}'", "rules: [{type: row_count, min: 100}]"),
    (DATASET, "{}    unique_key: application_id\n", "'key'", "{}"),
    (DATASET, "{}    tests: [not_null]\n", "'rules'", "{}"),
    (DATASET, "{}    freshness: 1d\n", "'fresh' in 'contract'", "{}"),
    (DATASET, "{}    materialized: table\n", "written as a Delta table", "{}"),
    (SPLIT, "    split: {{test: 0.2, random_state: 7}}\n", "'seed'", "    split: {{test: 0.2, seed: 7}}\n"),
    (SPLIT, "    split: 0.2\n", "{test: 0.2}", "    split: {{test: 0.2}}\n"),
    (SPLIT, "    split: {{test: 0.2, train: 0.8}}\n", "are for training", "    split: {{test: 0.2}}\n"),
    (ROWS, "duplicates: true", "expected row, or a map such as {by: FIELD}", "duplicates: row"),
    (ROWS, "duplicates: {subset: age}", "'by'", "duplicates: {by: age}"),
    # sources
    (SOURCE, "{format: csv, path: data/sentences.csv}", "'format: csv' is 'type: csv' here", "{type: csv, path: data/sentences.csv}"),
    (SOURCE, "{type: s3, url: s3://b/f.csv}", "'remote' with 'url'", "{type: remote, url: s3://b/f.csv, format: csv}"),
    (SOURCE, "{type: postgresql, url: postgresql://h/b, table: t}", "'postgres'", "{type: postgres, url: postgresql://h/b, table: t}"),
    (SOURCE, "{type: xlsx, path: data/s.xlsx}", "'excel'", "{type: excel, path: data/s.xlsx}"),
    (SOURCE, "{type: snowflake, table: t}", "'type: python'", "{type: python, call: load.py:rows}"),
    (SOURCE, "{type: parquet, path: data/s.parquet, delimiter: ','}", "one of: csv; here 'type' is 'parquet'", "{type: csv, path: data/s.csv, delimiter: ','}"),
    # MLflow, Kubernetes
    (SERVICE, "{}    canary: 10\n", "'rollout', as {method: canary, steps: [5, 25, 50]}", "{}    rollout: {{method: canary, steps: [5, 25, 50]}}\n"),
    (SERVICE, "{}    rollout: {{canary: 10}}\n", "'method: canary' and 'steps: [5, 25, 50]'", "{}    rollout: {{method: canary, steps: [5, 25, 50]}}\n"),
    (SERVICE, "{}    rollout: rolling\n", "'canary'", "{}    rollout: canary\n"),
    (SERVICE, "{}    rollout: bluegreen\n", "'blue-green'", "{}    rollout: blue-green\n"),
    (SERVICE, "{}    resources: {{cpu: 2}}\n", "'memory' and 'threads' in 'runtime'", "{}    runtime: {{threads: 2}}\n"),
    (SERVICE, "{}    runtime: {{replicas: 2}}\n", "'workers'", "{}    runtime: {{workers: 2}}\n"),
    (SERVICE, "{}    runtime: tensorrt\n", "'onnx'", "{}    runtime: onnx\n"),
    (SERVICE, "{}    stage: production\n", "'mesocosm service promote'", "{}"),
    (SERVICE, "{}    port: 8080\n", "'--port' of 'mesocosm up'", "{}"),
    (SERVICE, "{}    batch: {{size: 10}}\n", "'max'", "{}    batch: {{max: 10}}\n"),
    (TOP, "{}apiVersion: v1\n", "'grammar: 2'", "{}"),
    (TOP, "{}kind: Model\n", "says what a resource is", "{}"),
    (TOP, "{}metadata: {{}}\n", "'ecosystem: NAME'", "{}"),
    (TOP, "{}experiment: x\n", "'models'", "{}"),
    # monitoring
    (DRIFT, "    drift: {{threshold: 0.1}}\n", "'false_alarms', as 1/month", "    drift: {{false_alarms: 1/month}}\n"),
    (MONITOR, "{}    threshold: 0.1\n", "'false_alarms' in 'drift', as 1/month", "{}"),
    (DRIFT, "    drift: kolmogorov_smirnov\n", "'ks'", "    drift: ks\n"),
    (DRIFT, "    drift: {{method: jensenshannon}}\n", "'psi'", "    drift: {{method: psi}}\n"),
    (MONITOR, "{}    notify: slack\n", "'{webhook: URL}'", '{}    notify: {{webhook: "https://hooks.example.org/x"}}\n'),
    (MONITOR, '{}    notify: {{slack: "https://a.example.org"}}\n', "'webhook'", '{}    notify: {{webhook: "https://a.example.org"}}\n'),
    (REACTION, "on_drift: [email]", "'alert', with 'notify'", "on_drift: [alert]"),
    (REACTION, "on_drift: retrain", "[alert, retrain]", "on_drift: [alert, retrain]"),
    (METRICS, "on: [latency]", "'p95_ms'", "on: [p95_ms]"),
]  # fmt: skip


def write(stands: str, text: str) -> str:
    """The bank's file with a text in the place of another; `{}` at its beginning is that other."""
    assert stands in BANK
    if stands.endswith("\n"):
        text = text.format(stands)
    return BANK.replace(stands, text, 1)


def find(text: str) -> list[Finding]:
    try:
        read_text(text, FILE, {})
    except ConfigError as refused:
        return refused.findings
    return []


@pytest.mark.parametrize(
    ("stands", "wrong", "hint", "right"), LED, ids=[" ".join(led[1].split())[-48:] for led in LED]
)
def test_following_a_hint_gives_a_file_that_passes(
    stands: str, wrong: str, hint: str, right: str
) -> None:
    findings = find(write(stands, wrong))
    texts = [finding.text() for finding in findings]
    assert any(hint in text for text in texts), texts
    followed = find(write(stands, right))
    assert not followed, [finding.text() for finding in followed]


def test_the_walk_is_long_and_every_word_once() -> None:
    assert len(LED) == len({(led[0], led[1]) for led in LED}) >= 60


def test_a_hint_says_which_methods_have_a_key() -> None:
    (finding,) = find(write(MODEL, "{}    class_weight: balanced\n"))
    assert [str(hint) for hint in finding.hints] == [
        "'loss' is a key where 'method' is one of: adalora, adapter, bitfit, dora, full, gradual,"
        " ia3, last, lora, prefix, prompt; here 'method' is 'frozen'.",
        "'weights' is a key where 'method' is one of: cross_entropy, focal.",
    ]
    followed = "    fine_tune: {method: full, loss: {method: focal, weights: balanced}}\n"
    assert not find(BANK.replace("    fine_tune: frozen\n", followed, 1))


def test_a_hint_needs_no_list_of_choices_and_json_has_it() -> None:
    (finding,) = find(write(MODEL, "{}    epochs: 3\n"))
    assert "Choices" not in finding.text() and len(finding.choices) > 20
    shown = finding.as_json()
    assert shown["choices"] == list(finding.choices) and shown["hints"]
    (plain,) = find(write(MODEL, "{}    colour: 3\n"))
    assert "Choices: about, " in plain.text() and "hints" not in plain.as_json()


def test_a_hint_is_chinese_too() -> None:
    (finding,) = find(write(SERVICE, "{}    stage: production\n"))
    assert "Mesocosm 没有这个设置：" in finding.render("zh")
    (finding,) = find(write(TUNING, tune("{method: last, rank: 8}")))
    assert "'rank' 只在 'method' 为以下值之一时可用：adalora、dora、lora" in finding.render("zh")


def test_no_value_has_two_meanings_in_one_place() -> None:
    for place, meanings in VALUES.items():
        words = [word for listed in meanings.values() for word in listed.split()]
        assert sorted(words) == sorted(set(words)), place

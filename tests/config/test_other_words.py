"""Words of other tools, in the place where somebody would write them, each get the right place."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT

from mesocosm.config.loader import read_text
from mesocosm.config.other_words import PLACES
from mesocosm.core.errors import ConfigError

BANK = (ROOT / "examples" / "bank" / "ecosystem.yaml").read_text(encoding="utf-8")
MODEL, SERVICE, MONITOR = "    target: grade\n", "    model: risk\n", "    service: credit-desk\n"
FIELD, DATASET, SOURCE = (
    "      age: {type: integer",
    "  credit:\n",
    "type: csv, path: data/applications",
)
WORDS = [
    (MODEL, "label: grade", "'target'"),
    (MODEL, "y: grade", "'target'"),
    (MODEL, "columns: [age]", "'features'"),
    (MODEL, "data: credit", "'dataset'"),
    (MODEL, "model_type: random_forest", "'base', or 'fine_tune:"),
    (MODEL, "algorithm: xgboost", "'base', or 'fine_tune:"),
    (MODEL, "pretrained_model: bert", "'base'"),
    (MODEL, "epochs: 3", "'epochs' in 'fine_tune'"),
    (MODEL, "learning_rate: 0.001", "'learning_rate' in 'fine_tune'"),
    (MODEL, "lr: 0.001", "'learning_rate' in 'fine_tune'"),
    (MODEL, "batch_size: 16", "'batch' in 'fine_tune'"),
    (MODEL, "loss: focal", "'loss' in 'fine_tune'"),
    (MODEL, "optimizer: adamw", "'optimizer' in 'fine_tune'"),
    (MODEL, "lora_r: 8", "'rank' in 'fine_tune: {method: lora}'"),
    (MODEL, "peft: lora", "'fine_tune: {method: NAME}'"),
    (MODEL, "metrics: [auc]", "'require'"),
    (MODEL, "random_state: 7", "'seed'"),
    (MODEL, "max_seq_length: 64", "'max_length'"),
    (MODEL, "test_size: 0.2", "'split' of the dataset"),
    (MODEL, "class_weight: balanced", "'weights' in 'fine_tune.loss'"),
    (MODEL, "problem_type: classification", "follows from the type of the target"),
    (MODEL, "early_stopping: 3", "'patience' in 'fine_tune'"),
    (SERVICE, "replicas: 2", "'workers' in 'runtime'"),
    (SERVICE, "canary: true", "'rollout'"),
    (SERVICE, "max_batch_size: 8", "'max' in 'batch'"),
    (SERVICE, "port: 8080", "'mesocosm up'"),
    (MONITOR, "threshold: 0.1", "'drift'"),
    (MONITOR, "slack: ops", "'notify'"),
    (MONITOR, "schedule: daily", "'every'"),
    (DATASET, "primary_key: application_id", "'key'"),
    (DATASET, "schema: {}", "'fields'"),
    (DATASET, "expectations: []", "'rules'"),
    (DATASET, "train_test_split: 0.2", "'split'"),
]


@pytest.mark.parametrize("line, written, expected", WORDS, ids=lambda v: v[:24])
def test_a_word_of_another_tool_gets_its_place(line: str, written: str, expected: str) -> None:
    assert BANK.count(line) >= 1
    text = BANK.replace(line, f"{line}    {written}\n", 1)
    with pytest.raises(ConfigError) as refused:
        read_text(text, Path("ecosystem.yaml"), {})
    key = written.partition(":")[0]
    (finding,) = [f for f in refused.value.findings if f.key.endswith(f".{key}")]
    if finding.near:  # the right word is also the nearest
        assert f"'{finding.near}'" == expected
        return
    assert expected in str(finding.expected), finding.text()
    assert f"'{key}' is not a key here; expected {finding.expected}." in finding.text()


@pytest.mark.parametrize("section, expected", [("model", "'models'"), ("pipeline", "'models'")])
def test_a_section_of_another_tool_gets_its_place(section: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=f"'{section}' is not a key here.*{expected}"):
        read_text(f"{BANK}{section}: {{}}\n", Path("ecosystem.yaml"), {})


def test_a_fine_tuning_method_may_be_named_as_a_type() -> None:
    text = BANK.replace("fine_tune: frozen", "fine_tune: {type: lora}", 1)
    assert text != BANK
    models = read_text(text, Path("ecosystem.yaml"), {}).eco.models.values()
    assert "lora" in [model.fine_tune.method for model in models if model.fine_tune]


def test_no_word_has_two_places_in_one_section() -> None:
    for section, meanings in PLACES.items():
        words = [word for listed in meanings.values() for word in listed.split()]
        assert len(words) == len(set(words)), (
            section,
            sorted(w for w in words if words.count(w) > 1),
        )

"""Learning: heads that agree with their graphs, frozen weights that stay, training that resumes
exactly.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.hashing import digest_folder
from mesocosm.learning.base_models import resolve
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.evaluation.batch_invariance import GraphProbe
from mesocosm.learning.export.onnx_export import export_head
from mesocosm.learning.export.predictor import Version
from mesocosm.learning.features import tabular
from mesocosm.learning.features.embeddings import encode, load_trunk
from mesocosm.learning.features.tokenizer import Tokens
from mesocosm.learning.fine_tuning import FINE_TUNING
from mesocosm.learning.heads import HEADS, Blend, softmax
from mesocosm.learning.heads.late_fusion import output_weights
from mesocosm.learning.training.loop import trainer
from mesocosm.serving.runtimes.onnx import Onnx

pytestmark = pytest.mark.slow

TEXTS = [f"a lovely day number {i}" if i % 2 else f"an awful storm number {i}" for i in range(40)]
Y = np.array([i % 2 for i in range(40)])


@pytest.fixture(scope="module")
def base() -> Any:
    return resolve("minilm", Path("."))


def made() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(1)
    text = rng.normal(size=(120, 16)).astype(np.float32)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    table = rng.normal(size=(120, 3)).astype(np.float32)
    return text, table, ((text[:, 0] * 3 + table[:, 0]) > 0).astype(np.int64)


def test_every_heads_graph_says_what_the_head_says(tmp_path: Path) -> None:
    text, table, y = made()
    fitted = {n: h().fit(text, table, y, 2, 7) for n, h in HEADS.items()}
    fitted["blend"] = Blend(*fitted.values())
    several = HEADS["boost"]().fit(text, table, np.digitize(table[:, 0], [-0.5, 0.5]), 3, 7)
    export_head(several.tensors(), tmp_path / "several")
    said = Onnx().session(tmp_path / "several").run(None, {"features": text, "table": table})[0]
    assert (
        np.abs(said - softmax(several.logits(text, table))).max() < 2e-4
        and (said.argmax(1) == np.digitize(table[:, 0], [-0.5, 0.5])).all()
    )
    for name, head in fitted.items():
        export_head(head.tensors(), tmp_path / name, shares=output_weights(head))
        said = Onnx().session(tmp_path / name).run(None, {"features": text, "table": table})[0]
        assert np.abs(said - softmax(head.logits(text, table))).max() < 2e-4, name
        assert (said.argmax(1) == y).mean() > (0.75 if name == "boost" else 0.85), (
            name
        )  # trees see the table only
        asked = GraphProbe(
            tmp_path / name,
            [""] * len(table),
            lambda texts: np.zeros((len(texts), 0), np.float32),
            text,
            table,
        )
        assert asked.measure_invariance(
            lambda a, b: float((a.argmax(1) == b.argmax(1)).mean()), text
        )["invariant"], name


def test_left_out_scores_are_those_of_real_refits() -> None:
    text, table, y = made()
    head = HEADS["kernel"]().fit(text[:40], table[:40], y[:40], 2, 7)
    strength = head.settings["strength"]
    kernel = np.exp(-head.gamma_text * _d(text[:40]) - head.gamma_table * _d(table[:40]))
    target = np.eye(2)[y[:40]] - head.mean
    for i in (0, 7, 31):
        keep = [j for j in range(40) if j != i]
        alpha = np.linalg.solve(kernel[np.ix_(keep, keep)] + strength * np.eye(39), target[keep])
        assert head.left_out[i] / head.heat == pytest.approx(
            kernel[i, keep] @ alpha + head.mean, abs=1e-3
        )


def _d(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return ((x[:, None] - x[None]) ** 2).sum(-1)


def test_a_text_alone_has_the_features_it_has_in_a_batch(base: Any) -> None:
    trunk, tokens = load_trunk(base), Tokens(base.folder, 64)
    together = encode(trunk, tokens, TEXTS)
    for i in (0, 11):
        assert float((together[i] * encode(trunk, tokens, [TEXTS[i]])[0]).sum()) > 0.999


@pytest.mark.parametrize("method", [m for m in FINE_TUNING if m != "frozen"])
def test_tuning_moves_only_what_may_move_and_resumes_to_the_same_weights(
    base: Any, tmp_path: Path, method: str
) -> None:
    def net() -> trainer.TrunkWithHead:
        torch.manual_seed(0)
        trunk = load_trunk(base)
        trunk.net = tune.attach(trunk.net)
        assert (
            0
            < sum(p.numel() for p in trunk.parameters() if p.requires_grad)
            < 0.6 * sum(p.numel() for p in trunk.parameters())
        )
        return trainer.TrunkWithHead(
            trunk, np.zeros((386, 2), np.float32), np.zeros(2, np.float32), tune.dropout
        )

    tune: Any = FINE_TUNING[method].model_validate({"method": method, "epochs": 2, "batch": 8})
    ids = Tokens(base.folder, 64).ids(TEXTS)
    data = trainer.TrainingRows(ids, np.zeros((40, 2), np.float32), Y)
    straight = net()
    before = {n: p.detach().clone() for n, p in straight.named_parameters()}
    history = trainer.train(straight, tune, data, data, 7, None, lambda _: None)
    assert history[-1]["held_loss"] < 0.69
    moved = {n for n, p in straight.named_parameters() if not torch.equal(p, before[n])}
    assert moved and moved <= {n for n, p in straight.named_parameters() if p.requires_grad}

    class Killed(Exception):
        pass

    def kill(record: dict[str, Any]) -> None:
        if record["epoch"] == 2:
            raise Killed

    with pytest.raises(Killed):
        trainer.train(net(), tune, data, data, 7, tmp_path, kill)
    resumed = net()
    again = trainer.train(resumed, tune, data, data, 7, tmp_path, lambda _: None)
    assert again == history
    for (name, a), (_, b) in zip(
        straight.named_parameters(), resumed.named_parameters(), strict=True
    ):
        assert torch.equal(a, b), name


def test_frozen_leaves_every_weight(base: Any) -> None:
    net = FINE_TUNING["frozen"].model_validate({"method": "frozen"}).attach(load_trunk(base).net)  # type: ignore[attr-defined]
    assert not [p for p in net.parameters() if p.requires_grad]


def test_a_folder_laid_out_as_a_hubs_is_a_base(base: Any, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(base.folder, tmp_path / "mine")
    assert resolve("mine", tmp_path).weights == base.weights
    (tmp_path / "mine" / "model.safetensors").unlink()
    with pytest.raises(ConfigValueError, match="no config.json with safetensors"):
        resolve("mine", tmp_path)
    with pytest.raises(ConfigValueError, match="Did you mean 'minilm'"):
        resolve("minlm", tmp_path)


def test_the_block_is_the_same_for_one_row_and_knows_gaps() -> None:
    kinds = {"n": "number", "c": "category"}
    rows = {"n": [1.0, 2.0, None, 4.0], "c": ["a", "b", None, "a"]}
    facts = tabular.fit_facts(rows, kinds)
    whole = tabular.build_block(rows, facts, 4)
    assert whole.shape == (4, sum(tabular.column_counts(facts))) and whole[2].tolist() == [
        0,
        1,
        0,
        0,
    ]
    for i in range(4):
        assert (
            tabular.build_block({k: [v[i]] for k, v in rows.items()}, facts, 1)[0] == whole[i]
        ).all()
    assert tabular.build_block({"n": [None], "c": ["never seen"]}, facts, 1)[0].tolist() == [
        0,
        1,
        0,
        0,
    ]


def test_metrics_agree_with_scikit_learn() -> None:
    from sklearn import metrics

    rng = np.random.default_rng(3)
    p = softmax(rng.normal(size=(300, 4)))
    y = rng.integers(0, 4, 300)
    found = evaluation_metrics.classification_metrics(p, y)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(y, p.argmax(1)))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(y, p.argmax(1), average="macro"))
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(y, p, multi_class="ovr"))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, p))
    low, high = evaluation_metrics.evaluate_classifier(p, y, list("abcd"), 1)["interval"][
        "accuracy"
    ]
    assert low < found["accuracy"] < high


def test_a_version_reproduces_its_own_figures_and_a_changed_file_is_noticed(bank: Path) -> None:
    from mesocosm.api.ecosystem import open_ecosystem
    from mesocosm.lifecycle.access.data_access import read_columns

    eco = open_ecosystem(bank)
    model, version = eco.spec.eco.models["risk"], eco.catalog.versions("risk")[0]
    rows, split = read_columns(
        eco.spec, eco.catalog.snapshot(dataset="credit"), [*model.features, "grade"]
    )
    held = [i for i, s in enumerate(split) if s == "test"]
    folder = bank / ".mesocosm" / version["path"]
    net = Version(folder, version["content"], Onnx().session)
    said = net.predict([{f: rows[f][i] for f in model.features} for i in held])
    accuracy = np.mean([p["label"] == rows["grade"][i] for p, i in zip(said, held, strict=True)])
    assert accuracy == pytest.approx(version["metrics"]["accuracy"], abs=0.011)
    card = folder / "card.json"
    before = card.read_bytes()
    card.write_bytes(before + b" ")
    assert digest_folder(folder) != version["content"]
    with pytest.raises(MesocosmError, match="not those that were made"):
        Version(folder, version["content"], Onnx().session)
    card.write_bytes(before)

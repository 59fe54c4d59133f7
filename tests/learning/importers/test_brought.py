"""A model made elsewhere: judged beside our baselines, gated and served as it is; a hostile or
wrong file is a sentence.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from conftest import said_of
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LinearRegression, LogisticRegression

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.api.service_calls import local

pytestmark = pytest.mark.slow

FILE = """grammar: 2
ecosystem: old
sources:
  rows: {type: csv, path: rows.csv}
datasets:
  table:
    from: rows
    fields: {a: number, b: number, c: {type: category}, value: number, text: text}
    split: {test: 0.3, validation: 0}
models:
  judge: {track: [], base: {onnx: models/old.onnx}, dataset: table, target: c, features: [a, b], require: {accuracy: ">= 0.9"}}
services:
  desk: {model: judge}
"""


def rows() -> tuple[np.ndarray[Any, Any], list[str], np.ndarray[Any, Any]]:
    x = np.random.default_rng(0).normal(size=(300, 2)).round(3)
    return (
        x,
        ["high" if 2 * a - b > 0 else "low" for a, b in x],
        (3 * x[:, 0] - x[:, 1] + 10).round(3),
    )


def graph(weights: Any, bias: Any, last: str | None = "Softmax", **more: Any) -> onnx.ModelProto:
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["z"])]
    nodes += (
        [helper.make_node(last, ["z"], ["p"], axis=1)]
        if last
        else [helper.make_node("Identity", ["z"], ["p"])]
    )
    w, b = np.asarray(weights, np.float32), np.asarray(bias, np.float32)
    made = helper.make_graph(
        more.get("nodes", nodes),
        "old",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", w.shape[0]])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, ["n", w.shape[1]])],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(b, "b")],
    )
    return helper.make_model(
        made, opset_imports=[helper.make_opsetid("", 17), *more.get("domains", [])], ir_version=9
    )


@pytest.fixture
def old(tmp_path: Path) -> Path:
    x, labels, value = rows()
    with (tmp_path / "rows.csv").open("w", newline="") as handle:
        out = csv.writer(handle)
        out.writerow(["a", "b", "c", "value", "text"])
        out.writerows(
            [*r, label, v, "x"]
            for r, label, v in zip(x.tolist(), labels, value.tolist(), strict=True)
        )
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    (tmp_path / "models").mkdir()
    net = LogisticRegression(C=100).fit(x, labels)  # classes in the alphabet's order: high, low
    onnx.save(
        graph(
            np.hstack([-net.coef_.T, net.coef_.T]) / 2, np.r_[-net.intercept_, net.intercept_] / 2
        ),
        str(tmp_path / "models" / "old.onnx"),
    )
    return tmp_path


def test_a_classifier_is_judged_and_served_as_it_is(old: Path) -> None:
    eco = open_ecosystem(old)
    eco.build()
    (version,) = eco.catalog.versions("judge")
    assert (
        version["state"] == "champion"
        and version["recipe"]["head"] == "brought"
        and version["metrics"]["accuracy"] > 0.95
    )
    assert version["metrics"]["baselines"]["majority"]["accuracy"] < 0.7
    sure, other = local(eco, "desk").predict([{"a": "3", "b": "-1"}, {"a": "-2", "b": "2"}])
    assert (sure["label"], other["label"]) == ("high", "low") and sure["probability"] > 0.99
    assert {c.sign for c in open_ecosystem(old).plan()} == {"="}
    net = LogisticRegression(C=1).fit(rows()[0], rows()[1])
    onnx.save(
        graph(np.hstack([-net.coef_.T, net.coef_.T]), np.r_[-net.intercept_, net.intercept_]),
        str(old / "models" / "old.onnx"),
    )
    assert {c.address: c.sign for c in open_ecosystem(old).plan()}[
        "models.judge"
    ] == "±"  # other bytes are another model


def test_its_classes_may_stand_in_another_order(old: Path) -> None:
    file = old / "ecosystem.yaml"
    model = onnx.load(str(old / "models" / "old.onnx"))
    w, b = (numpy_helper.to_array(t) for t in model.graph.initializer)
    onnx.save(graph(w[:, ::-1], b[::-1]), str(old / "models" / "old.onnx"))
    file.write_text(
        file.read_text().replace(
            "{onnx: models/old.onnx}", "{onnx: models/old.onnx, labels: [low, high]}"
        )
    )
    eco = open_ecosystem(old)
    eco.build()
    assert eco.catalog.versions("judge")[0]["metrics"]["accuracy"] > 0.95
    assert local(eco, "desk").predict([{"a": "3", "b": "-1"}])[0]["label"] == "high"


def test_a_model_of_numbers_says_values_in_their_unit(old: Path) -> None:
    x, _, value = rows()
    net = LinearRegression().fit(x, value)
    onnx.save(graph(net.coef_[:, None], [net.intercept_], None), str(old / "models" / "old.onnx"))
    file = old / "ecosystem.yaml"
    file.write_text(
        file.read_text()
        .replace("target: c,", "target: value,")
        .replace('accuracy: ">= 0.9"', 'r2: ">= 0.99"')
    )
    eco = open_ecosystem(old)
    eco.build()
    assert eco.catalog.versions("judge")[0]["state"] == "champion"
    assert local(eco, "desk").predict([{"a": "1", "b": "1"}])[0]["value"] == pytest.approx(
        12, abs=0.01
    )


def outside(home: Path) -> None:
    model = graph(np.eye(2), np.zeros(2))
    onnx.save(
        model,
        str(home / "models" / "old.onnx"),
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
        convert_attribute=False,
    )


def strange(home: Path) -> None:
    node = helper.make_node("Run", ["x", "w", "b"], ["p"], domain="evil.example")
    onnx.save(
        graph(
            np.eye(2), np.zeros(2), nodes=[node], domains=[helper.make_opsetid("evil.example", 1)]
        ),
        str(home / "models" / "old.onnx"),
    )


WRONG: list[tuple[Callable[[Path], None], str]] = [
    (
        lambda h: (h / "models" / "old.onnx").write_bytes(b"\x80\x04not a graph") and None,
        "is not a complete ONNX graph",
    ),
    (outside, "keeps its weights in another file"),
    (strange, "uses the operator 'Run' of 'evil.example'"),
    (
        lambda h: onnx.save(graph(np.eye(3), np.zeros(3)), str(h / "models" / "old.onnx")),
        "takes 3 numbers, and the model has 2 inputs",
    ),
    (
        lambda h: onnx.save(
            graph(np.eye(2) * 5, np.zeros(2), None), str(h / "models" / "old.onnx")
        ),
        "is not probabilities",
    ),
    (
        lambda h: onnx.save(graph(np.ones((2, 1)), np.zeros(1)), str(h / "models" / "old.onnx")),
        "cannot be run",
    ),
]


@pytest.mark.parametrize(("spoil", "said"), WRONG, ids=[said[:24] for _, said in WRONG])
def test_a_wrong_or_hostile_file_is_a_sentence_and_the_old_version_stays(
    old: Path, spoil: Callable[[Path], None], said: str
) -> None:
    open_ecosystem(old).build()
    spoil(old)
    (finding,) = open_ecosystem(old).build().failed
    assert said in finding.text() and finding.place.line == 11
    assert local(open_ecosystem(old), "desk").predict([{"a": "3", "b": "-1"}])[0]["label"] == "high"


@pytest.mark.parametrize(
    ("old_text", "new_text", "said"),
    [
        ("models/old.onnx", "../old.onnx", "leaves the project"),
        ("models/old.onnx", "models/gone.onnx", "no file at"),
        ("features: [a, b]", "features: [a, text]", "takes numbers"),
        ("features: [a, b]", "features: [a, b], fine_tune: lora", "served as it is"),
    ],
)
def test_what_the_file_says_of_it_is_checked(
    old: Path, old_text: str, new_text: str, said: str
) -> None:
    file = old / "ecosystem.yaml"
    file.write_text(file.read_text().replace(old_text, new_text))
    assert any(said in line for line in said_of(old, plan=True))


def keras_net(folder: Path, *more: Any) -> Path:
    """A Keras net that tells `c` as the rows do, saved; returns its path."""
    import os

    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    x, labels, _ = rows()
    net = keras.Sequential(
        [
            keras.layers.Input((2,)),
            keras.layers.Normalization(mean=x.mean(0), variance=x.var(0)),
            *more,
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    fitted = LogisticRegression().fit((x - x.mean(0)) / x.std(0), labels)
    net.layers[-1].set_weights(
        [
            np.hstack([-fitted.coef_.T, fitted.coef_.T]) / 2,
            np.r_[-fitted.intercept_, fitted.intercept_] / 2,
        ]
    )
    path = folder / "models" / "old.keras"
    net.save(path)
    return path


def test_a_keras_file_is_judged_and_served(old: Path) -> None:
    keras_net(old)
    file = old / "ecosystem.yaml"
    file.write_text(
        FILE.replace("{onnx: models/old.onnx}", "{keras: models/old.keras, labels: [low, high]}")
    )
    eco = open_ecosystem(old)
    (fault,) = (
        eco.build().failed
    )  # the alphabet's order is the net's own, so the other way round it is refused
    assert "accuracy" in fault.text()
    file.write_text(FILE.replace("{onnx: models/old.onnx}", "{keras: models/old.keras}"))
    eco = open_ecosystem(old)
    assert not eco.build().failed
    version = eco.catalog.versions("judge")[-1]
    assert version["metrics"]["accuracy"] > 0.95 and version["recipe"]["base"] == "models/old.keras"
    served = local(eco, "desk")
    assert [p["label"] for p in served.predict([{"a": "2", "b": "0"}, {"a": "-2", "b": "0"}])] == [
        "high",
        "low",
    ]


def hostile(
    path: Path, change: Callable[[dict[str, Any]], None] = lambda config: None, **more: bytes
) -> None:
    """The file again with its configuration changed, or parts replaced or added."""
    import json
    import zipfile

    with zipfile.ZipFile(path) as whole:
        parts = {n: whole.read(n) for n in whole.namelist()}
    config = json.loads(parts["config.json"])
    change(config)
    parts["config.json"] = json.dumps(config).encode()
    parts |= {n.replace("__", "/").replace("_DOT_", "."): v for n, v in more.items()}
    with zipfile.ZipFile(path, "w") as out:
        for name, held in parts.items():
            out.writestr(name, held)


def linked() -> bytes:
    """Weights whose one member is in another file."""
    import io

    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["layers"] = h5py.ExternalLink("/etc/passwd", "/")
    return out.getvalue()


def layer(name: str, **more: Any) -> Callable[[dict[str, Any]], None]:
    return lambda config: config["config"]["layers"].insert(
        1,
        {"module": "keras.layers", "class_name": name, "config": {}, "registered_name": None}
        | more,
    )


@pytest.mark.parametrize(
    "spoil, wanted",
    [
        (lambda p: hostile(p, layer("Lambda")), "uses 'Lambda'"),
        (lambda p: hostile(p, layer("call", module="subprocess")), "uses 'call' of 'subprocess'"),
        (lambda p: hostile(p, layer("Dense", registered_name="mine>Dense")), "uses 'Dense'"),
        (
            lambda p: hostile(
                p,
                lambda c: c["config"]["layers"][-1]["config"].update(
                    activation={"module": "os", "class_name": "function", "config": "system"}
                ),
            ),
            "uses ",
        ),
        (
            lambda p: hostile(p, lambda c: c.update(class_name="Functional", module="evil")),
            "holds a Functional",
        ),
        (lambda p: hostile(p, assets__x=b"1"), "holds assets/x"),
        (
            lambda p: hostile(p, **{"model_DOT_weights_DOT_h5": linked()}),
            "keeps its weights in another file",
        ),
        (
            lambda p: hostile(p, **{"model_DOT_weights_DOT_h5": b"no weights"}),
            "is not a complete Keras file",
        ),
        (lambda p: p.write_bytes(b"\x80\x04pickle"), "is not a complete Keras file"),
    ],
)
def test_a_hostile_keras_file_is_a_sentence(
    old: Path, spoil: Callable[[Path], None], wanted: str
) -> None:
    spoil(keras_net(old))
    (old / "ecosystem.yaml").write_text(
        FILE.replace("{onnx: models/old.onnx}", "{keras: models/old.keras}")
    )
    eco = open_ecosystem(old)
    fault, *_ = eco.build().failed
    assert wanted in fault.text() and fault.text().startswith("ecosystem.yaml:"), fault.text()
    assert not eco.catalog.versions("judge")

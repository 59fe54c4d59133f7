"""A SavedModel of TensorFlow is judged and served as it is; one that reads files, runs code or is
not whole is a sentence, and is never run.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.api.service_calls import local
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import text_of_json
from mesocosm.learning.importers.tensorflow import convert_to_onnx

pytestmark = pytest.mark.slow

FILE = """grammar: 2
ecosystem: old
sources:
  rows: {type: csv, path: rows.csv}
datasets:
  table:
    from: rows
    fields: {a: number, b: number, c: {type: category}}
    split: {test: 0.3, validation: 0}
models:
  judge: {track: [], base: {tensorflow: models/good}, dataset: table, target: c, features: [a, b], require: {accuracy: ">= 0.9"}}
services:
  desk: {model: judge}
"""
MAKE = """
import json, os, sys
from pathlib import Path
import numpy as np
import tensorflow as tf

home, weights, bias = Path(sys.argv[1]), *(np.array(w, np.float32) for w in json.loads(sys.argv[2]))
row = tf.TensorSpec([None, 2], tf.float32)

def save(name, tell, spec=(row,), **more):
    net = tf.Module()
    net.w, net.b = tf.Variable(weights), tf.Variable(bias)
    for key, value in more.items():
        setattr(net, key, value(net) if callable(value) else value)
    net.tell = tf.function(lambda *x: tell(net, *x), input_signature=list(spec))
    tf.saved_model.save(net, str(home / name), signatures={"serving_default": net.tell})
    return net

def plain(net, x):
    return {"p": tf.nn.softmax(tf.matmul(x, net.w) + net.b)}

net = save("good", plain)
tf.saved_model.save(net, str(home / "unsigned"), signatures={"other": net.tell})
save("reads", lambda net, x: {"p": plain(net, x)["p"] + 0 * tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)})
save("runs", lambda net, x: {"p": tf.ensure_shape(tf.py_function(lambda v: v, [plain(net, x)["p"]], tf.float32), [None, 2])})
def writing(net, x):
    with tf.control_dependencies([tf.raw_ops.SaveV2(prefix=str(home / "written"), tensor_names=["x"], shape_and_slices=[""], tensors=[x])]):
        return {"p": tf.identity(plain(net, x)["p"])}

save("writes", writing)  # by an operator that keeping weights needs too
save("two", lambda net, x, y: plain(net, x + y), spec=(row, tf.TensorSpec([None, 2], tf.float32)))
(home / "words.txt").write_text("a")
save("asset", plain, words=lambda net: tf.saved_model.Asset(str(home / "words.txt")))
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    x = tf.compat.v1.placeholder(tf.float32, [None, 2])
    tf.compat.v1.saved_model.simple_save(session, str(home / "old"), {"x": x}, {"p": tf.nn.softmax(x)})
(home / "spoilt" / "variables").mkdir(parents=True)
(home / "spoilt" / "saved_model.pb").write_bytes(b"\\xff\\xff not a graph")
"""
WRONG = {
    "unsigned": "has the signatures __saved_model_init_op, other",
    "reads": "uses the operator 'ReadFile'",
    "runs": "uses the operator 'EagerPyFunc'",
    "writes": "uses the operator 'SaveV2'",
    "asset": "keeps asset",
    "two": "takes 2 inputs and gives 1 outputs",
    "old": "of TensorFlow 1",
    "spoilt": "is not a complete SavedModel",
}


def rows() -> tuple[np.ndarray[Any, Any], list[str]]:
    x = np.random.default_rng(0).normal(size=(300, 2)).round(3)
    return x, ["high" if 2 * a - b > 0 else "low" for a, b in x]


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders saved by TensorFlow, in a process of its own."""
    home = tmp_path_factory.mktemp("nets")
    x, labels = rows()
    net = LogisticRegression(C=100).fit(x, labels)
    weights = json.dumps(
        [
            (np.hstack([-net.coef_.T, net.coef_.T]) / 2).tolist(),
            (np.r_[-net.intercept_, net.intercept_] / 2).tolist(),
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", MAKE, str(home), weights],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return home


def test_it_is_judged_and_served(nets: Path, tmp_path: Path) -> None:
    x, labels = rows()
    with (tmp_path / "rows.csv").open("w", newline="") as handle:
        out = csv.writer(handle)
        out.writerow(["a", "b", "c"])
        out.writerows([*r, label] for r, label in zip(x.tolist(), labels, strict=True))
    (tmp_path / "models").mkdir()
    (nets / "good").rename(tmp_path / "models" / "good")
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    eco = open_ecosystem(tmp_path)
    assert not eco.build().failed
    version = eco.catalog.versions("judge")[-1]
    assert version["metrics"]["accuracy"] > 0.95 and version["recipe"]["base"] == "models/good"
    assert [
        p["label"]
        for p in local(eco, "desk").predict([{"a": "3", "b": "-1"}, {"a": "-2", "b": "2"}])
    ] == ["high", "low"]
    assert {c.sign for c in open_ecosystem(tmp_path).plan()} == {"="}
    weights = tmp_path / "models" / "good" / "variables" / "variables.data-00000-of-00001"
    weights.write_bytes(weights.read_bytes()[:20])
    assert {c.address: c.sign for c in open_ecosystem(tmp_path).plan()}[
        "models.judge"
    ] == "±"  # other bytes are another model
    (fault,) = open_ecosystem(tmp_path).build().failed
    assert "cannot be read by TensorFlow" in fault.text() and fault.text().startswith(
        "ecosystem.yaml:11"
    )
    assert (
        local(open_ecosystem(tmp_path), "desk").predict([{"a": "3", "b": "-1"}])[0]["label"]
        == "high"
    )


def test_what_does_more_than_reckon_is_a_sentence_and_never_run(nets: Path, tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from mesocosm.learning.importers.tensorflow import main\nfor n in"
        " sys.argv[3:]:\n    out = pathlib.Path(sys.argv[2], n); out.mkdir();"
        " main(str(pathlib.Path(sys.argv[1], n)), str(out), n)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(nets), str(tmp_path), *WRONG],
        check=True,
        capture_output=True,
    )
    for name, wanted in WRONG.items():
        told = json.loads((tmp_path / name / "told.json").read_text())
        assert wanted in str(text_of_json(told["wrong"][1])), told
        assert not (tmp_path / name / "made.onnx").exists()
    assert not list(nets.glob("written*"))


def link(home: Path) -> None:
    (home / "variables" / "variables.index").unlink()
    (home / "variables" / "variables.index").symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda home: (home / "run.py").write_text("print(1)"), "holds 'run.py'"),
        (lambda home: (home / "assets" / "words.txt").write_text("a"), "holds 'assets/words.txt'"),
        (link, "holds 'variables/variables.index'"),
        (lambda home: (home / "saved_model.pb").unlink(), "holds no saved_model.pb"),
    ],
)
def test_a_folder_with_more_or_less_in_it_is_a_sentence(
    tmp_path: Path, spoil: Callable[[Path], Any], said: str
) -> None:
    for name in ("saved_model.pb", "variables/variables.index", "assets/.keep"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "assets" / ".keep").unlink()
    spoil(tmp_path)
    with pytest.raises(ConfigValueError, match=said):
        convert_to_onnx(tmp_path, "net")


def test_where_tensorflow_is_not_there_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "none" / "tensorflow").mkdir(parents=True)
    (tmp_path / "none" / "tensorflow" / "__init__.py").write_text("raise ImportError('none here')")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "saved_model.pb").write_bytes(b"")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "none"))
    with pytest.raises(MesocosmError, match="install mesocosm with its extra 'tensorflow'"):
        convert_to_onnx(tmp_path / "net", "net")

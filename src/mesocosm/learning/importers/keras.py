"""A Keras file (`.keras`) as an ONNX graph: every class that it names is looked at before anything
is built, and its weights link to nothing outside.

Knows Keras 3 over torch, and HDF5. Only layers of Keras itself are taken; a layer with code of its
own never is.
"""

from __future__ import annotations

import json
import os
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

from mesocosm.core.errors import Failure, Wrong

MOST_BYTES = 2_000_000_000
PARTS = {"metadata.json", "config.json", "model.weights.h5"}
MODELS = {"Sequential", "Functional"}
LAYERS = {
    "InputLayer",
    "Dense",
    "Activation",
    "Dropout",
    "BatchNormalization",
    "LayerNormalization",
    "Normalization",
    "Rescaling",
    "Add",
    "Multiply",
    "Subtract",
    "Average",
    "Maximum",
    "Minimum",
    "Concatenate",
    "Reshape",
    "Flatten",
    "ReLU",
    "LeakyReLU",
    "PReLU",
    "ELU",
    "Softmax",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
}
BESIDE = ("keras.initializers", "keras.regularizers", "keras.constraints")
PLAIN = {"DTypePolicy", "__keras_tensor__"}
SAID = {
    "relu",
    "linear",
    "softmax",
    "sigmoid",
    "tanh",
    "elu",
    "selu",
    "gelu",
    "softplus",
    "softsign",
    "exponential",
    "leaky_relu",
    "silu",
    "swish",
    "hard_sigmoid",
    "relu6",
    "mish",
}


def convert_to_onnx(path: Path, named: str) -> bytes:
    """The file's net as a serialised ONNX graph.

    Raises:
        Wrong: it is no whole file, or names what is not taken.
        Failure: Keras is not installed.
    """
    config = _looked_at(path, named)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    with tempfile.TemporaryDirectory(prefix="mesocosm-") as home, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.environ.setdefault("KERAS_HOME", home)  # it writes its settings somewhere
        try:
            import keras
        except ImportError as error:
            raise Failure(
                "a Keras file needs the package keras; install mesocosm with its extra 'keras'"
            ) from error
        if keras.backend.backend() != "torch":
            raise Failure(
                f"Keras runs on {keras.backend.backend()} here; wanted KERAS_BACKEND=torch"
            )
        import numpy as np

        try:
            net = keras.saving.load_model(path, compile=False, safe_mode=True)
            if len(net.inputs) != 1:
                raise Wrong(
                    "base.keras", f"it takes {len(net.inputs)} inputs", "one input (rows, inputs)"
                )
            net(np.zeros((1, *net.inputs[0].shape[1:]), np.float32))
            net.export(f"{home}/made.onnx", format="onnx", verbose=False)
        except Wrong:
            raise
        except Exception as error:  # Keras, HDF5 and torch each have their own kinds
            raise Wrong(
                "base.keras",
                f"'{named}' cannot be read by Keras {keras.__version__}"
                f" ({str(error).splitlines()[0][:160] if str(error) else type(error).__name__})",
                f"a whole file saved by Keras 3 from a {config['class_name']} model",
            ) from error
        return Path(home, "made.onnx").read_bytes()


def _looked_at(path: Path, named: str) -> dict[str, Any]:
    """The file's configuration, once nothing in it is out of place."""
    try:
        with zipfile.ZipFile(path) as whole:
            names = {i.filename for i in whole.infolist()}
            if not {"config.json", "model.weights.h5"} <= names <= PARTS:
                raise Wrong(
                    "base.keras",
                    f"'{named}' holds"
                    f" {', '.join(sorted(names - PARTS)[:3]) or 'no config.json with weights'}",
                    "a file saved by Keras 3, with no assets",
                )
            if sum(i.file_size for i in whole.infolist()) > MOST_BYTES:
                raise Wrong(
                    "base.keras", f"it unpacks to more than {MOST_BYTES} bytes", "a smaller one"
                )
            config: dict[str, Any] = json.loads(whole.read("config.json"))
            with tempfile.NamedTemporaryFile(suffix=".h5") as held:
                with whole.open("model.weights.h5") as source:
                    while block := source.read(1 << 20):
                        held.write(block)
                held.flush()
                _links(held.name, named)
    except (zipfile.BadZipFile, ValueError, OSError, KeyError) as error:
        raise Wrong(
            "base.keras", f"'{named}' is no whole Keras file", "a file saved by Keras 3"
        ) from error
    if (
        not isinstance(config, dict)
        or config.get("module")
        not in (
            "keras",
            "keras.models",
            "keras.src.models.functional",
            "keras.src.models.sequential",
        )
        or config.get("class_name") not in MODELS
    ):
        raise Wrong(
            "base.keras",
            f"'{named}' holds a"
            f" {str(config.get('class_name') if isinstance(config, dict) else config)[:60]}",
            "a Sequential or Functional model of Keras itself",
        )
    _classes(config.get("config"), named)
    return config


def _classes(value: Any, named: str) -> None:
    """Refuse whatever would be looked up by name and is not known."""
    if isinstance(value, list):
        for one in value:
            _classes(one, named)
    if not isinstance(value, dict):
        return
    if "class_name" in value:
        module, name = str(value.get("module")), str(value["class_name"])
        known = (
            (module in ("keras.layers", "None", "builtins") and name in LAYERS | PLAIN)
            or module in BESIDE
            or (module == "keras" and name in PLAIN)
        )
        if not known or value.get("registered_name") not in (None, name, f"keras.{name}", ""):
            raise Wrong(
                "base.keras",
                f"'{named}' uses '{name[:60]}' of '{module[:60]}'",
                "layers of Keras itself",
                sorted(LAYERS),
            )
    for key in ("activation", "recurrent_activation"):
        said = value.get(key)
        if said is not None and (not isinstance(said, str) or said not in SAID):
            raise Wrong(
                "base.keras", f"'{named}' uses the activation {str(said)[:60]}", "", sorted(SAID)
            )
    for one in value.values():
        _classes(one, named)


def _links(path: str, named: str) -> None:
    """Refuse weights that point at other files."""
    try:
        import h5py
    except ImportError as error:
        raise Failure(
            "a Keras file needs the package keras; install mesocosm with its extra 'keras'"
        ) from error

    def look(group: Any) -> None:
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise Wrong(
                    "base.keras",
                    f"'{named}' keeps its weights in another file",
                    "one file that holds all of it",
                )
            one = group[name]
            if isinstance(one, h5py.Group):
                look(one)
            elif one.external or one.is_virtual:
                raise Wrong(
                    "base.keras",
                    f"'{named}' keeps its weights in another file",
                    "one file that holds all of it",
                )

    with h5py.File(path, "r") as file:
        look(file)

"""A Keras file (`.keras`) as an ONNX graph: every class that it names is checked before anything is
built, and its weights link to nothing outside.

Knows Keras 3 over torch, and HDF5. Only layers of Keras itself are taken; a layer with code of its
own never is.
"""

from __future__ import annotations

import json
import os
import tempfile
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesocosm.core.errors import ConfigValueError, MesocosmError

MAX_BYTES = 2_000_000_000
MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
NEEDS_KERAS = "a Keras file needs the package keras; install mesocosm with its extra 'keras'"
MODELS = {"Sequential", "Functional"}
MODEL_MODULES = (
    "keras",
    "keras.models",
    "keras.src.models.functional",
    "keras.src.models.sequential",
)
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
HELPERS = ("keras.initializers", "keras.regularizers", "keras.constraints")
PLAIN = {"DTypePolicy", "__keras_tensor__"}
ACTIVATIONS = {
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
    """The file's net as a serialized ONNX graph.

    Args:
        named: the file as messages name it.

    Raises:
        ConfigValueError: it is not a complete file, or names what is not taken.
        MesocosmError: Keras is not installed.
    """
    config = _check_file(path, named)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    with tempfile.TemporaryDirectory(prefix="mesocosm-") as home, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.environ.setdefault("KERAS_HOME", home)  # it writes its settings somewhere
        try:
            import keras
        except ImportError as error:
            raise MesocosmError(NEEDS_KERAS) from error
        if keras.backend.backend() != "torch":
            raise MesocosmError(
                f"Keras runs on {keras.backend.backend()} here; expected KERAS_BACKEND=torch"
            )
        out = Path(home, "made.onnx")
        try:
            _export(path, out)
        except ConfigValueError:
            raise
        except Exception as error:  # Keras, HDF5 and torch each have their own kinds
            reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
            raise ConfigValueError(
                "base.keras",
                f"'{named}' cannot be read by Keras {keras.__version__} ({reason})",
                f"a complete file saved by Keras 3 from a {config['class_name']} model",
            ) from error
        return out.read_bytes()


def _export(path: Path, out: Path) -> None:
    """Load a checked file and write it as ONNX."""
    import keras
    import numpy as np

    net = keras.saving.load_model(path, compile=False, safe_mode=True)
    if len(net.inputs) != 1:
        raise ConfigValueError(
            "base.keras", f"it takes {len(net.inputs)} inputs", "one input (rows, inputs)"
        )
    net(np.zeros((1, *net.inputs[0].shape[1:]), np.float32))
    net.export(str(out), format="onnx", verbose=False)


def _check_file(path: Path, named: str) -> dict[str, Any]:
    """The file's configuration, once nothing in it is out of place."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, named)
            config: dict[str, Any] = json.loads(archive.read("config.json"))
            with tempfile.NamedTemporaryFile(suffix=".h5") as weights:
                with archive.open("model.weights.h5") as source:
                    while block := source.read(1 << 20):
                        weights.write(block)
                weights.flush()
                _check_weights(weights.name, named)
    except (zipfile.BadZipFile, ValueError, OSError, KeyError) as error:
        raise ConfigValueError(
            "base.keras", f"'{named}' is not a complete Keras file", "a file saved by Keras 3"
        ) from error
    _check_model(config, named)
    _check_classes(config.get("config"), named)
    return config


def _check_members(archive: zipfile.ZipFile, named: str) -> None:
    names = {i.filename for i in archive.infolist()}
    if not {"config.json", "model.weights.h5"} <= names <= MEMBERS:
        others = ", ".join(sorted(names - MEMBERS)[:3])
        raise ConfigValueError(
            "base.keras",
            f"'{named}' holds {others or 'no config.json with weights'}",
            "a file saved by Keras 3, with no assets",
        )
    if sum(i.file_size for i in archive.infolist()) > MAX_BYTES:
        raise ConfigValueError(
            "base.keras", f"it unpacks to more than {MAX_BYTES} bytes", "a smaller one"
        )


def _check_model(config: Any, named: str) -> None:
    """Refuse what is no model of Keras itself."""
    kind = config
    if isinstance(config, dict):
        kind = config.get("class_name")
        if config.get("module") in MODEL_MODULES and kind in MODELS:
            return
    raise ConfigValueError(
        "base.keras",
        f"'{named}' holds a {str(kind)[:60]}",
        "a Sequential or Functional model of Keras itself",
    )


def _check_classes(value: Any, named: str) -> None:
    """Refuse whatever would be looked up by name and is not known."""
    if isinstance(value, list):
        for one in value:
            _check_classes(one, named)
    if not isinstance(value, dict):
        return
    if "class_name" in value:
        _check_class(value, named)
    for key in ("activation", "recurrent_activation"):
        activation = value.get(key)
        if activation is None:
            continue
        if not isinstance(activation, str) or activation not in ACTIVATIONS:
            raise ConfigValueError(
                "base.keras",
                f"'{named}' uses the activation {str(activation)[:60]}",
                "",
                sorted(ACTIVATIONS),
            )
    for one in value.values():
        _check_classes(one, named)


def _check_class(value: Mapping[str, Any], named: str) -> None:
    module, name = str(value.get("module")), str(value["class_name"])
    known = (
        (module in ("keras.layers", "None", "builtins") and name in LAYERS | PLAIN)
        or module in HELPERS
        or (module == "keras" and name in PLAIN)
    )
    if not known or value.get("registered_name") not in (None, name, f"keras.{name}", ""):
        raise ConfigValueError(
            "base.keras",
            f"'{named}' uses '{name[:60]}' of '{module[:60]}'",
            "layers of Keras itself",
            sorted(LAYERS),
        )


def _check_weights(path: str, named: str) -> None:
    """Refuse weights that point at other files."""
    try:
        import h5py
    except ImportError as error:
        raise MesocosmError(NEEDS_KERAS) from error

    def is_inside(group: Any) -> bool:
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                return False
            member = group[name]
            if isinstance(member, h5py.Group):
                if not is_inside(member):
                    return False
            elif member.external or member.is_virtual:
                return False
        return True

    with h5py.File(path, "r") as file:
        if not is_inside(file):
            raise ConfigValueError(
                "base.keras",
                f"'{named}' keeps its weights in another file",
                "one file that holds all of it",
            )

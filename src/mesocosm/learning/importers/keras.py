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
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.records import Json, JsonObject
from mesocosm.learning.importers.onnx_safety import shorten_error

if TYPE_CHECKING:
    import h5py

    from mesocosm.learning.arrays import Array

MAX_BYTES = 2_000_000_000
MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
NEEDS_KERAS = Message("learning.needs_keras")
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
        backend: str = keras.backend.backend()
        if backend != "torch":
            raise MesocosmError(Message("learning.keras_backend", backend=backend))
        out = Path(home, "made.onnx")
        try:
            _export(path, out)
        except ConfigValueError:
            raise
        except Exception as error:  # Keras, HDF5 and torch each have their own kinds
            reason = shorten_error(error)
            raise ConfigValueError(
                "base.keras",
                Message(
                    "learning.keras_unreadable",
                    file=named,
                    version=keras.__version__,
                    reason=reason,
                ),
                Message("learning.keras_3_from_model", kind=str(config["class_name"])),
            ) from error
        return out.read_bytes()


class KerasInput(Protocol):
    """An input of a net."""

    shape: tuple[int | None, ...]


class KerasNet(Protocol):
    """A net of Keras."""

    inputs: Sequence[KerasInput]

    def __call__(self, rows: Array, /) -> object: ...

    def export(self, path: str, *, format: str, verbose: bool) -> object: ...


def _export(path: Path, out: Path) -> None:
    """Load a checked file and write it as ONNX."""
    import keras
    import numpy as np

    net: KerasNet = keras.saving.load_model(path, compile=False, safe_mode=True)
    if len(net.inputs) != 1:
        raise ConfigValueError(
            "base.keras",
            Message("learning.takes_inputs", inputs=len(net.inputs)),
            Message("learning.one_input"),
        )
    width = cast(tuple[int, ...], net.inputs[0].shape[1:])
    net(np.zeros((1, *width), np.float32))
    net.export(str(out), format="onnx", verbose=False)


def _check_file(path: Path, named: str) -> JsonObject:
    """The file's configuration, once nothing in it is out of place."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, named)
            config: Json = json.loads(archive.read("config.json"))
            with tempfile.NamedTemporaryFile(suffix=".h5") as weights:
                with archive.open("model.weights.h5") as source:
                    while block := source.read(1 << 20):
                        weights.write(block)
                weights.flush()
                _check_weights(weights.name, named)
    except (zipfile.BadZipFile, ValueError, OSError, KeyError) as error:
        raise ConfigValueError(
            "base.keras", Message("learning.not_keras", file=named), Message("learning.keras_3")
        ) from error
    model = _check_model(config, named)
    _check_classes(model.get("config"), named)
    return model


def _check_members(archive: zipfile.ZipFile, named: str) -> None:
    """Refuse an archive that lacks a part, holds others, or is too large."""
    names = {i.filename for i in archive.infolist()}
    if not {"config.json", "model.weights.h5"} <= names <= MEMBERS:
        others = ", ".join(sorted(names - MEMBERS)[:3])
        raise ConfigValueError(
            "base.keras",
            Message(
                "learning.keras_parts",
                file=named,
                parts=others or Message("learning.no_config_with_weights"),
            ),
            Message("learning.keras_3_without_assets"),
        )
    if sum(i.file_size for i in archive.infolist()) > MAX_BYTES:
        raise ConfigValueError(
            "base.keras",
            Message("learning.unpacks_too_large", bytes=MAX_BYTES),
            Message("learning.smaller_one"),
        )


def _check_model(config: Json, named: str) -> JsonObject:
    """The configuration, refused where it is of no model of Keras itself."""
    kind = config
    if isinstance(config, Mapping):
        kind = config.get("class_name")
        if config.get("module") in MODEL_MODULES and kind in MODELS:
            return config
    raise ConfigValueError(
        "base.keras",
        Message("learning.keras_kind", file=named, kind=str(kind)[:60]),
        Message("learning.keras_model"),
    )


def _check_classes(value: Json, named: str) -> None:
    """Refuse whatever would be looked up by name and is not known."""
    if isinstance(value, list):
        for one in value:
            _check_classes(one, named)
    if not isinstance(value, dict):
        return
    if "class_name" in value:
        _check_class(value, named)
    for key in ("activation", "recurrent_activation"):
        _check_activation(value.get(key), named)
    for one in value.values():
        _check_classes(one, named)


def _check_activation(activation: Json, named: str) -> None:
    """Refuse an activation that is not known."""
    if activation is None:
        return
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise ConfigValueError(
            "base.keras",
            Message("learning.uses_activation", file=named, activation=str(activation)[:60]),
            "",
            sorted(ACTIVATIONS),
        )


def _is_known(module: str, name: str) -> bool:
    """Whether a class is one of Keras' own that is taken."""
    if module in HELPERS:
        return True
    if module == "keras":
        return name in PLAIN
    return module in ("keras.layers", "None", "builtins") and name in LAYERS | PLAIN


def _check_class(value: JsonObject, named: str) -> None:
    """Refuse a class that is not known, or registered under another name."""
    module, name = str(value.get("module")), str(value["class_name"])
    registered = value.get("registered_name")
    if not _is_known(module, name) or registered not in (None, name, f"keras.{name}", ""):
        raise ConfigValueError(
            "base.keras",
            Message("learning.uses_class", file=named, name=name[:60], module=module[:60]),
            Message("learning.keras_layers"),
            sorted(LAYERS),
        )


def _check_weights(path: str, named: str) -> None:
    """Refuse weights that point at other files."""
    try:
        import h5py
    except ImportError as error:
        raise MesocosmError(NEEDS_KERAS) from error

    with h5py.File(path, "r") as file:
        if not _is_inside(file):
            raise ConfigValueError(
                "base.keras",
                Message("learning.weights_elsewhere", file=named),
                Message("learning.one_whole_file"),
            )


def _is_inside(group: h5py.Group) -> bool:
    """Whether all members of a group of weights are in its file."""
    import h5py

    names: Iterable[str] = group
    for name in names:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            return False
        if not _is_own(group[name]):
            return False
    return True


def _is_own(member: object) -> bool:
    """Whether a member keeps its numbers in its file."""
    import h5py

    if isinstance(member, h5py.Group):
        return _is_inside(member)
    data = cast("h5py.Dataset", member)  # a group or a data set, nothing else
    return not (data.external or data.is_virtual)

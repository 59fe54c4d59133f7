"""GGUF, llama.cpp's one-file form of weights, laid out as a hub's folder once. Knows transformers'
reader of it.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

from pathlib import Path

from mesocosm.core.cache import left, taken
from mesocosm.core.errors import Wrong
from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest, digest_file

REVISION = 1


def unpacked(name: str, file: Path, store: Path) -> Path:
    """The folder of a GGUF file's net and tokenizer; weights in float16, kept in the store by
    content, and unpacked once for all of a person's projects.

    Raises:
        Wrong: the package that reads GGUF is not there, or the file is not whole.
    """
    from importlib.util import find_spec

    named = f"gguf-{digest(digest_file(file), REVISION)}"
    folder = store / "bases" / named
    if (folder / "config.json").is_file() or taken(named, folder):
        return folder
    if not find_spec("gguf"):
        raise Wrong(
            "base",
            f"'{name}' is a GGUF file, and the package that reads one is not here",
            "pip install gguf",
        )
    with folder_appears(folder) as aside:
        _write(name, file, aside)
    left(named, folder)
    return folder


def _write(name: str, file: Path, folder: Path) -> None:
    import torch
    from safetensors.torch import save_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from mesocosm.learning.features.embeddings import quiet

    quiet()
    try:
        net = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, dtype=torch.float16
        )
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    except Exception as error:  # the reader, transformers and torch each have their own kinds
        raise Wrong(
            "base",
            f"the GGUF file of '{name}' cannot be read",
            "a whole file of a causal net that transformers knows",
        ) from error
    save_model(net, str(folder / "model.safetensors"), metadata={"format": "pt"})
    if hasattr(net.config, "quantization_config"):
        del net.config.quantization_config
    net.config.architectures = [type(net).__name__]
    net.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)

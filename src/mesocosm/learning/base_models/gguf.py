"""GGUF, llama.cpp's one-file form of weights, laid out as a hub's folder once. Knows transformers'
reader of it.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

from pathlib import Path

from mesocosm.core.cache import copy_from_cache, copy_to_cache
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest, digest_file
from mesocosm.core.messages import Message

REVISION = 1


def unpack_gguf(name: str, file: Path, store: Path) -> Path:
    """The folder of a GGUF file's net and tokenizer; weights in float16, stored by content, and
    unpacked once for all of a person's projects.

    Raises:
        ConfigValueError: the package that reads GGUF is not installed, or the file is incomplete.
    """
    from importlib.util import find_spec

    named = f"gguf-{digest(digest_file(file), REVISION)}"
    folder = store / "bases" / named
    if (folder / "config.json").is_file() or copy_from_cache(named, folder):
        return folder
    if not find_spec("gguf"):
        raise ConfigValueError(
            "base",
            Message("learning.gguf_not_installed", name=name),
            Message("learning.install_gguf"),
        )
    with folder_appears(folder) as aside:
        _write_folder(name, file, aside)
    copy_to_cache(named, folder)
    return folder


def _write_folder(name: str, file: Path, folder: Path) -> None:
    import torch
    from safetensors.torch import save_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from mesocosm.learning.features.embeddings import silence_libraries

    silence_libraries()
    try:
        net = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, dtype=torch.float16
        )
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    except Exception as error:  # the reader, transformers and torch each have their own kinds
        raise ConfigValueError(
            "base",
            Message("learning.gguf_unreadable", name=name),
            Message("learning.complete_causal_file"),
        ) from error
    save_model(net, str(folder / "model.safetensors"), metadata={"format": "pt"})
    if hasattr(net.config, "quantization_config"):
        del net.config.quantization_config
    net.config.architectures = [type(net).__name__]
    net.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)

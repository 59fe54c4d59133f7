"""A packed file of E5 that is damaged, or made to take memory, is refused with a sentence; a whole
one is unpacked once, whoever asks at the same time.
"""

from __future__ import annotations

import json
import struct
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file
from transformers import BertConfig  # threads that import it at once fail

from mesocosm.core.errors import ConfigValueError
from mesocosm.learning.base_models.base import _unpack
from mesocosm.learning.base_models.packed_e5 import is_packed_e5, unpack_e5
from mesocosm.learning.base_models.packed_file import Shape

SHAPE = Shape(width=32, layers=1, heads=2, inner=64, vocabulary=10, positions=8, types=1, eps=1e-12)
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "query", ":", "你", "好", "<mask>"]
HEADER, VOCABULARY = 8, 8 + 36  # where the sizes and the vocabulary begin


def make_file() -> bytearray:
    """A whole packed file of a net of one layer."""
    sizes = (SHAPE.width, SHAPE.layers, SHAPE.heads, SHAPE.inner, SHAPE.vocabulary)
    out = bytearray(b"E5S1" + struct.pack("<I", 1))
    out += struct.pack("<7ifi", *sizes, SHAPE.positions, SHAPE.types, SHAPE.eps, 32)
    encoded = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, encoded)]).astype(np.uint32)
    out += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(ends[-1]))
    out += ends.tobytes() + np.linspace(-9, -1, len(PIECES)).astype(np.float32).tobytes()
    out += b"".join(encoded) + struct.pack("<iI", 1, 0) + struct.pack("<IBI", 9, 1, 32)
    tensors, draw = SHAPE.list_tensors(), np.random.default_rng(5)
    out += struct.pack("<i", len(tensors))
    at = len(out) + sum(23 + len(name) for name in tensors)
    content = b""
    for name, shape in tensors.items():
        held = draw.normal(size=shape).astype(np.float32).tobytes()
        if len(shape) == 2:
            halves = draw.integers(0, 255, (len(held) // 128, 16), np.uint8)
            scales = np.full((len(halves), 1), 0.25, np.float16).view(np.uint8)
            held = np.hstack([scales, halves]).tobytes()
        encoded_name = name.encode()
        place = (len(shape) == 2, int(np.prod(shape)), at + len(content), len(held))
        out += struct.pack("<H", len(encoded_name)) + encoded_name + struct.pack("<BIQQ", *place)
        content += held
    return out + content


def place(name: str, within: int) -> int:
    """Where the entry of a tensor has its kind (0), count (1), offset (5) or size (13)."""
    return make_file().index(struct.pack("<H", len(name)) + name.encode()) + 2 + len(name) + within


def change(at: int, form: str, *numbers: float) -> Callable[[bytearray], bytes]:
    def apply(content: bytearray) -> bytes:
        struct.pack_into(f"<{form}", content, at, *numbers)
        return bytes(content)

    return apply


WORD = "emb.word"
DAMAGES: dict[str, Callable[[bytearray], bytes]] = {
    "four bytes alone": lambda content: bytes(content[:4]),
    "cut in its vocabulary": lambda content: bytes(content[: VOCABULARY + 60]),
    "cut in its weights": lambda content: bytes(content[:-100]),
    "another version": change(4, "I", 2),
    "no width": change(HEADER, "i", 0),
    "a width below zero": change(HEADER, "i", -32),
    "two billion layers": change(HEADER + 4, "i", 2**31 - 1),
    "heads that do not divide": change(HEADER + 8, "i", 5),
    "two billion words": change(HEADER + 16, "i", 2**31 - 1),
    "a width of norms that is no number": change(HEADER + 28, "f", float("nan")),
    "blocks of none": change(HEADER + 32, "i", 0),
    "no pieces": change(VOCABULARY, "i", 0),
    "pieces below zero": change(VOCABULARY, "i", -2),
    "more pieces than rows": change(VOCABULARY, "i", 11),
    "a special piece below zero": change(VOCABULARY + 4, "i", -1),
    "an unknown piece that is none": change(VOCABULARY + 16, "i", 10),
    "pieces of 2**63 bytes": change(VOCABULARY + 20, "Q", 2**63),
    "pieces that run backwards": change(VOCABULARY + 28 + 8, "I", 2**32 - 1),
    "a score that is no number": change(VOCABULARY + 28 + 44, "f", float("nan")),
    "a tensor of another name": change(place(WORD, -8), "8s", b"emb.wurd"),
    "a tensor of other size": change(place(WORD, 1), "I", 2**32 - 1),
    "a tensor beyond the end": change(place(WORD, 5), "Q", 2**40),
    "a tensor over another": change(place("emb.ln.w", 5), "Q", len(make_file()) - 128),
    "a tensor of 2**63 bytes": change(place(WORD, 13), "Q", 2**63),
    "zeros where weights were": lambda content: bytes(
        content[:-3000] + b"\0" * 3000  # the end of a file that was never written
    ),
    "weights that are no numbers": lambda content: bytes(content[:-128] + b"\xff" * 128),
}


def test_a_whole_file_is_laid_out_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "whole.bin").write_bytes(make_file())
    folder = unpack_e5("e5", tmp_path / "whole.bin", tmp_path)
    weights = load_file(folder / "model.safetensors")
    assert weights["embeddings.word_embeddings.weight"].shape == (10, 32)
    assert weights["encoder.layer.0.output.dense.weight"].shape == (32, 64)
    assert len(weights) == SHAPE.count_tensors() == 21
    assert json.loads((folder / "config.json").read_text("utf-8"))["num_hidden_layers"] == 1
    assert (folder / "tokenizer.json").is_file()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_in_little_memory(damage: str, tmp_path: Path) -> None:
    file = tmp_path / "damaged.bin"
    file.write_bytes(DAMAGES[damage](make_file()))
    tracemalloc.start()
    try:
        with pytest.raises(ConfigValueError, match="packed file of 'e5' cannot be read"):
            unpack_e5("e5", file, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 64e6
    finally:
        tracemalloc.stop()
    assert not list(tmp_path.rglob("config.json")) and not list(tmp_path.rglob(".aside-*"))


def test_a_file_of_another_kind_is_refused_as_what_it_was_taken_for(tmp_path: Path) -> None:
    file = tmp_path / "e5-small-q4.bin"
    for content in (b"", b"PK\x03\x04 an archive"):
        file.write_bytes(content)
        assert not is_packed_e5(file)
        with pytest.raises(ConfigValueError, match="packed file of 'e5' cannot be read"):
            _unpack("e5", file, tmp_path)


def test_many_at_once_get_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESOCOSM_CACHE", "")
    assert BertConfig().architectures is None
    (tmp_path / "whole.bin").write_bytes(make_file())
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(unpack_e5, "e5", tmp_path / "whole.bin", tmp_path) for _ in range(8)]
        folders = {job.result() for job in jobs}
    (folder,) = folders
    assert load_file(folder / "model.safetensors")
    assert [path.name for path in (tmp_path / "bases").iterdir()] == [folder.name]


def test_a_full_disk_is_an_error_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SafetensorError("No space left on device (os error 28)")

    monkeypatch.setenv("MESOCOSM_CACHE", "")
    monkeypatch.setattr("safetensors.numpy.save_file", fail)
    (tmp_path / "whole.bin").write_bytes(make_file())
    with pytest.raises(OSError, match="No space left"):
        unpack_e5("e5", tmp_path / "whole.bin", tmp_path)
    assert not list((tmp_path / "bases").iterdir())

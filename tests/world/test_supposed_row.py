"""What a question supposes is read exactly or not at all: sizes, units, ranges, kinds of elements."""

from __future__ import annotations

import pytest

from mesocosm.world.dialogue.intent import find_elements
from mesocosm.world.dialogue.supposed_row import read_supposed_row
from mesocosm.world.wire import Element, Scene

INPUTS: list[dict[str, object]] = [
    {"name": "金额", "low": 1, "unit": "CNY"},
    {"name": "期限", "low": 1, "unit": "month", "whole": True},
    {"name": "年龄", "low": 18, "unit": "year", "whole": True},
    {"name": "体重", "low": 1, "unit": "kg"},
    {"name": "温度", "low": -20},
    {"name": "duration", "low": 1, "unit": "month", "whole": True},
    {"name": "amount", "low": 1, "unit": "EUR"},
]


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("如果期限是2年", {"期限": 24}),
        ("如果体重是120斤", {"体重": 60.0}),
        ("如果金额是5万元", {"金额": 50000.0}),
        ("如果金额是3萬", {"金额": 30000.0}),
        ("如果金额，50000", {"金额": 50000.0}),
        ("如果期限是24個月", {"期限": 24}),
        ("如果金额是5万期限是24个月", {"金额": 50000.0, "期限": 24}),
        ("如果金额5万贷款24个月", {"金额": 50000.0}),
        ("如果金额改成48会怎样", {"金额": 48.0}),
        ("如果温度是3个", {"温度": 3.0}),
        ("如果温度是－5呢", {"温度": -5.0}),
        ("如果年龄是30岁，金额是2亿", {"年龄": 30, "金额": 2e8}),
        ("if duration is 2 Years", {"duration": 24}),
        ("suppose duration 48 and amount 3000", {"duration": 48, "amount": 3000.0}),
        ("if duration is 48 rather than 12", {"duration": 48}),
    ],
)
def test_a_number_is_read_in_the_inputs_unit(question: str, row: dict[str, object]) -> None:
    assert read_supposed_row([question], INPUTS) == row


@pytest.mark.parametrize(
    "question",
    [
        *("如果金额是3万5", "如果金额是5万 3千", "如果金额是5万美元", "如果金额是30%"),
        *("如果金额是3w", "如果金额是10到20万", "如果金额是10-20万", "如果金额为 1,2 万"),
        *("如果期限是12天", "如果期限是3季度", "如果期限是12.5个月", "如果金额是3万多"),
        *("如果期限是3旬", "如果金额是3毛", "如果温度是3成", "如果金额是3折"),
        *("如果金额是3000元/月", "如果温度-5~10", "if amount is 5k", "if amount is 1,5"),
        *("if duration is 12-24", "if duration is 5 EUR", f"if amount is {'9' * 400}"),
    ],
)
def test_a_number_that_is_not_the_inputs_is_not_read(question: str) -> None:
    assert read_supposed_row([question], INPUTS) == {}


def test_a_number_with_a_unit_of_two_inputs_is_no_input_s() -> None:
    two = [{"name": name, "low": 0, "unit": "CNY"} for name in ("收入", "负债")]
    assert read_supposed_row(["如果是5万元"], two) == {}
    assert read_supposed_row(["如果收入是5万元"], two) == {"收入": 50000.0}


def test_a_unit_in_chinese_is_counted_with_its_word() -> None:
    assert read_supposed_row(["如果订 3 个包裹"], [{"name": "n", "low": 0, "unit": "包裹"}]) == {
        "n": 3.0
    }


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("湖怎么样", ["datasets.credit"]),
        ("数据集有多少行", ["datasets.credit"]),
        ("你们的服务怎么样", ["services.desk"]),
        ("服务的延迟是多少", ["services.desk"]),
        ("湖南分行怎么样", []),
        ("芜湖的质量怎么样", []),
        ("服务费多少钱", []),
        ("服务器状态如何", []),
    ],
)
def test_a_kind_is_asked_after_by_its_own_word(question: str, found: list[str]) -> None:
    """Not by a part of a place's name, or of another word."""
    elements = [
        Element.model_construct(id=id, name=id.partition(".")[2], state="fine", depth=0)
        for id in ("datasets.credit", "services.desk")
    ]
    scene = Scene.model_construct(elements=elements)
    assert [element.id for element in find_elements(question, scene, loosely=True)] == found
    assert find_elements(question, scene) == []

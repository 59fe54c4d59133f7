"""Sentences in English and Chinese with private values at known places, and how many of them are
found.

The frames are our own; Faker fills in the values. Two frames in five hold no private value, but
words and numbers that look like one.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

EN = [
    "My name is {name} and I lost my card.",
    "Please call me at {phone} after six.",
    "You can write to {email} about the order.",
    "The parcel should go to {address}, third floor.",
    "She paid with {card} last week.",
    "Send the refund to {iban}, please.",
    "Dear {name}, your loan was approved.",
    "The login came from {ip} at night.",
    "Her social security number is {ssn}.",
    "I am {name}, reach me at {email} or {phone}.",
    "We spoke with {name} about the claim of March.",
    "Customer {name} lives at {address}.",
    "{name} called twice about the invoice.",
    "The account belongs to {name}.",
]
ZH = [
    "我叫{name_zh}，想办理挂失。",
    "请拨打{phone_zh}联系我。",
    "我的身份证号是{id_zh}，请核对。",
    "客户{name_zh}的地址是{address_zh}。",
    "发票请寄到{email}。",
    "联系人：{name_zh}，电话{phone_zh}。",
    "卡号{card}已经挂失。",
    "登录地址为{ip}，请确认。",
    "患者{name_zh}今天来复诊。",
    "包裹送到{address_zh}，谢谢。",
]
PLAIN = [
    "Order 4539578 was shipped on 12 March 2024 for 129.90 euros.",
    "The meeting starts at 10:30 in Room 204.",
    "Version 2.10.4 of the app fixed the bug.",
    "My balance is 12,500 dollars and the rate is 3.5 percent.",
    "What documents do I need for a loan?",
    "The Black Forest cake costs 24 euros.",
    "Please reset the password of my account.",
    "Invoice 2024-0091 was paid in June.",
    "New York and Berlin are both on the list.",
    "Call us back when the card is ready.",
    "我想查询一下贷款利率。",
    "订单20240312号已经发货，共3件。",
    "请问营业时间是几点？",
    "今年的利率是3.5%，比去年低。",
    "我们公司在2019年成立。",
    "这张卡的年费是多少钱？",
]
KINDS = {
    "name": "name",
    "name_zh": "name",
    "phone": "phone",
    "phone_zh": "phone",
    "email": "e-mail",
    "address": "address",
    "address_zh": "address",
    "card": "card",
    "iban": "iban",
    "ip": "ip",
    "ssn": "national id",
    "id_zh": "national id",
}


def sentences(count: int, seed: int = 11) -> list[tuple[str, list[tuple[int, int, str]]]]:
    """Sentences with the start, end and kind of each private value."""
    import re

    from faker import Faker

    en, zh = Faker("en_US"), Faker("zh_CN")
    en.seed_instance(seed)
    zh.seed_instance(seed + 1)
    rng = random.Random(seed)
    makers: dict[str, Any] = {
        "name": lambda: f"{en.first_name()} {en.last_name()}",
        "phone": en.phone_number,
        "email": en.email,
        "address": en.street_address,
        "card": en.credit_card_number,
        "iban": en.iban,
        "ip": en.ipv4,
        "ssn": en.ssn,
        "name_zh": zh.name,
        "phone_zh": zh.phone_number,
        "id_zh": zh.ssn,
        "address_zh": lambda: zh.address().split(" ")[0],
    }
    found = []
    for _ in range(count):
        draw = rng.random()
        frame = rng.choice(PLAIN if draw < 0.4 else EN if draw < 0.75 else ZH)
        text, marks, at = "", [], 0
        for match in re.finditer(r"\{(\w+)\}", frame):
            text += frame[at : match.start()]
            value = str(makers[match[1]]())
            marks.append((len(text), len(text) + len(value), KINDS[match[1]]))
            text += value
            at = match.end()
        found.append((text + frame[at:], marks))
    return found


def ours(text: str) -> list[tuple[int, int, str]]:
    """What Mesocosm finds."""
    from mesocosm.data.privacy.detector import find_spans

    return [(s.start, s.end, s.what) for s in find_spans(text)]


def score(
    count: int, verbose: bool = False, find: Callable[[str], list[tuple[int, int, str]]] = ours
) -> dict[str, Any]:
    """Recall and precision over spans: one is found where a span of the same kind covers at least
    nine tenths of it and little else.
    """
    true = hit = said = right = 0
    kinds: dict[str, list[int]] = {}
    for text, marks in sentences(count):
        got = find(text)
        for start, end, what in marks:
            ok = any(_fits(g[:2], (start, end)) and g[2] == what for g in got)
            true, hit = true + 1, hit + ok
            tally = kinds.setdefault(what, [0, 0])
            tally[0] += 1
            tally[1] += ok
            if verbose and not ok:
                print(
                    "missed",
                    what,
                    repr(text[start:end]),
                    "|",
                    text,
                    [(g[2], text[g[0] : g[1]]) for g in got],
                )
        for g in got:
            ok = any(_fits(g[:2], (s, e)) and g[2] == w for s, e, w in marks)
            said, right = said + 1, right + ok
            if verbose and not ok:
                print("wrong", g[2], repr(text[g[0] : g[1]]), "|", text)
    return {
        "recall": hit / true,
        "precision": right / max(1, said),
        "spans": true,
        "kinds": {k: f"{b} of {a}" for k, (a, b) in sorted(kinds.items())},
    }


def _fits(a: tuple[int, int], b: tuple[int, int]) -> bool:
    both = min(a[1], b[1]) - max(a[0], b[0])
    return both >= 0.9 * (b[1] - b[0]) and both >= 0.8 * (a[1] - a[0])


if __name__ == "__main__":
    import sys

    print(score(2000, "-v" in sys.argv))

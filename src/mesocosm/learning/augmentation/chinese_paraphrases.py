"""Chinese sentences said in other words, as far as no model is needed: polite phrases, particles,
other words of the same meaning, clauses in another order. Knows texts; scripts where the extra
`chinese` is installed.
"""

from __future__ import annotations

import random
import re
from functools import lru_cache
from typing import Protocol

ENDS = " 。？！．.?!～~"
GREETINGS = (
    *(("你好，", ""), ("您好，", ""), ("麻烦了，", ""), ("想问一下，", ""), ("想请教一下，", "")),
    *(("", "，谢谢"), ("", "，麻烦了"), ("", "，麻烦看一下"), ("", "，辛苦了"), ("", "，谢谢您")),
)
ASKED = (
    *(("请问", ""), ("请问一下，", ""), ("我想知道", ""), ("麻烦问下，", ""), ("劳驾，", "")),
    *(("", "，求解答"), ("", "，请告知"), ("帮忙看看，", "")),
)
SAME = (  # words of one meaning; a longer one is looked for first
    *(("为什么", "为何", "为啥"), ("什么时候", "啥时候", "何时"), ("怎么办", "该怎么处理")),
    *(("怎么样", "如何"), ("怎么", "怎样", "如何"), ("能不能", "可不可以", "能否")),
    *(("是不是", "是否"), ("有没有", "有无"), ("多久", "多长时间"), ("多少钱", "什么价")),
    *(("在哪里", "在哪儿", "在哪"), ("可以吗", "行吗"), ("帮我", "替我"), ("现在", "目前")),
    *(("还没", "仍未"), ("收到", "拿到"), ("昨天", "昨日"), ("今天", "今日")),
)
QUESTION = re.compile(
    r"怎|什么|哪|几|多少|多久|谁|啥|吗|为何|是否|能否|能不能|是不是|有没有|？|\?|[么呢]$"
)
OPEN_QUESTION = re.compile(r"怎|什么|哪|谁|啥|多少|多久|为何")
PARTICLE = "吗呢吧么啊呀啦嘛了的"
# a clause that begins so hangs on the one before it
BOUND = re.compile(
    r"[但却就才也还都又再则而]|所以|因此|然后|不过|可是|于是|并且|或者|否则|不然|结果|只是|其中|"
    r"如果|因为|虽然|即使|[他她它这那其此]"
)
CLAUSE = re.compile("[，,；;]")
NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# 怎么 before these asks why, not how
WHY = r"(?!了|[这那這]么|[这那這]麼|回事|[还還又不没沒会會就都老总總])"


class _Converter(Protocol):
    """What is used of the library for scripts."""

    def convert(self, text: str, /) -> str: ...


def paraphrase_chinese(text: str, rng: random.Random) -> str:
    """A Chinese text in other words.

    >>> paraphrase_chinese("怎么退货？", random.Random(2)) != "怎么退货？"
    True
    """
    plain = text.rstrip(ENDS)
    asks = QUESTION.search(plain) is not None or text.rstrip()[-1:] in ("?", "？")
    plain = _reorder(plain, rng)
    plain = _replace_words(plain, rng)
    if asks and rng.random() < 0.3:
        plain = _add_particle(plain)
    before, after = rng.choice(GREETINGS + ASKED if asks else GREETINGS)
    if plain.startswith(before) and before:
        before = ""
    if is_traditional(text):
        return f"{convert(before, 's2t')}{convert(plain, 's2t')}{convert(after, 's2t')}"
    return f"{before}{plain}{after}"


def _reorder(text: str, rng: random.Random) -> str:
    """Two clauses in the other order, where neither hangs on the other; half of the time."""
    clauses = [clause.strip() for clause in CLAUSE.split(text)]
    free = len(clauses) == 2 and all(clauses) and not any(map(BOUND.match, clauses))
    if free and rng.random() < 0.5:
        return f"{clauses[1]}，{clauses[0]}"
    return text


def _replace_words(text: str, rng: random.Random) -> str:
    """Some words replaced by others of their meaning: at most two."""
    left, script = 2, ("s2t" if is_traditional(text) else "")
    for words in SAME:
        known = [convert(word, script) for word in words]
        pattern = known[0] + (WHY if words[0] == "怎么" else "")
        if left and re.search(pattern, text) and rng.random() < 0.6:
            text = re.sub(pattern, rng.choice(known[1:]), text, count=1)
            left -= 1
    return text


def _add_particle(text: str) -> str:
    """An open question with 呢 at its end, where it has no particle."""
    if OPEN_QUESTION.search(text) and text[-1:] not in PARTICLE:
        return f"{text}呢"
    return text


def is_traditional(text: str) -> bool:
    """Whether a text is in traditional characters; not known without the library for scripts.

    >>> is_traditional("怎么退货"), is_traditional("中文")
    (False, False)
    """
    return convert(text, "t2s") != text and convert(text, "s2t") == text


def change_script(text: str) -> str:
    """A text in traditional characters where it is in simplified ones, and the other way round; as
    it is without the library for scripts.
    """
    return convert(text, "t2s" if is_traditional(text) else "s2t")


def change_width(text: str) -> str:
    """A text with half-width letters, digits and signs where it has full-width ones, else with
    full-width ones.

    >>> change_width("买2台，OK？"), change_width("买2台"), change_width("１０㎡")
    ('买2台,OK?', '买２台', '10㎡')
    """
    narrow = text.translate(NARROW)
    if narrow != text:
        return narrow
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def can_convert() -> bool:
    """Whether the library for scripts is installed."""
    return _load_converter("t2s") is not None


def convert(text: str, script: str) -> str:
    """A text in the other script: `t2s` simplified, `s2t` traditional; as it is without the library
    or a script.
    """
    converter = _load_converter(script) if script else None
    try:
        return converter.convert(text) if converter else text
    except UnicodeEncodeError:  # half of a character, which no file can hold
        return text


@lru_cache(maxsize=4)
def _load_converter(script: str) -> _Converter | None:
    try:
        from opencc import OpenCC
    except ModuleNotFoundError:
        return None
    converter: _Converter = OpenCC(script)
    return converter

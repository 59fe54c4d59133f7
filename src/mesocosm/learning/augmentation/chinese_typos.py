"""Typos as they are made in Chinese: a character of the same sound or shape, one left out or
doubled, two swapped. Knows characters; sounds where the extra `chinese` is installed.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import cast

from mesocosm.core.values.words import is_han

PER_TYPO = 15  # characters; as many as of forty letters in eight words
# characters that are taken for each other, as pupils and readers of scanned pages take them
ALIKE = (
    *("己已巳", "未末", "土士", "日曰", "人入八", "大太犬", "天夫", "干千于", "木本", "午牛"),
    *("贝见", "失矢", "折拆", "侯候", "辨辩辫", "戊戌戍", "拔拨", "今令", "刀力", "乌鸟"),
    *("田由甲申", "玉王主", "兔免", "治冶", "幻幼", "要耍", "代伐", "账帐", "坐座", "买卖"),
    *("清请情晴", "栽裁载", "喝渴", "场扬", "准淮", "密蜜", "很狠恨", "那哪", "借惜错措"),
    *("银跟根", "货贷", "贫贪", "师帅", "住往", "侍待", "厂广", "子了", "白自", "目日"),
    *("问间闻", "休体", "处外", "比此", "西酉", "竞竟", "徒徙", "晾凉", "慢漫", "园圆", "历厉"),
    *("貨貸", "買賣", "鳥烏", "見貝", "師帥", "問間聞", "銀跟根", "請情清晴", "錯措借惜", "體休"),
)
# sounds that many speakers do not tell apart, and the keys for them
_NEAR_SOUNDS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("l", "n"), ("h", "f"))


def add_chinese_typos(text: str, rng: random.Random) -> str:
    """A Chinese text with one typo, and one more for every fifteen characters.

    >>> add_chinese_typos("12", random.Random(1))
    '12'
    """
    changed = text
    for _ in range(1 + len(text) // PER_TYPO):
        places = [i for i, character in enumerate(changed) if is_han(character)]
        if not places:
            return changed
        changed = _change_at(changed, rng.choice(places), rng)
    return changed


def _change_at(text: str, at: int, rng: random.Random) -> str:
    """A text with one typo at a character; most are of sound, as texts are typed by sound."""
    before, character, after = text[:at], text[at], text[at + 1 :]
    sounds, shapes = list_homophones(text, at), list_alike(character)
    ways = [before + character * 2 + after]
    if before or after:  # something stays
        ways.append(before + after)
    if after and after[0] != character:
        ways.append(before + after[0] + character + after[1:])
    if sounds:
        ways += [before + rng.choice(sounds) + after for _ in range(3)]
    if shapes:
        ways.append(before + rng.choice(shapes) + after)
    return rng.choice(ways)


def list_alike(character: str) -> list[str]:
    """Other characters of nearly the same shape.

    >>> list_alike("己"), list_alike("的")
    (['已', '巳'], [])
    """
    found = {other for group in ALIKE if character in group for other in group}
    return sorted(found - {character})


def list_homophones(text: str, at: int) -> list[str]:
    """Other common characters that sound like one of a text, as it is read there; those of a near
    sound where none has the same. None where sounds are not installed.
    """
    sound = _read_sounds(text)[at : at + 1]
    if not sound or not sound[0]:
        return []
    common = _common_by_sound(_is_simplified(text[at]))
    same = [other for other in common.get(sound[0], ()) if other != text[at]]
    near = [other for like in _list_near(sound[0]) for other in common.get(like, ())]
    return same or [other for other in near if other != text[at]]


def _list_near(sound: str) -> list[str]:
    """Sounds that are taken for another one.

    >>> _list_near("zhang")
    ['zang', 'zhan']
    """
    found = []
    for one, other in _NEAR_SOUNDS:
        for a, b in ((one, other), (other, one)):
            if one == "ng" and sound.endswith(a) and not (a == "n" and sound.endswith("ng")):
                found.append(sound[: -len(a)] + b)
            elif one != "ng" and sound.startswith(a) and not sound.startswith(a + "h"):
                found.append(b + sound[len(a) :])
    return sorted({near for near in found if near != sound})


@lru_cache(maxsize=4096)
def _read_sounds(text: str) -> list[str]:
    """The sound of each character in its context, empty for other characters; none at all where
    the library is not installed.
    """
    try:
        from pypinyin import lazy_pinyin
    except ModuleNotFoundError:
        return []
    # a list of the sounds of a run is taken too
    silent = cast("Callable[[str], str]", lambda run: [""] * len(run))
    sounds: list[str] = lazy_pinyin(text, errors=silent)
    return sounds if len(sounds) == len(text) else []


def _is_simplified(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=2)
def _common_by_sound(simplified: bool) -> Mapping[str, list[str]]:
    """The common characters by their sound, as the first levels of GB 2312 and Big5 list them.

    Source: GB 2312-1980, level 1 (3,755 characters); Big5-1984, level 1 (5,401).
    """
    from pypinyin import lazy_pinyin

    coding, lead, trail = "big5", range(0xA4, 0xC7), [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
    if simplified:
        coding, lead, trail = "gb2312", range(0xB0, 0xD8), [*range(0xA1, 0xFF)]
    found: dict[str, list[str]] = defaultdict(list)
    for high in lead:
        for low in trail:
            character = bytes([high, low]).decode(coding, "ignore")
            if is_han(character):
                found[lazy_pinyin(character)[0]].append(character)
    return found

"""The encoding of a text file, found over all its bytes.

Knows codecs and how often bytes stand where in real text. A byte-order mark or valid UTF-8 is
proof; all else is a guess and is reported as one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Encoding = Literal[
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "gb18030",
    "gbk",
    "gb2312",
    "big5",
    "big5hkscs",
    "shift_jis",
    "euc_jp",
    "euc_kr",
    "cp1252",
    "latin-1",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp1258",
    "iso8859-2",
    "iso8859-5",
    "iso8859-7",
    "iso8859-9",
    "iso8859-15",
    "koi8-r",
    "koi8-u",
    "cp437",
    "cp850",
    "cp866",
    "cp874",
    "mac-roman",
]
BLOCK = 1 << 20
SAMPLE = 200_000  # characters beyond ASCII that are weighed
FEW = 8  # under so many characters beyond ASCII a guess is weak
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
HAN = re.compile(r"[\u4e00-\u9fff]")
FAMILY = {"gbk": "gb18030", "gb2312": "gb18030", "big5hkscs": "big5"}  # by the one that is weighed
CHINESE = ("gb18030", "big5")
FAR = 0.3  # between two scores
BROKEN = "\udc80"  # stands for bytes that the encoding has no character for
WESTERN = frozenset(
    "€‚„…‘’“”–—•™ š Š ž Ž œ Œ Ÿ ¡ ¢ £ ¥ § © ª « ® ° ± ² ³ ´ µ · ¹ º » ¼ ½ ¾ ¿".replace(" ", "")
    + "\xa0ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüý×"
)


def _mark(error: UnicodeError) -> tuple[str, int]:
    return BROKEN, int(getattr(error, "end", 1))


codecs.register_error("mesocosm-mark", _mark)


@dataclass(frozen=True)
class Found:
    """The encoding of a file.

    Args:
        encoding: a name that `encoding:` takes.
        guess: whether only the look of the bytes supports it.
        beside: other encodings that fit nearly as well.
        broken: whether some bytes are none of its characters.
    """

    encoding: str
    guess: bool = False
    beside: tuple[str, ...] = ()
    broken: bool = False


def blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, a megabyte at a time."""
    with path.open("rb") as handle:
        while block := handle.read(BLOCK):
            yield block


def decode(path: Path, encoding: str, errors: str = "mesocosm-mark") -> Iterator[str]:
    """The characters of a file, in blocks; bytes without a character become `BROKEN`."""
    if encoding == "utf-8":
        encoding = "utf-8-sig"  # leaves a byte-order mark out
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for block in blocks(path):
        yield decoder.decode(block)
    yield decoder.decode(b"", True)


def find_encoding(path: Path) -> Found | None:
    """The encoding of all bytes of a file; None where none is plausible."""
    with path.open("rb") as handle:
        start = handle.read(1 << 16)
    marked = _marked(start)
    if marked:
        return Found(marked, broken=_broken(path, marked))
    wide = _wide(start)
    if wide and not _broken(path, wide):
        return Found(wide, True)
    good, bad = _count_utf8(path)
    if good >= bad:  # text before Unicode is hardly ever valid UTF-8 by chance
        return Found("utf-8", broken=bad > 0)
    found = _legacy(path)
    if found is None and bad <= FEW:
        return Found("utf-8", broken=True)
    return found


def is_chinese_utf8(path: Path) -> bool:
    """Whether all bytes of a file are UTF-8 with Chinese characters, so that another encoding would
    read them as others without an error.
    """
    han = 0
    for text in decode(path, "utf-8"):
        if BROKEN in text:
            return False
        han += len(HAN.findall(text))
    return han > 1


def prefer_other(path: Path, encoding: str) -> str:
    """The encoding in which the bytes of a file look far more like text than in the one that is
    named; empty where there is none.
    """
    scores = _score_encodings(path)
    named = FAMILY.get(encoding, encoding)
    best = max(scores, key=lambda name: scores[name], default=named)
    if named not in scores or named not in CHINESE or best not in CHINESE:
        return ""
    return best if scores[best] - scores[named] > FAR else ""


def _count_utf8(path: Path) -> tuple[int, int]:
    """How many characters beyond ASCII a file has as UTF-8, and how often its bytes are none."""
    good = bad = 0
    for text in decode(path, "utf-8"):
        if not text.isascii():
            odd = text.count(BROKEN)
            bad += odd
            good += _count_beyond(text) - odd
    return good, bad


def _broken(path: Path, encoding: str) -> bool:
    return any(BROKEN in text for text in decode(path, encoding))


def _marked(start: bytes) -> str:
    """The encoding that a byte-order mark names; empty where there is none."""
    return next((name for mark, name in BOMS if start.startswith(mark)), "")


def _wide(start: bytes) -> str | None:
    """UTF-16 without a mark: zeros at every other byte of its ASCII characters."""
    if len(start) < 4:
        return None
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = len(start) / 2
    if odd > 0.3 * half and even < 0.02 * half:
        return "utf-16-le"
    if even > 0.3 * half and odd < 0.02 * half:
        return "utf-16-be"
    return None


def _legacy(path: Path) -> Found | None:
    """The encoding before Unicode in which the bytes look most like text."""
    scores = _score_encodings(path)
    if not scores:
        return None
    best = max(scores, key=lambda name: scores[name])
    if scores[best] < 0.7:
        return None
    near = tuple(n for n in scores if n != best and scores[n] > scores[best] - 0.15)
    return Found(best, True, near)


def _score_encodings(path: Path) -> dict[str, float]:
    """How much like text the bytes look in each encoding that has a character for all of them."""
    scores: dict[str, float] = {}
    for name, score in SCORES.items():
        try:
            sample = _beyond(path, name)
        except UnicodeDecodeError:
            continue
        if sample:
            scores[name] = score(sample)
    return scores


def _count_beyond(text: str) -> int:
    """How many characters beyond ASCII a text has."""
    return len(re.findall(r"[^\x00-\x7f]", text))


def _beyond(path: Path, encoding: str) -> str:
    """Up to `SAMPLE` characters beyond ASCII, each with the one before it; every byte of the file
    is decoded.

    Raises:
        UnicodeDecodeError: some bytes are no character of the encoding.
    """
    found: list[str] = []
    size = 0
    for text in decode(path, encoding, "strict"):
        if size < SAMPLE and not text.isascii():
            runs = re.findall(r".?[^\x00-\x7f]+.?", text)
            found += runs
            size += sum(map(len, runs))
    return "\n".join(found)


def _share(sample: str, fine: re.Pattern[str]) -> float:
    count = sum(c > "\x7f" for c in sample)
    return len(fine.findall(sample)) / max(1, count)


def _bytes_share(
    sample: str, encoding: str, leads: tuple[tuple[int, int], ...], trail: int = 0x40
) -> float:
    """The share of characters whose first byte lies in the rows that common words use."""
    beyond = [c.encode(encoding) for c in sample if c > "\x7f"]
    common = sum(_is_common(code, leads, trail) for code in beyond)
    return common / max(1, len(beyond))


def _is_common(code: bytes, leads: tuple[tuple[int, int], ...], trail: int) -> bool:
    """Whether the bytes of a character are two, of which the first lies in one of some rows."""
    return len(code) == 2 and any(a <= code[0] <= b for a, b in leads) and code[1] >= trail


def _chinese(sample: str) -> float:
    common = _bytes_share(sample, "gb18030", ((0xA1, 0xA3), (0xB0, 0xD7)), 0xA1)
    kana = len(re.findall(r"[ぁ-ヿ]", sample))
    if kana > 0.2 * max(1, _count_beyond(sample)):
        return common - 0.6
    return common


def _korean(sample: str) -> float:
    """Hangul lies in rows B0 to C8 only. Chinese text spreads far beyond, so that enough characters
    tell the two apart.
    """
    share = _bytes_share(sample, "euc_kr", ((0xA1, 0xA3), (0xB0, 0xC8)), 0xA1)
    many = _count_beyond(sample) >= FEW
    return share + 0.2 if many and share > 0.98 else share - 0.1


def _japanese(sample: str) -> float:
    """Japanese text has kana of full width; half-width ones alone are other bytes misread."""
    count = _count_beyond(sample)
    kana, words = (
        len(re.findall(r"[ぁ-ヿ]", sample)),
        len(re.findall(r"[ぁ-ヿ一-龥々、。「」（）・ー０-９Ａ-ｚ]", sample)),
    )
    share = words / max(1, count)
    return share if kana > 0.1 * count else share - 0.15


def _western(sample: str) -> float:
    """Letters beyond ASCII stand one or two at a time, beside ASCII ones."""
    crowded = sum(len(run) for run in re.findall(r"[À-ÿ]{3,}", sample))
    count = _count_beyond(sample)
    return sum(c in WESTERN for c in sample) / max(1, count) - 1.5 * crowded / max(1, count)


SCORES: dict[str, Callable[[str], float]] = {
    "gb18030": _chinese,
    "big5": lambda s: _bytes_share(s, "big5", ((0xA1, 0xA3), (0xA4, 0xC6))),
    "shift_jis": _japanese,
    "euc_jp": _japanese,
    "euc_kr": _korean,
    "cp1252": _western,
}

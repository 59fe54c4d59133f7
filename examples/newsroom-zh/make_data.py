"""Makes the newsroom's tables, in our own words: `python make_data.py`. Companies, banks, officials
and outlets are invented.

`phrases/` holds the wordings of each topic by mood (`~` before a post of a reader), `tests/` the
test headlines, `pairs/` sentences in Chinese and English with the same named things. The same
files give the same tables, byte for byte.
"""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).parent
FIRST = datetime(2026, 8, 1)
DAYS = 60
SURGE = range(44, 48)  # days, counted from 1
TOPICS = {
    "银行": "bank",
    "能源": "energy",
    "消费": "shop",
    "芯片": "chip",
    "医药": "medicine",
    "汽车": "car",
    "地产": "property",
    "互联网": "internet",
}
COPIERS = ["一览快报", "转播台财经"]  # these republish what others wrote
FORUMS = ["股友圈", "围炉财经"]
HOURS = dict(zip(range(7, 23), [2, 6, 10, 9, 7, 3, 5, 8, 10, 8, 7, 5, 4, 4, 3, 1], strict=True))
LEISURE = dict(zip(range(7, 24), [1, 2, 4, 3, 3, 8, 6, 3, 5, 4, 3, 4, 6, 9, 9, 7, 4], strict=True))
STYLES = {"p": "平实", "c": "口语", "m": "错字"}
SLOT = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Story:
    """A headline with what is known of it."""

    at: datetime
    headline: str
    topic: str
    mood: str
    outlet: str
    wording: str


# headlines


def read_phrases(name: str) -> dict[str, list[str]]:
    """The lines of a file of phrases by the heading above them."""
    found: dict[str, list[str]] = {}
    for line in (HERE / "phrases" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            lines = found.setdefault(line[2:], [])
        elif line:
            lines.append(line)
    return found


NAMES = read_phrases("names")
DESKS = NAMES["媒体"]


def read_companies() -> dict[str, list[tuple[str, str]]]:
    """The companies of each topic, each with the letters of its trades."""
    return {
        topic: [(line.split("|")[0], line.split("|")[1]) for line in lines]
        for topic, lines in read_phrases("companies").items()
    }


def fill(phrase: str, companies: Sequence[tuple[str, str]], draw: random.Random) -> tuple[str, str]:
    """A phrase with companies, places, people and figures, and the first of its companies.

    A slot `{c:og}` holds a company of trade o or g, `{12~40}` a whole number, `{1.2~4.0}` one with
    a decimal, `{1,200~4,800}` one with its thousands set apart, `{三成~四成}` one of two words.
    """
    named: list[str] = []

    def one(match: re.Match[str]) -> str:
        slot, _, trades = match[1].partition(":")
        if slot in NAMES:
            return draw.choice(NAMES[slot])
        if slot in ("c", "d"):
            fits = [n for n, of in companies if not trades or set(of) & set(trades)]
            if slot == "c" and named:
                return named[0]
            named.append(draw.choice([name for name in fits if name not in named]))
            return named[-1]
        ends = slot.split("~")
        if not ends[0][0].isdigit():
            return draw.choice(ends)
        comma = "," if "," in slot else ""
        ends = [end.replace(",", "") for end in ends]
        places = len(ends[0].partition(".")[2])
        low, high = (round(float(end) * 10**places) for end in ends)
        step = 100 if low >= 1000 and not places else 10 if low >= 100 and not places else 1
        number = draw.randrange(low, high + 1, step)
        return f"{number / 10**places:{comma}.{places}f}"

    text = SLOT.sub(one, phrase)
    return text, next(iter(named), text)


def moment(day: int, hours: dict[int, int], draw: random.Random) -> datetime:
    """A minute of a day, at working hours more often."""
    hour = draw.choices(list(hours), list(hours.values()))[0]
    return FIRST + timedelta(days=day - 1, hours=hour, minutes=draw.randrange(60))


def choose_day(text: str, topic: str, mood: str, draw: random.Random) -> int:
    """A day on which a headline may stand: months it tells are over, weekends are thin."""
    first, last = 1, DAYS
    if re.search("八月|九月|前八", text):
        first = 33
    elif re.search("七月|前七", text):
        last = 31
    if re.search("国庆|中秋|双节", text):
        first = 36
    if "锦岳" in text:
        last = min(last, SURGE[0] - 1)
    days = [
        d for d in range(first, last + 1) if (topic, mood) != ("地产", "利空") or d not in SURGE
    ]
    weights = [0.35 if (FIRST + timedelta(days=d - 1)).weekday() > 4 else 1.0 for d in days]
    return draw.choices(days, weights)[0]


def usual(draw: random.Random) -> Iterator[Story]:
    """The headlines of all topics outside the surge."""
    companies = read_companies()
    for topic, name in TOPICS.items():
        for mood, phrases in read_phrases(name).items():
            pool = companies[topic]
            if topic == "地产" and mood == "利好":
                pool = pool[1:]
            for number, phrase in enumerate(phrases, 1):
                weights = (0, 4, 6) if (topic, mood) == ("地产", "利空") else (20, 45, 35)
                wanted = draw.choices((1, 2, 3), weights)[0]
                post = phrase.startswith("~")
                said: dict[str, None] = {}
                seen: set[str] = set()
                for _ in range(20):
                    text, who = fill(phrase.lstrip("~"), pool, draw)
                    if len(said) < wanted and who not in seen:
                        said[text] = None
                        seen.add(who)
                for text in said:
                    day = choose_day(text, topic, mood, draw)
                    at = moment(day, LEISURE if post else HOURS, draw)
                    outlet = draw.choice(FORUMS if post else DESKS)
                    if not post and draw.random() < 0.03:
                        outlet = draw.choice(COPIERS)
                    yield Story(at, text, topic, mood, outlet, f"{topic}-{mood}-{number:02}")


def surge(draw: random.Random) -> Iterator[Story]:
    """Four days on which one developer's default pulls others along."""
    outlets = draw.sample(DESKS, len(DESKS))
    number = 0
    for day, lines in zip(SURGE, read_phrases("surge").values(), strict=True):
        for text in lines:
            outlet = outlets[number % len(outlets)]
            number += 1
            at = moment(day, HOURS, draw)
            yield Story(at, text, "地产", "利空", outlet, f"地产-激增-{number:02}")


def copies(stories: Sequence[Story], share: float, draw: random.Random) -> Iterator[Story]:
    """Stories that the copying outlets take over, word for word or nearly so."""
    sizes: dict[str, int] = {}
    for story in stories:
        sizes[story.wording] = sizes.get(story.wording, 0) + 1
    for story in stories:
        for outlet in COPIERS:
            free = sizes[story.wording] < 4 and story.outlet in DESKS
            if not free or draw.random() >= share:
                continue
            text = draw.choice(
                [
                    story.headline,
                    story.headline,
                    f"快讯：{story.headline}",
                    f"【转】{story.headline}",
                    f"{story.headline}（{story.outlet}）",
                    story.headline.replace("，", " ").replace("：", " "),
                ]
            )
            sizes[story.wording] += 1
            at = story.at + timedelta(minutes=draw.randrange(4, 95))
            yield replace(story, at=at, headline=text, outlet=outlet)


def headlines() -> list[list[str]]:
    """All headlines in the order of their time."""
    draw = random.Random(60)
    calm, loud = list(usual(draw)), list(surge(draw))
    found = [*calm, *copies(calm, 0.03, draw), *loud, *copies(loud, 0.45, draw)]
    found.sort(key=lambda s: (s.at, s.wording, s.outlet))
    return [
        [f"N{n:04}", f"{s.at:%Y-%m-%dT%H:%M}", s.headline, s.topic, s.mood, s.outlet, s.wording]
        for n, s in enumerate(found, 1)
    ]


def tests() -> list[list[str]]:
    """The test headlines: topic, mood and style of each."""
    rows = []
    for file in sorted((HERE / "tests").glob("test-*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("## "):
                topic, mood = line[3:].split()
            elif line:
                rows.append([line[2:], topic, mood, STYLES[line[0]]])
    return rows


# named things

PAIR_SLOT = re.compile(r"\{([capml])(\d)(?::(\w))?\}")
LABELS = {
    "c": ("公司", "company"),
    "a": ("金额", "amount"),
    "m": ("金额", "amount"),
    "p": ("人物", "person"),
    "l": ("地点", "place"),
}
SPOKEN = {
    "": "三亿元:3e8 五亿元:5e8 两亿元:2e8 十二亿元:12e8 五十亿元:50e8 两千万元:2e7 八千万元:8e7",
    "s": "五十万元:5e5 三百万元:3e6 一百二十万元:12e5 八十万元:8e5 一千万元:1e7 六万元:6e4",
    "b": "五百亿元:5e10 三千亿元:3e11 两百亿元:2e10 八十亿元:8e9 一百二十亿元:12e9",
}


def in_english(value: Decimal, unit: str = "yuan") -> str:
    """A sum in words and figures."""
    for size, word in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        if value >= size:
            number = f"{(value / size).normalize():f} {word}"
            break
    else:
        number = f"{value.normalize():,f}"
    return f"{unit}{number}" if unit.endswith("$") else f"{number} {unit}"


def amount(kind: str, draw: random.Random) -> tuple[str, str]:
    """A sum in Chinese and English; kinds: s small, b large, l a place's,
    u dollars, y hundreds of millions of yuan."""
    form = draw.random()
    if kind in SPOKEN and form < 0.2:
        chinese, _, number = draw.choice(SPOKEN[kind].split()).partition(":")
        return chinese, in_english(Decimal(number))
    if kind == "s":
        tens = draw.randrange(2, 98) * 10
        if form < 0.35:
            yuan = draw.randrange(12, 99) * 500
            return f"{yuan}元", in_english(Decimal(yuan))
        return f"{tens}万元", in_english(Decimal(tens) * 10**4)
    tenths = draw.randrange(11, 99)
    if kind in ("l", "b"):
        if kind == "l" and form < 0.6:
            return f"{tenths / 10:g}万亿元", in_english(Decimal(tenths) * 10**11)
        return f"{tenths * 10 + 3}亿元", in_english(Decimal(tenths * 10 + 3) * 10**8)
    if kind == "u" or (not kind and form < 0.32):
        if kind == "u" or form < 0.28:
            return f"{tenths / 10:g}亿美元", in_english(Decimal(tenths) * 10**7, "$")
        return f"{tenths / 10:g}亿港元", in_english(Decimal(tenths) * 10**7, "HK$")
    if not kind and form < 0.5:
        tens = draw.randrange(110, 990) * 10
        return f"{tens}万元", in_english(Decimal(tens) * 10**4)
    if not kind and form < 0.68:
        tenths = draw.randrange(101, 960)
    return f"{tenths / 10:g}亿元", in_english(Decimal(tenths) * 10**7)


def price(kind: str, draw: random.Random) -> tuple[str, str]:
    """A price; kinds: q of small things, d of a dividend, w a month's pay."""
    if kind == "d":
        cents = draw.randrange(11, 290)
        return f"{cents / 100}元", f"{cents / 100} yuan"
    if kind == "w":
        pay = draw.randrange(38, 66) * 100
        return f"{pay}元", f"{pay:,} yuan"
    tenths = draw.randrange(12, 300) if kind == "q" else draw.randrange(80, 990)
    return f"{tenths / 10:g}元", f"{tenths / 10:g} yuan"


def read_names() -> dict[str, list[tuple[str, str, str]]]:
    """Named things by their letter: Chinese, English and the kinds each is of."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for line in (HERE / "pairs" / "names.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            names = found.setdefault(line[2:], [])
        elif line:
            chinese, english, *kinds = line.split("|")
            names.append((chinese, english, "".join(kinds)))
    return found


def draw_names(
    pair: str, names: dict[str, list[tuple[str, str, str]]], draw: random.Random
) -> dict[str, tuple[str, str]]:
    """What each slot of a pair holds, in both languages."""
    held: dict[str, tuple[str, str]] = {}
    sums = []
    for letter, number, kind in PAIR_SLOT.findall(pair.split("|")[0]):
        slot = f"{letter}{number}"
        if letter == "a":
            held[slot] = amount(kind, draw)
            sums.append(slot)
        elif letter == "m":
            held[slot] = price(kind, draw)
        else:
            fits = [n[:2] for n in names[letter] if (kind in n[2] if kind else "!" not in n[2])]
            held[slot] = draw.choice([n for n in fits if n not in held.values()])
    if len(sums) == 2:  # from one to another
        low, high = sorted((held[s] for s in sums), key=lambda h: float(h[0][:-2]))
        held |= dict(zip(sums, (low, high), strict=True))
    return held


def mark(text: str, held: dict[str, tuple[str, str]], language: int) -> tuple[str, list[dict]]:
    """A sentence of a pair in one language and the spans of its named things."""
    said, spans, at = "", [], 0
    for match in PAIR_SLOT.finditer(text):
        said += text[at : match.start()]
        name = held[match[1] + match[2]][language]
        label = LABELS[match[1]][language]
        spans.append({"start": len(said), "end": len(said) + len(name), "label": label})
        said += name
        at = match.end()
        if name.endswith("s") and text.startswith("'s", at):
            said, at = f"{said}'", at + 2
    return said + text[at:], spans


def pairs() -> tuple[list[list[str]], list[list[str]]]:
    """Sentences with their spans, in Chinese and in English, row by row the same."""
    draw = random.Random(32)
    names = read_names()
    rows: tuple[list[list[str]], list[list[str]]] = ([], [])
    number = 0
    for file in sorted((HERE / "pairs").glob("pairs-*.txt")):
        for pair in file.read_text(encoding="utf-8").splitlines():
            number += 1
            wanted = 3 if "{p" in pair else 2 if PAIR_SLOT.search(pair) else 1
            drawn: list[dict[str, tuple[str, str]]] = []
            while len(drawn) < wanted:
                held = draw_names(pair, names, draw)
                if held not in drawn:
                    drawn.append(held)
            for held in drawn:
                for language, text in enumerate(pair.split("|")):
                    said, spans = mark(text, held, language)
                    told = json.dumps(spans, ensure_ascii=False, separators=(",", ":"))
                    rows[language].append([said, told, f"{number:03}"])
    order = list(range(len(rows[0])))
    draw.shuffle(order)
    return [rows[0][i] for i in order], [rows[1][i] for i in order]


def write(name: str, columns: str, rows: Sequence[Sequence[str]]) -> None:
    """One table as CSV in UTF-8."""
    with (HERE / "data" / name).open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([columns.split(","), *rows])


if __name__ == "__main__":
    (HERE / "data").mkdir(exist_ok=True)
    write("headlines.csv", "id,published_at,headline,topic,mood,outlet,wording", headlines())
    write("headlines-test.csv", "headline,topic,mood,style", tests())
    chinese, english = pairs()
    write("spans.csv", "sentence,spans,wording", chinese)
    write("spans-en.csv", "sentence,spans,wording", english)

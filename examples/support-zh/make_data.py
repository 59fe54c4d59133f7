"""The help desk's tables, in our own words: `python make_data.py` writes data/ out of sentences/.
The shop, its rules, its customers and their numbers are invented.

`sentences/` holds a file a kind: `train-*` the wordings of each intent, `similar` what customers
also say for a question of the table, `held` questions without an answer, by which the table's
threshold was chosen, `parallel-train-*` the same sentence in Chinese and English. `test-*`,
`asked`, `unanswerable` and `parallel-test` were written apart from those and train nothing. The
same files give the same tables, byte for byte.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
SENTENCES = HERE / "sentences"
MORE = 20  # sentences of `similar` that an intent gets as messages
CHANNELS = ["App", "小程序", "网页", "电话"]
STYLES = {"p": "plain", "c": "colloquial", "m": "misspelt"}

SURNAMES = "林许宋唐韩冯董萧程曹袁邓傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石"
GIVEN = """晓岚 子谦 若彤 建平 思远 桂芳 一鸣 雨桐 国栋 婉清 志强 梓涵 秀兰 博文 欣怡 德明
静 磊 诗琪 海波 玉珍 嘉豪 芷若 文斌 丽娟 浩然 春梅 俊杰 安琪 永福"""


def lines(pattern: str):
    """(heading, line) of the files that match, in their order; '## ' begins a heading."""
    for path in sorted(SENTENCES.glob(pattern)):
        heading = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            line = line.strip()
            if line.startswith("## "):
                heading = line[3:].strip()
            elif line:
                yield heading, line


def parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(" | ") if part.strip()]


def write(name: str, header: list[str], rows: list[list]) -> None:
    path = HERE / "data" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)
    print(f"{path.relative_to(HERE)}: {len(rows)} rows")


def messages() -> list[list]:
    """A line of train-*.txt is one wording: two to four sentences that say it, or one alone."""
    rows, groups, said = [], {}, set()
    for intent, line in lines("train-*.txt"):
        groups[intent] = groups.get(intent, 0) + 1
        new = [text for text in parts(line) if text not in said]
        said |= set(new)
        rows += [[text, intent, f"{intent}-{groups[intent]:02d}"] for text in new]
    rows += similar_messages({row[0] for row in rows})
    order = {intent: at for at, intent in enumerate(groups)}
    return sorted(rows, key=lambda row: (order[row[1]], row[2]))


def similar() -> list[list[str]]:
    """Each sentence of similar.txt with the question and the intent ("" for none) it stands for."""
    rows = []
    for heading, line in lines("similar.txt"):
        question, intent = [*parts(heading), ""][:2]
        rows += [[text, question, intent] for text in parts(line)]
    return rows


def similar_messages(known: set[str]) -> list[list]:
    """At most `MORE` of them an intent, drawn over its questions, none of them known; up to four
    of one answer are one wording, so that they stay in one part of a split.
    """
    chance = random.Random(20)
    drafts = similar()
    chance.shuffle(drafts)
    rows, count, wordings = [], Counter(), Counter()
    for text, question, intent in drafts:
        if intent and text not in known and count[intent] < MORE:
            count[intent] += 1
            wordings[question] += 1
            rows.append([text, intent, f"{intent}-{question}-{(wordings[question] - 1) // 4}"])
    return rows


def english() -> list[list]:
    """The sentences in two languages as messages; a pair is one wording."""
    rows = []
    for number, (chinese, other, intent, _) in enumerate(parallel("parallel-train-*.txt"), 1):
        rows += [[text, intent, f"zh-en-{number:03}"] for text in (chinese, other)]
    return rows


def answers() -> list[list]:
    """The table: a row a question, its own or one that customers also say, with the answer."""
    rows = []
    said = similar()
    for question, answer in table("answers.txt"):
        also = [text for text, of, _ in said if of == question]
        rows += [[text, answer, question] for text in (question, *also)]
    return rows


def tests() -> list[list]:
    return [
        [text, intent, STYLES[line[0]]]
        for intent, line in lines("test-*.txt")
        for text in parts(line[2:])
    ]


def table(name: str) -> list[list[str]]:
    return [[part.strip() for part in line.split("||")] for _, line in lines(name)]


def parallel(pattern: str) -> list[list]:
    rows = []
    for heading, line in lines(pattern):
        rows.append([*parts(line), *parts(heading)])
    return rows


def spoken(phone: str, chance: random.Random) -> str:
    """A phone number as people write it."""
    first, middle, last = phone[:3], phone[3:7], phone[7:]
    return chance.choice([phone, phone, f"{first} {middle} {last}", f"{first}-{middle}-{last}"])


def tickets() -> list[list]:
    chance = random.Random(32)
    start = datetime(2026, 11, 1)
    drafts = [(intent, line) for intent, line in lines("tickets-*.txt")]
    chance.shuffle(drafts)
    moments = sorted(
        start
        + timedelta(
            days=at % 30,
            hours=chance.choices(range(24), [1, 1] + [0] * 5 + [2, 4] + [8] * 13 + [4, 2])[0],
            minutes=chance.randrange(60),
            seconds=chance.randrange(60),
        )
        for at in range(len(drafts))
    )
    rows = []
    for at, ((intent, draft), moment) in enumerate(zip(drafts, moments, strict=True), 1):
        name = chance.choice(SURNAMES) + chance.choice(GIVEN.split())
        phone = "1" + chance.choice("3456789") + "".join(chance.choices("0123456789", k=9))
        bought = moment - timedelta(days=chance.randrange(1, 12))
        order = f"YL{bought:%Y%m%d}{chance.randrange(10**5):05d}"
        noted = draft.startswith(("客户", "顾客"))  # written down by the one who took the call
        channel = (
            "电话" if noted else chance.choices(["App", "小程序", "网页", "电话"], [5, 4, 2, 1])[0]
        )
        minutes = max(2, round(chance.lognormvariate(3.2 if noted else 2.8, 0.7)))
        resolved = "否" if chance.random() < min(0.7, 0.06 + minutes / 150) else "是"
        text = draft.format(name=name, phone=spoken(phone, chance), order=order)
        number = f"T{at:04d}"
        created = f"{moment:%Y-%m-%d %H:%M:%S}"
        rows.append([number, created, channel, name, phone, order, text, intent, resolved, minutes])
    return rows


def main() -> None:
    asked = [[text, row[0]] for row in table("asked.txt") for text in parts(row[1])]
    pair = ["zh", "en", "intent_zh", "intent_en"]
    write("messages.csv", ["message", "intent", "wording"], messages())
    write("messages-test.csv", ["message", "intent", "style"], tests())
    write("answers.csv", ["question", "answer", "topic"], answers())
    write("answers-test.csv", ["asked", "topic"], asked)
    write("held-questions.csv", ["asked"], [[line] for _, line in lines("held.txt")])
    write("unanswerable.csv", ["asked"], [[line] for _, line in lines("unanswerable.txt")])
    write("two-languages.csv", ["message", "intent", "wording"], english())
    write("parallel.csv", pair, parallel("parallel-test.txt"))
    header = "id,created_at,channel,customer,phone,order_no,message,intent,resolved,minutes"
    write("tickets.csv", header.split(","), tickets())


if __name__ == "__main__":
    main()

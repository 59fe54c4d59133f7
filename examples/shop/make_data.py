"""Makes the shop's articles and what people looked at, in our own words: `python make_data.py`.
People are invented; each likes two kinds of things and goes through them in a like order.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

KINDS = {
    "garden": [
        "pruning shears",
        "watering can",
        "tomato seeds",
        "bird feeder",
        "garden gloves",
        "compost bin",
        "rose fertiliser",
        "hand trowel",
        "herb pots",
        "rain barrel",
    ],
    "kitchen": [
        "chef's knife",
        "cast iron pan",
        "wooden spoon set",
        "pepper mill",
        "bread tin",
        "salad spinner",
        "kitchen scales",
        "tea strainer",
        "baking mat",
        "copper saucepan",
    ],
    "cycling": [
        "bicycle pump",
        "bike lamp",
        "chain oil",
        "cycling helmet",
        "saddle bag",
        "bike lock",
        "puncture kit",
        "bottle cage",
        "rain cape for cyclists",
        "handlebar tape",
    ],
    "reading": [
        "book light",
        "bookends",
        "reading pillow",
        "leather bookmark",
        "notebook",
        "fountain pen",
        "desk lamp",
        "magnifying glass",
        "book stand",
        "library stamp",
    ],
    "camping": [
        "two-person tent",
        "sleeping bag",
        "camping stove",
        "head torch",
        "folding chair",
        "water filter",
        "hiking map",
        "pocket knife",
        "camping mat",
        "enamel mug",
    ],
    "music": [
        "guitar strings",
        "metronome",
        "music stand",
        "violin rosin",
        "drum sticks",
        "headphones",
        "tuning fork",
        "piano cover",
        "capo",
        "sheet music folder",
    ],
}
NEW = {
    "garden": "lawn rake",
    "kitchen": "rolling pin",
    "cycling": "bicycle bell",
    "camping": "tent pegs",
}  # nobody has looked at these yet


def views() -> list[list[str]]:
    """Three hundred people, each six to twelve things of two kinds."""
    draw, found = random.Random(29), []
    for person in range(300):
        liked = draw.sample(list(KINDS), 2)
        at = 1_760_000_000 + draw.randrange(2_000_000)
        start = {kind: draw.randrange(10) for kind in liked}
        for step in range(draw.randrange(6, 13)):
            kind = liked[draw.random() < 0.3]
            item = KINDS[kind][(start[kind] + step + draw.choice([0, 0, 0, 1, 3])) % 10]
            at += draw.randrange(30, 4000)
            found.append([f"person-{person:03d}", item.replace(" ", "-").replace("'", ""), str(at)])
    return found


if __name__ == "__main__":
    data = Path(__file__).parent / "data"
    names = [(t, k) for k, some in KINDS.items() for t in some] + [(t, k) for k, t in NEW.items()]
    goods = [[t.replace(" ", "-").replace("'", ""), t, k] for t, k in names]
    for name, head, table in (
        ("views", ["person", "article", "at"], views()),
        ("goods", ["article", "title", "kind"], goods),
    ):
        with (data / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows([head, *table])

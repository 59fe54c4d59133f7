"""What a place shows of its recent predictions: districts of a market, goods on a shelf, how many
of each class, and how many abstentions.

Knows logged predictions and open alerts. What was seen too seldom is unknown, and never healthy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypedDict

from mesocosm.catalog.rows import PredictionRow
from mesocosm.world.shown_alert import ShownAlert, read_detail

LATELY = 200  # newest predictions that are counted
MOST = 8  # booths of a place, those of the most predictions
LEAST = 5  # predictions below which a share is unknown
UNSURE = "not sure"


class Booth(TypedDict):
    """A booth as `wire.Stall` has it; a `share` of None is unknown."""

    name: str
    count: int
    share: float | None
    state: Literal["fine", "alarm", "unknown"]
    says: str


def describe_booths(
    form: str,
    counts: Mapping[str, object] | None,
    rows: Sequence[PredictionRow],
    alerts: Sequence[ShownAlert],
) -> list[Booth]:
    """Booths as `wire.Stall` has them, those of the most predictions first.

    Args:
        form: what the place looks like.
        counts: of the monitor that watches for a surge there: its name as `monitor`, the class it
            counts as `label`, and the field of its groups as `by`.
        rows: logged predictions, the newest first.
        alerts: open alerts.
    """
    if form == "market" and counts and counts.get("by"):
        return _describe_districts(counts, rows, alerts)
    if form == "shop":
        return _describe_goods(rows)
    return _describe_classes(rows)


def _describe_districts(
    counts: Mapping[str, object], rows: Sequence[PredictionRow], alerts: Sequence[ShownAlert]
) -> list[Booth]:
    """One a topic: the share of the counted class in it is its mood; a surge there is an alarm."""
    label, by = str(counts["label"]), str(counts["by"])
    total: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for row in rows:
        topic = row["input"].get("clean", {}).get(by)
        if topic is not None:
            total[str(topic)] += 1
            hits[str(topic)] += str(row["output"].get("label")) == label
    storms = _find_storms(str(counts["monitor"]), alerts)
    calm = [topic for topic, _ in total.most_common() if topic not in storms]
    return [
        _describe_district(topic, total[topic], hits[topic], label, storms.get(topic))
        for topic in [*storms, *calm][:MOST]
    ]


def _find_storms(monitor: str, alerts: Sequence[ShownAlert]) -> dict[str, str]:
    """The open surges of a monitor, in words, by their group."""
    return {
        str(read_detail(alert).get("group")): str(alert["message"])
        for alert in alerts
        if alert["monitor"] == monitor and alert["what"] == "surge"
    }


def _describe_district(topic: str, total: int, hits: int, label: str, storm: str | None) -> Booth:
    booth: Booth = {
        "name": topic,
        "count": total,
        "share": None,
        "state": "unknown",
        "says": f"{hits} of {total} are '{label}'",
    }
    if total >= LEAST:
        booth["share"], booth["state"] = hits / total, "fine"
    if storm is not None:
        booth["state"], booth["says"] = "alarm", storm
    return booth


def _describe_goods(rows: Sequence[PredictionRow]) -> list[Booth]:
    """The items that were recommended most often."""
    shown: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for item in _list_items(rows):
        name = str(item["item"])
        shown[name] += 1
        texts.setdefault(name, str(item.get("said") or ""))
    return [
        {
            "name": name,
            "count": count,
            "share": count / len(rows),
            "state": "fine",
            "says": texts[name],
        }
        for name, count in shown.most_common(MOST)
    ]


def _list_items(rows: Sequence[PredictionRow]) -> Iterator[Mapping[str, object]]:
    """The recommended items of predictions."""
    for row in rows:
        items = row["output"].get("items")
        if isinstance(items, list):
            yield from items


def _describe_classes(rows: Sequence[PredictionRow]) -> list[Booth]:
    """How often each class was predicted; abstentions stand apart, as what is unknown."""
    outputs = [row["output"] for row in rows if "probability" in row["output"]]
    if not outputs:
        return []
    total = len(outputs)
    counts = Counter(str(output["label"]) for output in outputs if not output.get("unsure"))
    booths = [_describe_class(name, n, total) for name, n in counts.most_common(MOST - 1)]
    unsure = total - sum(counts.values())
    if unsure:
        booths.append(
            {
                "name": UNSURE,
                "count": unsure,
                "share": unsure / total,
                "state": "unknown",
                "says": f"{unsure} of {total} answers were left to a person",
            }
        )
    return booths


def _describe_class(name: str, count: int, total: int) -> Booth:
    booth: Booth = {
        "name": name,
        "count": count,
        "share": None,
        "state": "unknown",
        "says": f"{count} of {total} answers",
    }
    if total >= LEAST:
        booth["share"], booth["state"] = count / total, "fine"
    return booth

"""What a place shows of its recent predictions: districts of a market, goods on a shelf, how many
of each class, and how many abstentions.

Knows logged predictions and open alerts. What was seen too seldom is unknown, and never healthy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

LATELY = 200  # newest predictions that are counted
MOST = 8  # booths of a place, those of the most predictions
LEAST = 5  # predictions below which a share is unknown
UNSURE = "not sure"

Row = Mapping[str, Any]


def describe_booths(
    form: str,
    counts: Mapping[str, Any] | None,
    rows: Sequence[Row],
    alerts: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
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
    counts: Mapping[str, Any], rows: Sequence[Row], alerts: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One a topic: the share of the counted class in it is its mood; a surge there is an alarm."""
    total: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for row in rows:
        topic = row["input"].get("clean", {}).get(counts["by"])
        if topic is not None:
            total[str(topic)] += 1
            hits[str(topic)] += str(row["output"].get("label")) == counts["label"]
    stormy = {
        str((alert["detail"] or {}).get("group")): str(alert["message"])
        for alert in alerts
        if alert["monitor"] == counts["monitor"] and alert["what"] == "surge"
    }
    calm = [topic for topic, _ in total.most_common() if topic not in stormy]
    return [
        _describe_district(
            topic, total[topic], hits[topic], str(counts["label"]), stormy.get(topic)
        )
        for topic in [*stormy, *calm][:MOST]
    ]


def _describe_district(
    topic: str, total: int, hits: int, label: str, storm: str | None
) -> dict[str, Any]:
    share = hits / total if total >= LEAST else None
    state, says = "fine", f"{hits} of {total} are '{label}'"
    if share is None:
        state = "unknown"
    if storm is not None:
        state, says = "alarm", storm
    return {"name": topic, "count": total, "share": share, "state": state, "says": says}


def _describe_goods(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The items that were recommended most often."""
    shown: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for row in rows:
        for item in row["output"].get("items", []):
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


def _describe_classes(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """How often each class was predicted; abstentions stand apart, as what is unknown."""
    outputs = [row["output"] for row in rows if "probability" in row["output"]]
    if not outputs:
        return []
    total = len(outputs)
    counts = Counter(str(output["label"]) for output in outputs if not output.get("unsure"))
    is_known = total >= LEAST
    booths = []
    for name, count in counts.most_common(MOST - 1):
        booths.append(
            {
                "name": name,
                "count": count,
                "share": count / total if is_known else None,
                "state": "fine" if is_known else "unknown",
                "says": f"{count} of {total} answers",
            }
        )
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

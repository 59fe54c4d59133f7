"""What a place shows of the answers given there of late: districts of a market, goods on a shelf,
how many of each answer, and how many nobody was sure of.

Knows logged answers and open alerts. What has been seen too seldom is unknown, and never healthy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

LATELY = 200  # newest answers that are counted
MOST = 8  # stalls of a place, those of the most answers
LEAST = 5  # answers below which a share is not known
UNSURE = "not sure"

Row = Mapping[str, Any]


def stalls(
    form: str,
    counts: Mapping[str, Any] | None,
    rows: Sequence[Row],
    alerts: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Stalls as `wire.Stall` has them, those of the most answers first.

    Args:
        form: what the place looks like.
        counts: of the monitor that watches for a surge there: its name as `monitor`, the answer it
            counts as `label`, and the field of its groups as `by`.
        rows: logged predictions, the newest first.
        alerts: open alerts.
    """
    if form == "market" and counts and counts.get("by"):
        return _districts(counts, rows, alerts)
    if form == "shop":
        return _goods(rows)
    return _told(rows)


def _districts(
    counts: Mapping[str, Any], rows: Sequence[Row], alerts: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One a topic: the share of the counted answer in it is its mood; a surge there is an alarm."""
    said: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for row in rows:
        topic = row["input"].get("clean", {}).get(counts["by"])
        if topic is not None:
            said[str(topic)] += 1
            bad[str(topic)] += str(row["output"].get("label")) == counts["label"]
    stormy = {
        str((a["detail"] or {}).get("group")): a
        for a in alerts
        if a["monitor"] == counts["monitor"] and a["what"] == "surge"
    }
    found = []
    for topic in [*stormy, *(t for t, _ in said.most_common() if t not in stormy)][:MOST]:
        share = bad[topic] / said[topic] if said[topic] >= LEAST else None
        told = f"{bad[topic]} of {said[topic]} are '{counts['label']}'"
        found.append(
            {
                "name": topic,
                "count": said[topic],
                "share": share,
                "state": "alarm" if topic in stormy else "unknown" if share is None else "fine",
                "says": str(stormy[topic]["message"]) if topic in stormy else told,
            }
        )
    return found


def _goods(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What was put before visitors most often."""
    shown: Counter[str] = Counter()
    said: dict[str, str] = {}
    for row in rows:
        for item in row["output"].get("items", []):
            shown[str(item["item"])] += 1
            said.setdefault(str(item["item"]), str(item.get("said") or ""))
    return [
        {"name": name, "count": n, "share": n / len(rows), "state": "fine", "says": said[name]}
        for name, n in shown.most_common(MOST)
    ]


def _told(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """How often each answer was given; those that were not sure stand apart, as what is not
    known.
    """
    judged = [r["output"] for r in rows if "probability" in r["output"]]
    if not judged:
        return []
    sure = Counter(str(o["label"]) for o in judged if not o.get("unsure"))
    found = [
        {
            "name": name,
            "count": n,
            "share": n / len(judged) if len(judged) >= LEAST else None,
            "state": "fine" if len(judged) >= LEAST else "unknown",
            "says": f"{n} of {len(judged)} answers",
        }
        for name, n in sure.most_common(MOST - 1)
    ]
    unsure = len(judged) - sum(sure.values())
    if unsure:
        found.append(
            {
                "name": UNSURE,
                "count": unsure,
                "share": unsure / len(judged),
                "state": "unknown",
                "says": f"{unsure} of {len(judged)} answers were left to a person",
            }
        )
    return found

"""The watch over surges: counts answers of one kind, and raises and closes alerts where they come
far more often than they did.

Knows the counts and the catalog; the rest of the watch asks it once a look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.monitoring.drift.reference import MAX_REFERENCE_ROWS
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.monitoring.surge.detector import SurgeDetector
from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.rollout.recalibration import find_abstain_threshold, mark_unsure

MOST_ITEMS = 5000  # answers that one look counts for surges
RECALLED = (
    500  # requests of late that tell what is usual of the answers of a version that takes over
)
FEW_ROWS = 32  # of them in one question, so that those who wait for an answer do not wait for these


class SurgeMonitor:
    """What one monitor counts of the answers of its service."""

    def __init__(self, watch: MonitorState) -> None:
        self.watch = watch
        self.surges: SurgeDetector | None = None
        self.counts: ModelInstance | None = None  # whose answers it counts
        self.surged = watch.began  # the newest answer that was counted

    def look(self) -> list[str]:
        """Answers of one kind that come far more often than they did; the alert has the items."""
        setting, now = self.watch.monitor.surge, self.watch.served.now
        if not setting or not now or now.fields is None:
            return []
        if self.surges is None or self.counts is not now:
            self.counts = now  # what is usual of one version's answers is not of another's
            rows = now.held()[:MAX_REFERENCE_ROWS]
            said = now.predict(rows) if rows else []
            if setting.unsure:
                floor = find_abstain_threshold(said, self.watch.served.service.abstain or 0.0, None)
                said = [mark_unsure(one, floor) for one in said]
            self.surges = SurgeDetector(
                setting,
                [
                    row | {"label": setting.told(one), "sure": setting.sure(one)}
                    for row, one in zip(rows, said, strict=True)
                ],
            )
            self.surges.risen |= {
                str(a["detail"].get("group")) for a in self._surging()
            }  # told before this one began to look
            self.surges.remember(self._recalled(now))
        fresh = self.watch.asked(MOST_ITEMS, self.surged)[::-1]
        raised = []
        for row in fresh:
            self.surged = max(self.surged, row["at"])
            if row["version"] != now.version:  # one that is tried beside it, or served before
                continue
            found = self.surges.see(
                dict(row["input"]["clean"])
                | {
                    "label": setting.told(row["output"]),
                    "sure": setting.sure(row["output"]),
                    "id": row["id"],
                }
            )
            if found and "over" in found:
                for alert in self._surging():
                    if alert["detail"].get("group") == found["group"]:
                        self.watch.catalog.clear(
                            self.watch.name,
                            f"{found['count']} of the last {found['seen']} items are"
                            f" '{setting.counted}', as is usual",
                            alert["id"],
                        )
            elif found:
                group = f" in {setting.by} '{found['group']}'" if setting.by else ""
                of = f" from {found['senders']} senders" if found["senders"] else ""
                message = (
                    f"'{setting.counted}' surged at {self.watch.served.name}{group}:"
                    f" {found['count']} of {found['seen']} items{of}, where {found['usual']:.0%} is"
                    " usual"
                )
                message += (
                    f"; 'mesocosm labels {self.watch.served.service.serves} --new' shows what they"
                    " ask for"
                    if setting.unsure
                    else ""
                )
                items = [
                    {k: i.get(k) for k in ("id", setting.once, setting.sender) if k}
                    for i in found["items"]
                ]
                raised.append(
                    self.watch.catalog.alert(
                        self.watch.name,
                        self.watch.served.name,
                        "surge",
                        message,
                        found | {"items": items},
                    )
                )
        self.watch.last |= {
            "surge": {
                "usual": {
                    g or "all": share
                    for g, share in self.surges.usual(list(self.surges.known) or [""]).items()
                },
                "left_out": dict(self.surges.left_out),
            }
        }
        return raised

    def _recalled(self, unit: ModelInstance) -> list[dict[str, Any]]:
        """Requests of late that were no part of a surge, with what a version says of them now: what
        is usual need not be learnt anew with each version.
        """
        setting = self.watch.monitor.surge
        if (
            not setting
            or unit.fields is None
            or any(f.get("image") or f.get("private") for f in unit.fields.fields.values())
        ):
            return []  # an image and a private value are not kept as they came
        told = self._surging(open_only=False)
        items = {str(i.get("id")) for a in told for i in a["detail"].get("items", ())}

        def quiet(row: Mapping[str, Any]) -> bool:
            group = str(row["input"]["clean"].get(setting.by)) if setting.by else ""
            return row["id"] not in items and not any(
                a["detail"].get("group") == group
                and a["at"] <= row["at"] <= (a["cleared_at"] or row["at"])
                for a in told
            )

        raw = [
            r["input"]["raw"]
            for r in self.watch.catalog.predictions(
                self.watch.served.name, most=RECALLED, until=self.surged
            )[::-1]
            if quiet(r)
        ]
        said = [
            one
            for at in range(0, len(raw), FEW_ROWS)
            for one in unit.answer(raw[at : at + FEW_ROWS])
        ]
        return [
            one["clean"] | {"label": setting.told(one["out"]), "sure": setting.sure(one["out"])}
            for one in said
            if "out" in one
        ]

    def _surging(self, open_only: bool = True) -> list[dict[str, Any]]:
        return [
            a
            for a in self.watch.catalog.alerts(open_only=open_only)
            if a["monitor"] == self.watch.name and a["what"] == "surge"
        ]

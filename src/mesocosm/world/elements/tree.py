"""A model is a tree: height is the metric that its task names, rings are versions; what is not in
service stands beside it as a sapling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesocosm.catalog.contents import read_metric
from mesocosm.catalog.rows import VersionRow
from mesocosm.world.elements.view import TreeFacts, View, Work

SHOWN = (
    "accuracy",
    "macro_f1",
    "auc",
    "calibration_error",
    "r2",
    "mae",
    "rmse",
    "micro_f1",
    "mrr",
    "recall_at_1",
    "perplexity",
    "rouge_l",
    "exact",
)


def tree(name: str, settings: Mapping[str, object], view: View) -> dict[str, object]:
    """What the tree shows."""
    versions = view.catalog.versions(name)
    work = view.work(f"models.{name}")
    if not versions:
        says = f"Model {name}: {_read_newest(work, 'not grown yet')}"
        return {"state": "unknown", "says": says, "sapling": _describe_work(work)}
    best = next((v for v in reversed(versions) if v["state"] == "champion"), versions[-1])
    metrics = best["metrics"]
    shown = view.tree_facts(best["recipe"])
    key = shown.metric
    fault = view.fault(f"models.{name}")
    return {
        "state": _state_of(best, fault),
        "height": max(0.0, read_metric(metrics, key) or 0.0),
        "rings": len(versions),
        "says": _describe_version(name, best, shown, fault),
        "species": shown.species,
        "sapling": _describe_work(work) or _describe_later(versions, best, key),
        "facts": {
            "version": best["id"],
            "interval": metrics["interval"],
            "baselines": metrics["baselines"],
            **{metric: metrics.get(metric) for metric in (*SHOWN, key) if metric in metrics},
            **_fault_facts(fault),
            "base": settings.get("base"),
            "method": best["recipe"]["method"],
            "snapshot": best["snapshot"],
            "versions": [_describe_ring(version, key) for version in versions],
        },
    }


def _read_newest(work: Work | None, without: str) -> str:
    """The newest message of a training."""
    if not work or not work["lines"]:
        return without
    return str(work["lines"][-1])


def _state_of(version: VersionRow, fault: tuple[str, str] | None) -> str:
    if fault:
        return "alarm"
    return "watch" if version["state"] == "refused" else "fine"


def _fault_facts(fault: tuple[str, str] | None) -> dict[str, str]:
    if not fault:
        return {}
    return {"fault": fault[1], "fault_kind": fault[0]}


def _describe_version(
    name: str, version: VersionRow, shown: TreeFacts, fault: tuple[str, str] | None
) -> str:
    metrics, key = version["metrics"], shown.metric
    baselines = ", ".join(
        f"{baseline} {scores[key]:.3f}"
        for baseline, scores in metrics["baselines"].items()
        if scores.get(key) is not None
    )
    height, score = "not known", read_metric(metrics, key)
    if score is not None:
        height = f"{score:.3f}"
    says = (
        f"Model {name}: {version['id']}, {shown.label} {height} on {metrics['rows']}"
        f" held-out rows ({baselines})"
    )
    if version["state"] == "refused":
        says += f"; refused: {version['why']}"
    if fault:
        says += f"; {fault[1]}"
    return says


def _describe_ring(version: VersionRow, key: str) -> dict[str, object]:
    return {
        "id": version["id"],
        "state": version["state"],
        "why": version["why"],
        "at": version["at"],
        "score": version["metrics"].get(key),
    }


def _describe_later(
    versions: Sequence[VersionRow], best: VersionRow, key: str
) -> dict[str, object] | None:
    """The newest version after the one in service, where it is not in service itself."""
    for version in reversed(versions):
        is_later = version["number"] > best["number"]
        if is_later and version["state"] in ("challenger", "refused"):
            return {
                "name": version["id"],
                "height": max(0.0, read_metric(version["metrics"], key) or 0.0),
                "state": version["state"],
                "says": version["why"],
            }
    return None


def _describe_work(work: Work | None) -> dict[str, object] | None:
    """A model that is being trained: it grows with its epochs, or its seconds where it has none."""
    if not work:
        return None
    epochs = max([epoch["epoch"] for epoch in work["epochs"]], default=0) + 1
    left = work.get("left")
    spent = max(0.1, work.get("at", work["began"]) - work["began"])
    share = min(0.9, 0.1 * epochs + spent / 120)
    if left is not None:
        share = spent / (spent + left)
    return {
        "name": "in the making",
        "height": min(1.0, share),
        "state": "growing",
        "says": _read_newest(work, "begun"),
    }

"""A model is a tree: height is its macro F1, or R2 of a number, rings are versions; what is not in
service stands beside it as a sapling.
"""

from __future__ import annotations

from typing import Any

from mesocosm.world.elements.view import View

SCORES = {"macro_f1": "macro F1", "r2": "R2", "mrr": "MRR", "rouge_l": "ROUGE-L"}
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


def tree(name: str, settings: Any, view: View) -> dict[str, Any]:
    """What the tree shows."""
    versions = view.catalog.versions(name)
    growing = view.making.get(f"models.{name}")
    if not versions:
        said = f"Model {name}: " + (
            growing["lines"][-1] if growing and growing["lines"] else "not grown yet"
        )
        return {"state": "unknown", "says": said, "sapling": _growing(growing)}
    best = next((v for v in reversed(versions) if v["state"] == "champion"), versions[-1])
    m = best["metrics"]
    refused = best["state"] == "refused"
    beside = m["baselines"]
    key = next(k for k in SCORES if k in m)
    others = ", ".join(
        f"{name} {figures[key]:.3f}"
        for name, figures in beside.items()
        if figures.get(key) is not None
    )
    says = (
        f"Model {name}: {best['id']}, {SCORES[key]} {m[key]:.3f} on {m['rows']} held-out rows "
        f"({others})" + (f"; refused: {best['why']}" if refused else "")
    )
    fault = view.fault(f"models.{name}")
    says += f"; {fault[1]}" if fault else ""
    later = next(
        (
            v
            for v in reversed(versions)
            if v["number"] > best["number"] and v["state"] in ("challenger", "refused")
        ),
        None,
    )
    return {
        "state": "alarm" if fault else "watch" if refused else "fine",
        "height": max(0.0, m[key]),
        "rings": len(versions),
        "says": says,
        "species": species(best["recipe"]),
        "sapling": _growing(growing) or (_beside(later, key) if later else None),
        "facts": {
            "version": best["id"],
            "interval": m["interval"],
            "baselines": beside,
            **{k: m.get(k) for k in SHOWN if k in m},
            **({"fault": fault[1], "fault_kind": fault[0]} if fault else {}),
            "base": settings.get("base"),
            "method": best["recipe"]["method"],
            "snapshot": best["snapshot"],
            "versions": [
                {
                    "id": v["id"],
                    "state": v["state"],
                    "why": v["why"],
                    "at": v["at"],
                    "score": v["metrics"].get(key),
                }
                for v in versions
            ],
        },
    }


def species(recipe: Any) -> str:
    """The species by family: an oak reads texts, a willow writes, a birch learns from a table
    alone.

    >>> species({"task": "text", "texts": ["q"]})
    'willow'
    >>> species({"texts": ["sentence"]})
    'oak'
    >>> species({"texts": []})
    'birch'
    """
    if recipe.get("task") == "text":
        return "willow"
    return "oak" if recipe.get("texts") else "birch"


def _growing(state: Any) -> dict[str, Any] | None:
    """A model in the making: it grows with its epochs, or its seconds where it has none."""
    if not state:
        return None
    done = max([e["epoch"] for e in state["epochs"]], default=0) + 1
    left = state.get("left")
    spent = max(0.1, state.get("at", state["began"]) - state["began"])
    share = spent / (spent + left) if left is not None else min(0.9, 0.1 * done + spent / 120)
    return {
        "name": "in the making",
        "height": min(1.0, share),
        "state": "growing",
        "says": str(state["lines"][-1]) if state["lines"] else "begun",
    }


def _beside(version: Any, key: str) -> dict[str, Any]:
    return {
        "name": version["id"],
        "height": max(0.0, version["metrics"].get(key) or 0.0),
        "state": version["state"],
        "says": version["why"],
    }

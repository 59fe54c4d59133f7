"""A model is a tree: height is its macro F1, or R2 of a number, rings are versions, a fence means a gate was missed."""

from __future__ import annotations

from typing import Any

from mesocosm.world.elements.view import View


def tree(name: str, settings: Any, view: View) -> dict[str, Any]:
    """What the tree shows."""
    versions = view.catalog.versions(name)
    if not versions:
        return {"state": "unknown", "says": f"Model {name}: not grown yet"}
    best = next((v for v in reversed(versions) if v["state"] == "champion"), versions[-1])
    m = best["metrics"]
    refused = best["state"] == "refused"
    beside = m["baselines"]
    key, said = next((k, v) for k, v in {"macro_f1": "macro F1", "r2": "R2", "mrr": "MRR", "rouge_l": "ROUGE-L"}.items() if k in m)
    others = ", ".join(f"{name} {figures[key]:.3f}" for name, figures in beside.items() if figures.get(key) is not None)
    says = (
        f"Model {name}: {best['id']}, {said} {m[key]:.3f} on {m['rows']} held-out rows "
        f"({others})"
    ) + (f"; refused: {best['why']}" if refused else "")
    facts = {k: m.get(k) for k in ("accuracy", "macro_f1", "auc", "calibration_error", "r2", "mae", "rmse", "micro_f1", "mrr", "recall_at_1", "perplexity", "rouge_l", "exact") if k in m}
    return {
        "state": "watch" if refused else "fine", "height": max(0.0, m[key]), "rings": len(versions), "says": says,
        "facts": {
            "version": best["id"], "interval": m["interval"], "baselines": beside, **facts,
            "base": settings.get("base"), "method": best["recipe"]["method"], "snapshot": best["snapshot"],
            "versions": [{"id": v["id"], "state": v["state"], "why": v["why"], "at": v["at"]} for v in versions],
        },
    }  # fmt: skip

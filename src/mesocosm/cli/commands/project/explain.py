"""`mesocosm explain`: why a prediction came out as it did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesocosm.cli.output import AsJson, Asked, File, answer, guarded, opened, prediction_of


@guarded
def explain(
    prediction: Asked, file: File = Path("ecosystem.yaml"), as_json: AsJson = False
) -> None:
    """Explain PREDICTION: each input's share in it (Shapley values), words, and the training rows
    behind it.
    """
    from mesocosm.reports.explanations import explain as why

    eco = opened(file)
    answer(why(eco.spec, eco.catalog, prediction_of(eco, prediction)), as_json, _text)


def _text(d: dict[str, Any]) -> str:
    of = f"{d['label']}" if d["number"] else f"{d['label']} with {d['probability']:.3f}"
    lines = [
        f"{of} by {d['version']}; over training rows it is {d['base']:.4g} on average. Shares of"
        " the difference:"
    ]
    for name, f in sorted(d["inputs"].items(), key=lambda x: -abs(x[1]["share"])):
        lines.append(f"  {name:<20} {f['share']:+.3f}  (give or take {1.96 * f['error']:.3f})")
    for name, said in d["words"].items():
        lines.append(
            f"  without a word of {name}: "
            + ", ".join(f"{w['word']} {w['share']:+.3f}" for w in said[:6])
        )
    for row in d.get("rows", []):
        lines.append(
            f"  {row['file']}:{row['line']} ({row['label']}) adds {row['share']:+.3f} to a score of"
            f" {d['score']:.3f}"
        )
    return "\n".join(lines)

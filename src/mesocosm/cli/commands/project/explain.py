"""`mesocosm explain`: why a prediction came out as it did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesocosm.cli.output import (
    AsJson,
    Asked,
    File,
    answer,
    open_project,
    report_failures,
)


@report_failures
def explain(
    prediction: Asked, file: File = Path("ecosystem.yaml"), as_json: AsJson = False
) -> None:
    """Explain PREDICTION: feature attributions (Shapley values), words, and the training rows
    behind it.
    """
    answer(open_project(file).explain(prediction), as_json, _text)


def _text(found: dict[str, Any]) -> str:
    prediction = str(found["label"])
    if not found["number"]:
        prediction += f" with {found['probability']:.3f}"
    lines = [
        f"{prediction} by {found['version']}; the average over training rows is"
        f" {found['base']:.4g}. Feature attributions (Shapley values):"
    ]
    shares = found["inputs"]
    for name in sorted(shares, key=lambda name: -abs(shares[name]["share"])):
        share, error = shares[name]["share"], shares[name]["error"]
        lines.append(f"  {name:<20} {share:+.3f}  (± {1.96 * error:.3f})")
    for name, words in found["words"].items():
        effects = ", ".join(f"{word['word']} {word['share']:+.3f}" for word in words[:6])
        lines.append(f"  without a word of {name}: {effects}")
    for row in found.get("rows", []):
        lines.append(
            f"  {row['file']}:{row['line']} ({row['label']}) contributes {row['share']:+.3f} of"
            f" {found['score']:.3f}"
        )
    return "\n".join(lines)

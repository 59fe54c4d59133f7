"""Labels that people give: as the model's own are spelt, or refused.

Knows what a unit says; keeps nothing.
"""

from __future__ import annotations

import math

from mesocosm.core.errors import Wrong
from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.requests.fields import MOST_TEXT


def normalise_label(label: str, name: str, unit: ModelInstance | None) -> str:
    """A label given by a person, as the model's own are spelt; an alias of the file is the
    value it stands for.

    Args:
        name: of the service, whose `unit` serves now.

    Raises:
        Wrong: the model cannot say it.
    """
    says, labels = (unit.says, list(unit.labels)) if unit and unit.fields else ("classes", [])
    if says in ("text", "tags"):
        if not label.strip() or len(label) > MOST_TEXT:
            raise Wrong(
                "label",
                f"a text of {len(label)} characters was given",
                f"the text that would have been right, at most {MOST_TEXT} characters",
            )
    elif says == "number":
        try:
            if not math.isfinite(float(label)):
                raise ValueError
        except ValueError as error:
            raise Wrong(
                "label", f"'{label[:40]}' is no number", "the number that turned out to be true"
            ) from error
    else:
        told = (
            sorted({v.strip() for v in label.split(";") if v.strip()})
            if says == "labels"
            else [label]
        )
        known = unit.fields.spellings if unit and unit.fields else {}
        meant = [
            (
                one
                if one in labels
                else known.get(one.strip(), known.get(one.strip().casefold(), one))
            )
            for one in told or [""]
        ]
        for one in meant:
            if one not in labels:
                raise Wrong(
                    "label",
                    f"'{one[:40]}' is no label of {name}",
                    "its labels with ';' between" if says == "labels" else "one of its labels",
                    labels,
                    one,
                )
        return "; ".join(sorted(set(meant)) if says == "labels" else meant)
    return label

"""What a mask or a pseudonym leaves of a value is a word, whatever the value was: a model of it is
built, served, explained and planned.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from in_process import load_service

from mesocosm.api.ecosystem import open_ecosystem

VALUES = {
    "date": lambda i: f"{1950 + i % 5}-0{1 + i % 3}-11",
    "time": lambda i: f"2026-01-0{1 + i % 4} 08:30:00",
    "number": lambda i: f"{i % 6}.5",
    "integer": lambda i: str(i % 7),
    "decimal": lambda i: f"{i % 4}.25",
    "boolean": lambda i: ["true", "false"][i % 2],
    "category": lambda i: "abc"[i % 3],
}


@pytest.mark.parametrize(
    "inputs", [["plain"], ["plain", *VALUES]], ids=["beside the inputs", "revealed to the model"]
)
@pytest.mark.parametrize("how", ["pseudonymise", "mask"])
def test_a_model_is_built_whatever_type_is_hidden(
    tmp_path: Path, how: str, inputs: list[str]
) -> None:
    rows = [
        [str(i % 9), *(v(i) for v in VALUES.values()), "yes" if i % 3 else "no"] for i in range(90)
    ]
    (tmp_path / "a.csv").write_text(
        "\n".join(",".join(r) for r in [["plain", *VALUES, "late"], *rows]) + "\n"
    )
    fields = ", ".join(f"{t}: {{type: {t}, private: {how}}}" for t in VALUES)
    reveal = f", allow_private: [{', '.join(inputs[1:])}]" if inputs[1:] else ""
    (tmp_path / "ecosystem.yaml").write_text(
        "grammar: 2\necosystem: h\nsources: {a: {type: csv, path: a.csv}}\ndatasets: {d:"
        f" {{from: a, fields: {{plain: {{type: integer}}, {fields}, late: {{type: category}}}},"
        " split: {test: 0.2}}}\nmodels: {m: {dataset: d, target: late, features:"
        f" [{', '.join(inputs)}]{reveal}, track: [], fine_tune: {{method: frozen, head:"
        " linear}}}\nservices: {s: {model: m}}\n"
    )
    eco = open_ecosystem(tmp_path)
    outcome = eco.build()
    assert not outcome.failed, outcome.failed
    served = load_service(eco, "s")
    assert served.now
    row = dict(zip(["plain", *VALUES], rows[0], strict=False))
    (answer,) = served.predict([{n: row[n] for n in inputs}])
    assert answer["label"] in ("yes", "no") and "warnings" not in answer, answer
    assert not [c for c in eco.plan() if c.sign != "="]

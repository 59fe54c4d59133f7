"""`mesocosm data label`: the rows to label, so that errors are found by learning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.data import RowsToLabel


@report_failures
def label(
    dataset: str,
    rows: Annotated[
        int, typer.Option("--rows", min=5, max=500, help="How many rows a person labels.")
    ] = 20,
    out: Annotated[
        Path | None, typer.Option("--out", help="The CSV file; 'DATASET-labels.csv' without it.")
    ] = None,
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Write the rows of DATASET that show most of its errors, for a person to correct."""
    answer(open_project(file).data.label(dataset, rows, out), as_json, _text)


def _text(found: RowsToLabel) -> str:
    return Message("cli.label.written", rows=found.rows, file=found.file).render()

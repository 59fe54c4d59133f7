"""`mesocosm data versions`: the versions of a dataset, or the rows of one of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.data import DatasetVersion, DatasetVersions


@report_failures
def versions(
    dataset: str,
    file: File = Path("ecosystem.yaml"),
    at: Annotated[
        str | None,
        typer.Option(
            help=(
                "A version by number, id, 'newest', 'previous', or the time it stood; all where not"
                " given, and with -o the newest."
            )
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Write the rows of that version to a .csv, .parquet, .json or .jsonl file.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the versions of DATASET, or write the rows of one (time travel)."""
    eco = open_project(file)
    if out:
        answer(
            eco.data.export_rows(dataset, out, at or "newest"),
            as_json,
            lambda d: Message(
                "cli.versions.written", rows=d.rows, version=d.version, file=d.written
            ).render(),
        )
        return
    answer(eco.data.versions(dataset, at), as_json, _text)


def _text(found: DatasetVersions) -> str:
    return "\n".join(_version_line(version) for version in found.versions)


def _version_line(version: DatasetVersion) -> str:
    account = version.account
    when = datetime.fromtimestamp(version.at).strftime("%Y-%m-%d %H:%M")
    return Message(
        "cli.versions.line",
        id=version.id,
        when=when,
        kept=account["kept"],
        quarantined=account["quarantined"],
        duplicates=account["duplicates"],
        all=account["in"],
    ).render()

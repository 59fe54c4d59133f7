"""`mesocosm check`: everything that is invalid in a file, or its JSON schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, count_of, note_deprecations, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.file import CheckResult


@report_failures
def check(
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of the file instead.")
    ] = False,
) -> None:
    """Check a file and list everything that is invalid in it: also local files of sources that are
    missing, empty or lack a column, and what the values of small ones leave open.
    """
    from mesocosm import config
    from mesocosm.api.verbs.files import check_spec
    from mesocosm.api.verbs.files import schema as read_schema

    if schema:
        print(json.dumps(read_schema(), indent=1, ensure_ascii=False))
        return
    spec = config.read(file)
    note_deprecations(spec.deprecations)
    result = check_spec(spec)
    counts = tuple(count_of(count, section[:-1]) for section, count in result.counts.items())
    valid = Message("cli.valid", name=result.ecosystem, counts=counts)
    answer(result, as_json, lambda _: "\n".join([valid.render(), *_list_warnings(result)]))


def _list_warnings(result: CheckResult) -> list[str]:
    """A line for each warning, with the address of its model."""
    lines = []
    for address, sentences in result.warnings.items():
        for sentence in sentences:
            lines.append(f"{address}: {Message('cli.warning', text=sentence).render()}")
    return lines

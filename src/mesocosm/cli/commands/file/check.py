"""`mesocosm check`: everything that is invalid in a file, or its JSON schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, count_of, note_deprecations, report_failures
from mesocosm.core.messages import Message


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
    answer(result, as_json, lambda _: valid.render())

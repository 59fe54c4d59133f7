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
    """Check a file and list everything that is invalid in it, and what the values of small local
    files leave open.
    """
    from mesocosm import config
    from mesocosm.core.errors import ConfigError
    from mesocosm.lifecycle.local_files import refuse_folder
    from mesocosm.lifecycle.review.questions import ask_readings, find_missing_bases

    if schema:
        from mesocosm.config.json_schema import published_schema

        print(json.dumps(published_schema(), indent=1, ensure_ascii=False))
        return
    found = config.read(file)
    note_deprecations(found.deprecations)
    refuse_folder(found.root)
    questions = [*find_missing_bases(found), *ask_readings(found)]
    if questions:
        raise ConfigError(questions)
    eco = found.eco
    counts = {section: len(getattr(eco, section)) for section in config.SECTIONS}
    summary = tuple(count_of(count, section[:-1]) for section, count in counts.items())
    answer(
        {"ecosystem": eco.ecosystem, "valid": True, **counts},
        as_json,
        lambda _: Message("cli.valid", name=eco.ecosystem, counts=summary).render(),
    )

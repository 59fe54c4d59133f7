"""`mesocosm schema`: the JSON schema of ecosystem.yaml, for editors."""

from __future__ import annotations

import json

from mesocosm.cli.output import report_failures


@report_failures
def schema() -> None:
    """Print the JSON schema of ecosystem.yaml; editors complete and check the file with it."""
    from mesocosm.api.verbs.files import schema as read_schema

    print(json.dumps(read_schema(), indent=1, ensure_ascii=False))

"""`mesocosm schema`: the JSON schema of ecosystem.yaml, for editors."""

from __future__ import annotations

import json

from mesocosm.cli.output import report_failures


@report_failures
def schema() -> None:
    """Print the JSON schema of ecosystem.yaml; editors complete and check the file with it."""
    from mesocosm.config.json_schema import published_schema

    print(json.dumps(published_schema(), indent=1, ensure_ascii=False))

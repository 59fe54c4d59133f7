"""`mesocosm schema`: the JSON schema of ecosystem.yaml, for editors."""

from __future__ import annotations

import json

from mesocosm.cli.output import guarded


@guarded
def schema() -> None:
    """Print the JSON schema of ecosystem.yaml; editors complete and check the file with it."""
    from mesocosm import config

    print(json.dumps(config.schema(), indent=1, ensure_ascii=False))

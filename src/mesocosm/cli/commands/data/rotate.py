"""`mesocosm data rotate`: a new key for encrypted fields."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures

if TYPE_CHECKING:
    from mesocosm.api.results.data import KeyRotation


@report_failures
def rotate(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Rotate the encryption key: encrypt every encrypted field again under a new key; older
    versions of the tables and the old keys are deleted.
    """
    answer(open_project(file).data.rotate(), as_json, _text)


def _text(found: KeyRotation) -> str:
    tables = "; ".join(f"{name}: {', '.join(fields)}" for name, fields in found.sealed.items())
    old_keys = "the old keys stay in the file that MESOCOSM_KEYS names."
    if found.let_go:
        old_keys = f"deleted: {', '.join(found.let_go)}."
    return f"The key is {found.key} now ({tables or 'no field is encrypted yet'}); {old_keys}"

"""`mesocosm data rotate`: a new key for encrypted fields."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message

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
    old_keys = Message("cli.rotate.old_stay").render()
    if found.let_go:
        old_keys = Message("cli.rotate.deleted", keys=tuple(found.let_go)).render()
    return Message(
        "cli.rotate.done",
        key=found.key,
        tables=tables or Message("cli.rotate.no_field"),
        old_keys=old_keys,
    ).render()

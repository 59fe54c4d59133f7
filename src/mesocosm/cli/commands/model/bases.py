"""`mesocosm model bases`: the pretrained base models that come with Mesocosm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesocosm.cli.output import AsJson, answer, report_failures
from mesocosm.core.messages import Message, render

if TYPE_CHECKING:
    from mesocosm.api.results.model import BaseModel


@report_failures
def bases(as_json: AsJson = False) -> None:
    """List the pretrained base models of Mesocosm; a hub id or a folder is a base too."""
    from mesocosm.api.verbs.files import bases as list_bases

    answer(list_bases(), as_json, lambda d: "\n".join(_base_line(base) for base in d.bases))


def _base_line(base: BaseModel) -> str:
    line = f"{base.name:<10} {render(base.about)} ({base.licence})"
    if not base.here:
        line += Message("cli.bases.not_installed").render()
    return line

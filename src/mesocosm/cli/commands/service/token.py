"""`mesocosm service token`: issue an access token to a role, or revoke the tokens of a role."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message


class May(StrEnum):
    """What a role may do; each includes those before it."""

    see = "see"
    ask = "ask"
    change = "change"


@report_failures
def token(
    role: str,
    file: File = Path("ecosystem.yaml"),
    may: Annotated[
        May,
        typer.Option(
            help="see: read; ask: use services too; change: everything but being the owner."
        ),
    ] = May.see,
    valid: Annotated[
        float, typer.Option("--days", min=0.01, max=366, help="How long it is valid.")
    ] = 30,
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke all tokens of ROLE.")] = False,
    as_json: AsJson = False,
) -> None:
    """Issue an access token to ROLE; datasets name the roles with 'access'. It is printed once and
    stored nowhere.
    """
    service = open_project(file).service
    if revoke:
        answer(
            service.revoke_tokens(role),
            as_json,
            lambda d: Message("cli.service.revoked", number=d.revoked, role=d.role).render(),
        )
        return
    answer(
        service.token(role, may.value, valid),
        as_json,
        lambda d: Message(
            "cli.token.issued",
            token=d.token,
            role=d.role,
            may=d.may,
            days=d.days,
            datasets=tuple(d.datasets) or Message("cli.token.none"),
        ).render(),
    )

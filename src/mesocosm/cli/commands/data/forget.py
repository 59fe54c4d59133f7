"""`mesocosm data forget`: erase a subject everywhere, and prove it by a scan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesocosm.cli.output import AsJson, File, answer, open_project, report_failures
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.api.results.data import ErasedRows, Erasure
    from mesocosm.core.records import JsonObject


@report_failures
def forget(
    dataset: Annotated[str, typer.Option("--dataset", help="The dataset that knows the subject.")],
    key: Annotated[
        list[str],
        typer.Option(
            "--key", help="The subject's key; may be given several times; never written down."
        ),
    ],
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Erase a subject from snapshots, quarantine, prediction logs and caches, for good."""
    erasure = open_project(file).data.forget(dataset, key)
    answer(erasure, as_json, _text)
    if erasure.still_found_in:
        raise typer.Exit(1)


def _text(found: Erasure) -> str:
    if not found.rows:
        return "\n".join([_absent_line(found.absent), *_unreached_lines(found)])
    lines = [Message("cli.forget.older_deleted", erased=_erased_line(found)).render()]
    lines += [
        _erased_line(other, Message("cli.forget.same_source").render()) for other in found.others
    ]
    lines += _unreached_lines(found)
    lines += _model_lines(found)
    if found.absent:
        lines.append(_absent_line(found.absent))
    lines.append(Message("cli.forget.sources_unchanged").render())
    lines.append(_scan_line(found))
    return "\n".join(lines)


def _unreached_lines(found: Erasure) -> Iterator[str]:
    """The datasets that were not searched, and why."""
    for name, why in found.not_reached.items():
        yield Message("cli.forget.not_reached", name=name, why=why).render()


def _model_lines(found: Erasure) -> Iterator[str]:
    """The versions that unlearned the rows, and those that stay."""
    yield from map(_unlearned_line, found.exact)
    if found.models:
        yield (Message("cli.forget.kept_models", models=tuple(found.models)).render())


def _absent_line(absent: int) -> str:
    if absent == 1:
        return Message("cli.forget.absent_one").render()
    return Message("cli.forget.absent", number=absent).render()


def _erased_line(erased: ErasedRows, what: str = "") -> str:
    tables = tuple(
        Message("cli.forget.of_table", count=count, table=table)
        for table, count in erased.rows.items()
    )
    return Message(
        "cli.forget.erased",
        dataset=erased.dataset,
        what=what,
        tables=tables,
        predictions=erased.predictions,
    ).render()


def _unlearned_line(exact: JsonObject) -> str:
    from mesocosm.lifecycle.jobs.unlearn import Unlearned

    unlearned = Unlearned.from_json(exact)
    return Message(
        "cli.forget.unlearned",
        before=unlearned.before,
        to=unlearned.to,
        rows=unlearned.rows,
        ms=unlearned.seconds * 1000,
        refit_ms=unlearned.refit_seconds * 1000,
        difference=unlearned.difference,
    ).render()


def _scan_line(found: Erasure) -> str:
    if found.still_found_in:
        return Message("cli.forget.still_found", places=tuple(found.still_found_in)).render()
    if found.scanned:
        return Message("cli.forget.scanned").render()
    return Message("cli.forget.too_short").render()

"""Suggested changes of datasets: fields that look private, and formats of dates that are not read.

Knows the sources as they are now and the drafts that would be made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mesocosm.assistant.proposal import Proposal
from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.data.types.field import FieldKind
from mesocosm.lifecycle.project_store import where_of


def suggest_for_data(spec: Spec, catalog: Catalog) -> Iterator[Proposal]:
    """What the sources of the built datasets show now, compared with what the file says."""
    from mesocosm.data.profiling.auto_fields import look

    for name, data in spec.eco.datasets.items():
        if data.auto or data.source.lookup or not catalog.snapshot(dataset=name):
            continue
        sources = {source: spec.eco.sources[source] for source in data.source.sources}
        try:
            draft = look(sources, data.source, where_of(spec))
        except Failure:
            continue  # its source is not there now; a build reports it
        for field, kind in data.fields.items():
            column = getattr(kind, "column", None) or field
            drafted = draft.fields.get(column) or {}
            at, evidence = f"datasets.{name}.fields.{field}", draft.evidence
            if drafted.get("private") and not kind.private:
                why = f"{evidence[f'fields.{column}.private']}, and the file does not mark it as"
                yield Proposal(f"{at}.private", None, drafted["private"], f"{why} private")
            known = list(getattr(kind, "formats", ()))
            more = _unread_formats(kind, drafted.get("formats") or [], known)
            if more:
                why = f"{evidence[f'fields.{column}']}, and rows written so are not read now"
                yield Proposal(f"{at}.formats", known, [*known, *more], why)


def _unread_formats(kind: FieldKind, formats: Sequence[str], known: Sequence[str]) -> list[str]:
    """The formats of a column of dates that its field does not read."""
    if kind.ibis_type not in ("date", "timestamp"):
        return []
    return [form for form in formats if form not in known]

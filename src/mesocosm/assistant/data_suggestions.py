"""Suggested changes of datasets: fields that look private, and formats of dates that are not read.

Knows the sources as they are now and the drafts that would be made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mesocosm.assistant.proposal import Proposal
from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.data.profiling.profile import Draft
from mesocosm.data.types.field import FieldKind
from mesocosm.lifecycle.project_store import locate_project


def suggest_for_data(spec: Spec, catalog: Catalog) -> Iterator[Proposal]:
    """What the sources of the built datasets show now, compared with what the file says."""
    from mesocosm.data.profiling.auto_fields import draft_dataset

    for name, data in spec.eco.datasets.items():
        if data.auto or data.source.lookup or not catalog.snapshot(dataset=name):
            continue
        sources = {source: spec.eco.sources[source] for source in data.source.sources}
        try:
            draft = draft_dataset(sources, data.source, locate_project(spec))
        except MesocosmError:
            continue  # its source is not there now; a build reports it
        for field, kind in data.fields.items():
            yield from _suggest_for_field(f"datasets.{name}.fields.{field}", field, kind, draft)


def _suggest_for_field(at: str, name: str, field: FieldKind, draft: Draft) -> Iterator[Proposal]:
    """What the draft of a field's column says and the field does not.

    Args:
        at: the path of the field.
        name: its name.
        field: its settings.
        draft: what would be drafted of its sources.
    """
    column = getattr(field, "column", None) or name
    drafted = draft.fields.get(column) or {}
    if drafted.get("private") and not field.private:
        evidence = draft.evidence[f"fields.{column}.private"]
        why = f"{evidence}, and the file does not mark it as private"
        yield Proposal(f"{at}.private", None, drafted["private"], why)
    known = list(getattr(field, "formats", ()))
    formats = drafted.get("formats")
    listed = [str(form) for form in formats] if isinstance(formats, list | tuple) else []
    more = _unread_formats(field, listed, known)
    if more:
        why = f"{draft.evidence[f'fields.{column}']}, and rows written so are not read now"
        yield Proposal(f"{at}.formats", known, [*known, *more], why)


def _unread_formats(kind: FieldKind, formats: Sequence[str], known: Sequence[str]) -> list[str]:
    """The formats of a column of dates that its field does not read."""
    if kind.ibis_type not in ("date", "timestamp"):
        return []
    return [form for form in formats if form not in known]

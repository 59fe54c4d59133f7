"""Suggested changes of datasets: fields that look private, and formats of dates that are not read.

Knows the sources as they are now and the drafts that would be made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mesocosm.assistant.proposal import Proposal
from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.data.dataset import Dataset
from mesocosm.data.profiling.profile import Draft
from mesocosm.data.types.field import FieldKind
from mesocosm.lifecycle.project_store import locate_project


def suggest_for_data(spec: Spec, catalog: Catalog) -> Iterator[Proposal]:
    """What the sources of the built datasets show now, compared with what the file says."""
    for name, data in spec.eco.datasets.items():
        draft = _draft_again(spec, catalog, name, data)
        if draft is None:
            continue
        for field, kind in data.fields.items():
            yield from _suggest_for_field(f"datasets.{name}.fields.{field}", field, kind, draft)


def _draft_again(spec: Spec, catalog: Catalog, name: str, data: Dataset) -> Draft | None:
    """What would be drafted of a built dataset's sources; None where it is a draft itself, or a
    source is not there now, which a build reports.
    """
    from mesocosm.data.profiling.auto_fields import draft_dataset

    if data.auto or data.source.lookup or not catalog.snapshot(dataset=name):
        return None
    if not spec.eco.sources.keys() >= set(data.source.sources):
        return None  # it reads a dataset, whose fields are known
    sources = {source: spec.eco.sources[source] for source in data.source.sources}
    try:
        return draft_dataset(sources, data.source, locate_project(spec))
    except MesocosmError:
        return None


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
    yield from _suggest_privacy(at, column, field, draft)
    known = list(getattr(field, "formats", ()))
    formats = drafted.get("formats")
    listed = [str(form) for form in formats] if isinstance(formats, list | tuple) else []
    more = _unread_formats(field, listed, known)
    if more:
        why = f"{draft.evidence[f'fields.{column}']}, and rows written so are not read now"
        yield Proposal(f"{at}.formats", known, [*known, *more], why)


def _suggest_privacy(at: str, column: str, field: FieldKind, draft: Draft) -> Iterator[Proposal]:
    """To hide a field whose column looks private."""
    private = (draft.fields.get(column) or {}).get("private")
    if private and not field.private:
        evidence = draft.evidence[f"fields.{column}.private"]
        why = f"{evidence}, and the file does not mark it as private"
        yield Proposal(f"{at}.private", None, private, why)


def _unread_formats(kind: FieldKind, formats: Sequence[str], known: Sequence[str]) -> list[str]:
    """The formats of a column of dates that its field does not read."""
    if kind.ibis_type not in ("date", "timestamp"):
        return []
    return [form for form in formats if form not in known]

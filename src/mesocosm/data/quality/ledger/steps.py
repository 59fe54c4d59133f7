"""The steps that can change a cell, each with the condition by which its cells are found.

Knows expressions over the rows that are kept; runs nothing. Hiding private values is no such step:
it changes every value of its field, and what was there may stand nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mesocosm.data.cleaning.facts import DetectorFacts, FieldFacts
from mesocosm.data.cleaning.missing.keep import Keep
from mesocosm.data.cleaning.repairs.repair import RepairKind
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.expressions.read_otherwise import lost_entry, other_entry
from mesocosm.data.pipeline.ibis_sql import Column, Table
from mesocosm.data.pipeline.internal_names import READ_OTHERWISE
from mesocosm.data.pipeline.recipe import Facts, Fields
from mesocosm.data.types.field import FieldKind

READ, REPAIRS, OUTLIERS, MISSING = "read", "repairs", "outliers", "missing"
STEPS = (READ, REPAIRS, OUTLIERS, MISSING)  # in the order in which they happen


@dataclass(frozen=True)
class ChangingStep:
    """A step that may change a field.

    Args:
        field: the field's name.
        step: one of `STEPS`.
        rule: the setting that says how, as the file has it.
        where: true for the rows in which the step changes the field; of imputation, for those that
            it may change.
        mark: of reading, what the marks of such a row hold.
    """

    field: str
    step: str
    rule: str
    where: Column
    mark: str = ""


def list_steps(
    fields: Fields, repairs: Sequence[RepairKind], facts: Facts, rows: Table
) -> list[ChangingStep]:
    """The steps that may change the fields of some rows.

    Args:
        rows: the kept rows, read and repaired, with their marks.
    """
    found: list[ChangingStep] = []
    for name, field in fields.items():
        found += _reading_steps(name, field, rows)
        found += _repair_steps(name, repairs, rows)
        found += _last_steps(name, field, facts.get(name, FieldFacts()), rows)
    return found


def _reading_steps(name: str, field: FieldKind, rows: Table) -> Iterator[ChangingStep]:
    unit = getattr(field, "unit", None)
    rule = f"type: {field.role}" + (f", unit: {unit}" if unit else "")
    yield _marked_step(name, rule, rows, other_entry(name))
    lost = "null" if field.unreadable == "quarantine" else "null / unreadable: missing"
    yield _marked_step(name, lost, rows, lost_entry(name))


def _marked_step(name: str, rule: str, rows: Table, mark: str) -> ChangingStep:
    return ChangingStep(name, READ, rule, rows[READ_OTHERWISE].contains(mark), mark)


def _repair_steps(name: str, repairs: Sequence[RepairKind], rows: Table) -> Iterator[ChangingStep]:
    """The repairs of a field, as one step: which of several changed a value is not marked."""
    methods = [repair.method for repair in repairs if name in repair.repaired_fields]
    if methods:
        rule = f"repairs: {', '.join(dict.fromkeys(methods))}"
        where = (ibis_sql.literal(";") + rows["_mended"]).contains(other_entry(name))
        yield ChangingStep(name, REPAIRS, rule, where)


def _last_steps(
    name: str, field: FieldKind, known: FieldFacts, rows: Table
) -> Iterator[ChangingStep]:
    """The treatment of a field's outliers and of its missing values."""
    x, detector = rows[name], field.outlier_detector
    bounds = known.get("fence", DetectorFacts())
    if detector and bounds and detector.action in ("clip", "null"):
        rule = f"outliers: {detector.method}, action: {detector.action}"
        yield ChangingStep(name, OUTLIERS, rule, detector.outside(x, bounds, rows))
    if detector and bounds:
        x = detector.value(x, bounds, rows)
    if not isinstance(field.missing, Keep):
        yield ChangingStep(name, MISSING, f"missing: {field.missing.method}", x.isnull())

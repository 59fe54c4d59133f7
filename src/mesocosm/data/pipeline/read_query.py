"""The query that reads raw columns as the types of their fields, stage by stage.

Knows expressions and SQL text; runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from mesocosm.data.cleaning.facts import FieldFacts
from mesocosm.data.pipeline import ibis_sql
from mesocosm.data.pipeline.expressions.read_otherwise import mark_of
from mesocosm.data.pipeline.ibis_sql import Column, Table
from mesocosm.data.pipeline.internal_names import READ_OTHERWISE, raw_names
from mesocosm.data.types.field import FieldKind

Facts: TypeAlias = dict[str, FieldFacts]  # by field; of repairs and groups under names of their own
Fields: TypeAlias = Mapping[str, FieldKind]


def columns_of(fields: Fields) -> dict[str, str]:
    """The column of each field in the table of raw rows."""
    known = raw_names(field.column or name for name, field in fields.items())
    return {name: known[field.column or name] for name, field in fields.items()}


def read_sql(
    fields: Fields,
    facts: Facts,
    raw: str,
    types: Mapping[str, str],
    carried: Mapping[str, str],
    columns: Mapping[str, str] | None = None,
    marked: bool = False,
) -> str:
    """SQL that reads raw columns as their types; `_why` holds the first reason, else null.

    Each stage is one CTE, so no expression is written out twice: trimmed, narrowed, without null
    words, its parts, the value read, the value finished.

    Args:
        raw: the table of raw columns.
        types: the Ibis type of each raw column.
        carried: columns that pass through as they are, with their Ibis types.
        columns: the raw column of each field, where `fields` are some of those of the table.
        marked: whether a column `READ_OTHERWISE` lists the fields whose text is not their value.
    """
    if columns is None:
        columns = columns_of(fields)
    query = _ReadQuery(fields, facts, raw, types, carried, {n: columns[n] for n in fields})
    if marked:
        query.keep_originals(raw, types, columns)
    query.normalize()
    query.read_parts()
    query.read_values()
    return query.finish(marked)


class _ReadQuery:
    """The stages of a query that reads raw columns, each a CTE over the one before.

    The cell of field number `i` is `s{i}`, its parts are `s{i}_PART`, the value read from it is
    `r_s{i}` and the finished one `d_s{i}`.
    """

    def __init__(
        self,
        fields: Fields,
        facts: Facts,
        raw: str,
        types: Mapping[str, str],
        carried: Mapping[str, str],
        columns: Mapping[str, str],
    ) -> None:
        self.fields, self.facts, self.carried = fields, facts, carried
        self.cells = {name: f"s{i}" for i, name in enumerate(columns)}
        self.texts = {name for name, column in columns.items() if types[column] == "string"}
        self.parts: dict[str, list[str]] = {name: [] for name in columns}
        self.kinds = {**carried, **{self.cells[n]: types[c] for n, c in columns.items()}}
        self._start(ibis_sql.table(raw, {**carried, **types}), columns, {})

    def _start(
        self, table: Table, columns: Mapping[str, str], originals: Mapping[str, Column]
    ) -> None:
        """Make the first stage."""
        first = self._trim_cells(table, columns, originals)
        self.stages = [ibis_sql.to_sql(first)]
        self.table = ibis_sql.table("_s0", self.kinds)

    def keep_originals(
        self, raw: str, types: Mapping[str, str], columns: Mapping[str, str]
    ) -> None:
        """Begin with the cells as they came as well, in columns `o_s{i}`."""
        table = ibis_sql.table(raw, {**self.carried, **types})
        originals: dict[str, Column] = {}
        for name, cell in self.cells.items():
            if self.fields[name].role != "image":
                originals[f"o_{cell}"] = table[columns[name]]
                self.kinds[f"o_{cell}"] = types[columns[name]]
        self._start(table, {name: columns[name] for name in self.cells}, originals)

    def _trim_cells(
        self, table: Table, columns: Mapping[str, str], originals: Mapping[str, Column]
    ) -> Table:
        """The first stage: the carried columns, originals, and each cell without outer spaces."""
        first = {column: table[column] for column in self.carried} | dict(originals)
        for name, column in columns.items():
            cell = table[column]
            if name in self.texts and self.fields[name].trims:
                cell = ibis_sql.trim(cell)
            first[self.cells[name]] = cell
        return ibis_sql.select_columns(table, first)

    def _add_stage(self, changed: Mapping[str, Column]) -> None:
        """Add a stage that computes columns; later stages see them."""
        if changed:
            self.stages.append(ibis_sql.to_sql(self.table.mutate(**changed)))
            for name, column in changed.items():
                self.kinds.setdefault(name, str(column.type()))
        self.table = ibis_sql.table(f"_s{len(self.stages) - 1}", self.kinds)

    def _cell(self, name: str) -> Column:
        return self.table[self.cells[name]]

    def _facts_of(self, name: str) -> FieldFacts:
        return self.facts.get(name, {})

    def normalize(self) -> None:
        """Narrow full-width text, then make null what stands for no value."""
        self._narrow_texts()
        self._clear_null_words()
        self._clear_absent()

    def _narrow_texts(self) -> None:
        narrowed: dict[str, Column] = {}
        for name, cell in self.cells.items():
            if self.fields[name].narrows and name in self.texts:
                narrowed[cell] = ibis_sql.narrow(self._cell(name))
        self._add_stage(narrowed)

    def _clear_null_words(self) -> None:
        nullable: dict[str, Column] = {}
        for name, cell in self.cells.items():
            if self._may_be_null(name):
                nullable[cell] = self.fields[name].unless_null(self._cell(name))
        self._add_stage(nullable)

    def _clear_absent(self) -> None:
        """Make null the values that a field's `absent` lists."""
        cleared: dict[str, Column] = {}
        for name, cell in self.cells.items():
            marks = self.fields[name].absent
            if marks:
                cleared[cell] = ibis_sql.unless_absent(self._cell(name), marks)
        self._add_stage(cleared)

    def _may_be_null(self, name: str) -> bool:
        """Whether a cell can hold a word for no value: a text, or a number's `nan`."""
        if name in self.texts or self.fields[name].null:
            return True
        return self.kinds[self.cells[name]].startswith("float")

    def read_parts(self) -> None:
        """Read the parts of the cells, as a figure and its unit, until no type asks for more."""
        while added := self._find_new_parts():
            self._add_stage(added)

    def _find_new_parts(self) -> dict[str, Column]:
        """The parts that the types cut from what is known so far, by their column."""
        added: dict[str, Column] = {}
        for name, cell in self.cells.items():
            known, facts = self._known_parts(name), self._facts_of(name)
            for part, column in self.fields[name].parts(self._cell(name), known, facts).items():
                added[f"{cell}_{part}"] = column
                if part not in self.parts[name]:
                    self.parts[name].append(part)
        return added

    def _known_parts(self, name: str) -> dict[str, Column]:
        return {part: self.table[f"{self.cells[name]}_{part}"] for part in self.parts[name]}

    def read_values(self) -> None:
        """Read each cell from its parts, then finish the value in its field's type."""
        values: dict[str, Column] = {}
        for name, cell in self.cells.items():
            parts, facts = self._known_parts(name), self._facts_of(name)
            values[f"r_{cell}"] = self.fields[name].read(self._cell(name), parts, facts)
        self._add_stage(values)
        finished: dict[str, Column] = {}
        for name, cell in self.cells.items():
            value = self.fields[name].finish(self.table[f"r_{cell}"])
            finished[f"d_{cell}"] = value.cast(self.fields[name].ibis_type)
        self._add_stage(finished)

    def finish(self, marked: bool = False) -> str:
        """The whole query: carried columns, fields, the first reason, and the marks where asked
        for.
        """
        done = {name: self.table[f"d_{cell}"] for name, cell in self.cells.items()}
        reasons = [
            self.fields[name].reason(self._cell(name), value, name, self._facts_of(name))
            for name, value in done.items()
        ]
        carried = {column: self.table[column] for column in self.carried}
        columns = carried | done | {"_why": ibis_sql.first_not_null(reasons)}
        if marked:
            columns[READ_OTHERWISE] = self._mark_fields(done)
        last = ibis_sql.to_sql(ibis_sql.select_columns(self.table, columns))
        chain = ", ".join(f"_s{i} as ({stage})" for i, stage in enumerate(self.stages))
        return f"with {chain} {last}"

    def _mark_fields(self, values: Mapping[str, Column]) -> Column:
        """The fields whose text is not their value, as entries of one text."""
        marks = ibis_sql.literal(";")
        for name, value in values.items():
            cell = f"o_{self.cells[name]}"
            if cell in self.kinds:
                marks = marks + mark_of(self.table[cell], value, name)
        return marks

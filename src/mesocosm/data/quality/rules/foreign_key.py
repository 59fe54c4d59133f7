"""A value must be known to another table."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.messages import Message
from mesocosm.data.quality.rules.field_names import Of
from mesocosm.data.quality.rules.rule import Known, RuleKind
from mesocosm.data.sources.path_utils import quote


class ForeignKey(RuleKind):
    """A value must be in a column of another source; a null passes.

    Args:
        of: the field; the field itself where the rule stands under one.
        in: the source that knows the values.
        column: its column; one of the field's name where not given.

    Source: ISO/IEC 9075-2 (SQL), FOREIGN KEY.

    >>> ForeignKey.model_validate({"of": "city", "in": "cities"}).sentence()
    'breaks the rule: city known to cities'
    """

    type: Literal["foreign_key"] = "foreign_key"
    of: Of = ()
    source: str = Field(alias="in")
    column: str | None = None

    def sentence(self) -> str:
        """Where the value is not known."""
        return f"breaks the rule: {', '.join(self.of)} known to {self.source}"

    def rows(self, table: str, known: Known) -> str:
        """Rows whose value the other source does not know."""
        other = known.tables.get(self.source)
        if other is None:
            raise ConfigValueError(
                "rules",
                Message("data.foreign_source", source=self.source),
                Message("data.source_of_file"),
                sorted(known.tables),
                self.source,
            )
        field, column = quote(self.of[0]), quote(self.column or self.of[0])
        return (
            f"select _row from {table} t where _why is null and {field} is not null and not exists"
            f" (select 1 from {other} o where trim(o.{column}::varchar) = t.{field}::varchar)"
        )

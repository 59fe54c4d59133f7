"""What every field has, whatever its type. Knows settings; the types do the reading."""

from __future__ import annotations

from typing import Any

from pydantic import Field as Setting

from mesocosm.base.kinds import Kind
from mesocosm.govern.clean.missing import Missing
from mesocosm.govern.clean.outliers import Outliers
from mesocosm.govern.expr import Column, cases, literal, null
from mesocosm.govern.privacy import PrivateSetting

Facts = dict[str, Any]


class FieldKind(Kind):
    """Settings common to all types.

    Args:
        column: the source's column, where it bears another name.
        missing: what stands for a missing value.
        rules: conditions over field names; a row that breaks one is quarantined.
        private: how a private value is hidden; such a field may not be a model's input.
        unreadable: `quarantine` the row of a value that the type cannot read, or make it `missing`.
        about: a line for people.
    """

    column: str | None = None
    missing: Missing = Missing()
    rules: tuple[str, ...] = ()
    private: PrivateSetting | None = None
    unreadable: str = Setting("quarantine", pattern="^(quarantine|missing)$")
    about: str = ""

    @property
    def ibis_type(self) -> str:
        """The Ibis type of the field once read."""
        return "string"

    @property
    def fence(self) -> Outliers | None:
        """How outliers are treated, where the type has any."""
        return None

    @property
    def wanted(self) -> str:
        """What a value should be, in words."""
        return "text"

    def learn(self, spellings: list[str]) -> Facts:
        """Facts that reading needs from the distinct texts beside the numbers; most types need none."""
        del spellings
        return {}

    def parts(self, said: Column) -> dict[str, Column]:
        """Helper columns cut from the text, each computed once; most types need none."""
        del said
        return {}

    def read(self, said: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The text as the field's type, null where it is missing or cannot be read.

        `said` is text without outer spaces, null where blank, or a column of the source's own type.
        """
        del facts, parts
        return said.cast("string")

    def finish(self, read: Column) -> Column:
        """The last look at what was read; null where the type cannot hold it."""
        return read

    def reason(self, said: Column, finished: Column, name: str) -> Column:
        """Why a row is set aside for an unreadable value, else null."""
        if self.unreadable == "missing":
            return null()
        text = said.cast("string")
        shown = literal("a value") if self.private else literal("'") + text.left(40) + literal("'")
        sentence = literal(f"{name}: ") + shown + literal(f" is not {self.wanted}")
        return cases((text.notnull() & finished.isnull(), sentence), other=null())

"""What every field has, whatever its type. Knows settings; the types do the reading."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field as Setting
from pydantic import field_validator

from mesocosm.core.settings import Settings
from mesocosm.data.cleaning.facts import FieldFacts
from mesocosm.data.cleaning.missing import MissingSetting
from mesocosm.data.cleaning.missing.keep import Keep
from mesocosm.data.cleaning.outliers.detector import OutlierDetector
from mesocosm.data.pipeline.ibis_sql import (
    BLANK,
    Column,
    cases,
    literal,
    null,
    unless_absent,
    unless_blank,
)
from mesocosm.data.privacy import PrivateSetting
from mesocosm.data.quality.rules import RuleSetting

Facts = FieldFacts


class FieldKind(Settings):
    """Settings common to all types.

    Args:
        column: the source's column, where it has another name.
        missing: how a missing value is imputed.
        null: the texts that mean "no value" in this source, exactly as it writes them, outer spaces
            aside: `null: ["", "NA"]`; `null: []` for none, not even the empty text. Not set: the
            empty text, and for types that cannot hold such a word (numbers, dates, times, booleans,
            phones, a category's listed values) also NA, N/A, NaN, null and ? in any case. A value
            or alias that a category lists is never null.
        absent: values that stand for none in this source, as 0 for a measure that was not taken;
            written as the source has them.
        rules: conditions over field names; a row that breaks one is quarantined.
        private: how a private value is hidden; such a field may not be a model's input.
        unreadable: `quarantine` the row of a value that the type cannot read, or make it `missing`.
        about: a description.
    """

    acts_as: ClassVar[str] = ""  # of a plugin's type: the built-in type that it is treated as
    column: str | None = None
    missing: MissingSetting = Keep()
    null: tuple[str, ...] | None = None
    absent: tuple[str, ...] = ()
    rules: tuple[RuleSetting, ...] = ()
    private: PrivateSetting | None = None
    unreadable: str = Setting("quarantine", pattern="^(quarantine|missing)$")
    about: str = ""

    @field_validator("null", mode="before")
    @classmethod
    def _null_texts(cls, value: object) -> object:
        if value is None:
            return None
        return tuple(map(_null_text, _as_list(value)))

    @field_validator("absent", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        return tuple(map(_number_text, _as_list(value)))

    @property
    def role(self) -> str:
        """The built-in type that models, services and reports treat the field as."""
        return self.acts_as or str(getattr(self, "type", ""))

    @property
    def ibis_type(self) -> str:
        """The Ibis type of the field once read."""
        return "string"

    @property
    def outlier_detector(self) -> OutlierDetector | None:
        """How outliers are treated, where the type has any."""
        return None

    @property
    def sealed(self) -> bool:
        """Whether the field is encrypted; equal values are then sealed differently, so they cannot
        be compared.
        """
        return getattr(self.private, "method", None) == "encrypt"

    @property
    def other_fields(self) -> tuple[str, ...]:
        """Other fields that the steps of this one read."""
        names = [*self.missing.other_fields]
        if self.outlier_detector:
            names += self.outlier_detector.other_fields
        return tuple(dict.fromkeys(names))

    @property
    def trims(self) -> bool:
        """Whether outer spaces are left out."""
        return True

    @property
    def narrows(self) -> bool:
        """Whether full-width characters are read as their ASCII forms; free text keeps them."""
        return True

    @property
    def usual_null(self) -> tuple[str, ...]:
        """Texts, in small letters, that mean "no value" where `null` is not set."""
        return BLANK

    def unless_null(self, raw: Column) -> Column:
        """The value, null where it is one of the field's null words."""
        if raw.type().is_string():
            if self.null is None:
                return unless_blank(raw, self.usual_null)
            return unless_blank(raw, self.null, exact=True)
        if raw.type().is_floating():  # what a table of doubles has for nothing
            raw = cases((raw.isnan(), null(str(raw.type()))), other=raw)
        return unless_absent(raw, self.null) if self.null else raw

    @property
    def label_spellings(self) -> dict[str, str]:
        """Other texts that mean a value, as a text, in small letters where only one value is meant
        whatever the case.
        """
        return {}

    @property
    def most(self) -> int:
        """Characters of a value that a service takes."""
        return 20_000

    @property
    def expected(self) -> str:
        """What a value should be, in words."""
        return "text"

    def fit_units(self, spellings: list[str]) -> Facts:
        """Facts that reading needs from the distinct texts beside the numbers; most types need
        none.
        """
        del spellings
        return {}

    def parts(
        self, raw: Column, known: dict[str, Column], facts: Facts | None = None
    ) -> dict[str, Column]:
        """Helper columns cut from the text, each computed once; most types need none.

        Asked again with what it gave, so that a helper may use another, until it gives no more.
        """
        del raw, known, facts
        return {}

    def read(self, raw: Column, parts: dict[str, Column], facts: Facts) -> Column:
        """The text as the field's type, null where it is missing or cannot be read.

        `raw` is text without outer spaces, null where blank, or a column of the source's own type.
        """
        del facts, parts
        return raw.cast("string")

    def finish(self, read: Column) -> Column:
        """The last look at what was read; null where the type cannot hold it."""
        return read

    def explain_refusal(self, raw: Column, facts: Facts) -> Column | None:
        """Why the type could not read a text, in plain words; None where the type has no more to
        say.
        """
        del raw, facts
        return None

    def reason(
        self, raw: Column, finished: Column, name: str, facts: Facts | None = None
    ) -> Column:
        """Why a row is quarantined for an unreadable value, else null."""
        if self.unreadable == "missing":
            return null()
        text = raw.cast("string")
        shown = literal("a value") if self.private else literal("'") + text.left(40) + literal("'")
        sentence = literal(f"{name}: ") + shown + literal(f" is not {self.expected}")
        bad = text.notnull() & finished.isnull()
        why = None
        if not self.private:
            why = self.explain_refusal(cases((bad, text), other=null()), facts or {})
        if why is not None:
            sentence = sentence + (literal(": ") + why).fill_null("")
        return cases((bad, sentence), other=null())


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _number_text(value: object) -> object:
    """A number of the file as its text; any other value as it is."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def _null_text(value: object) -> object:
    """A null word of the file as its text, without outer spaces."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return _number_text(value)

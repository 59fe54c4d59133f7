"""What a dataset is made of, and which rows are training rows. Knows settings, no engine."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from mesocosm.core.messages import Message
from mesocosm.core.settings import Settings, one_of
from mesocosm.core.values.durations import Age
from mesocosm.data.cleaning.duplicates import Duplicates
from mesocosm.data.cleaning.repairs import RepairSetting
from mesocosm.data.cleaning.repairs.learned import Learned
from mesocosm.data.engines import EngineSetting
from mesocosm.data.engines.duckdb import Duckdb
from mesocosm.data.lookup import Lookup, Partner
from mesocosm.data.privacy.anonymity import Anonymity
from mesocosm.data.quality.rules import RuleSetting
from mesocosm.data.quality.rules.foreign_key import ForeignKey
from mesocosm.data.types import TYPES
from mesocosm.data.types.field import FieldKind
from mesocosm.data.types.number import Number, Rates

GOVERNING = (
    "budget",
    "owner",
    "purpose",
    "classification",
    "access",
    "engine",
    "about",
)  # settings that change no row
if TYPE_CHECKING:
    FieldSetting = FieldKind
else:
    FieldSetting = one_of(TYPES, "type")


class From(Settings):
    """Which sources or other datasets feed a dataset.

    Args:
        join: sources or datasets to join, the first one's rows leading.
        on: the column they share.
        how: `left` keeps rows without a partner, `inner` quarantines them.
        union: sources or datasets whose rows are concatenated.
        lookup: sources or datasets that add columns to each row, each with the column it shares
            with the leading rows, or how it is joined.
    """

    join: tuple[str, ...] = ()
    on: str | None = None
    how: Literal["left", "inner"] = "left"
    union: tuple[str, ...] = ()
    lookup: dict[str, Lookup] = {}

    @model_validator(mode="before")
    @classmethod
    def _one(cls, value: object) -> object:
        return {"union": [value]} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _either(self) -> From:
        if bool(self.join) == bool(self.union):
            raise ValueError(Message("config.join_union_or_source"))
        if self.join and (not self.on or len(self.join) < 2):
            raise ValueError(Message("config.two_sources_in_join"))
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources, in order."""
        return (self.join or self.union) + tuple(self.lookup)

    @property
    def leads(self) -> tuple[str, ...]:
        """The sources whose rows lead, in order."""
        return self.union or self.join[:1]

    @property
    def partners(self) -> dict[str, Partner]:
        """The sources that add columns to the leading rows, each with how it is joined."""
        joined = dict.fromkeys(self.join[1:], Partner(str(self.on), str(self.on)))
        return joined | {source: how.partner for source, how in self.lookup.items()}


class Split(Settings):
    """Which rows are training, validation and test rows; the same rows whatever their order.

    `none` stands for no split: every row is a training row.

    Args:
        test: the share of test rows, or the name of a source that holds them.
        validation: the share of validation rows among the others.
        stratify: a field whose values keep their shares in every part.
        group: a field whose equal values stay in one part.
        seed: another seed gives another split.
    """

    test: float | str = 0.2
    validation: float = Field(0.1, ge=0, lt=0.9)
    stratify: str | None = None
    group: str | None = None
    seed: int = Field(7, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _none(cls, value: object) -> object:
        return {"test": 0.0, "validation": 0.0} if value == "none" else value

    @model_validator(mode="after")
    def _share(self) -> Split:
        if isinstance(self.test, float) and not 0 <= self.test < 0.9:
            raise ValueError(Message("config.share_or_source"))
        return self

    @property
    def none(self) -> bool:
        """Whether every row is a training row."""
        return self.test == 0.0 and self.validation == 0.0


class Retention(Settings):
    """How long rows are kept; older ones expire in every table, at a build and in a running
    server.

    Args:
        keep: the greatest age, as `90d`, `18mo` or `2y`.
        by: the date field of a row's age.
        undated: what becomes of a row without a date: it stays (`keep`), or counts as too old
            (`expire`).

    Source: Regulation (EU) 2016/679, article 5 (1) (e), storage limitation.

    >>> Retention(keep="2y", by="applied").by
    'applied'
    """

    keep: Age
    by: str
    undated: Literal["keep", "expire"] = "keep"


class Dataset(Settings):
    """A governed table.

    Args:
        from: the source, or sources, the rows come from.
        key: the field that identifies a row; unique after deduplication.
        fields: the fields to keep, each with its type; other columns are left out and reported.
            `auto` has them drafted from the sources, with repairs, each with its evidence in the
            report.
        auto: whether the fields are drafted; `fields: auto` sets it.
        duplicates: which rows count as duplicates.
        repairs: repairs that run right after the types are read, in this order.
        rules: conditions on every row, or on the table; each with a severity.
        split: which rows are training, validation and test rows.
        retention: how long rows are kept.
        anonymity: fields made so coarse that no row is unique.
        ground_truth: a source of the same columns that is known to be right; the report says how
            many kept values agree, row by `key`.
        budget: how much privacy (epsilon, in all) `mesocosm data aggregate` may spend on the table.
        owner: who answers for the table.
        purpose: what it may be used for.
        classification: `public`, `internal`, `confidential` or `restricted`.
        access: roles that may read its rows through the server; where none is named, only the
            owner's token may.
        engine: where rows are processed: `duckdb`, in this process, or `{spark: URL}`; the rows are
            the same.
        about: a description.
    """

    source: From = Field(alias="from")
    key: str | None = None
    fields: dict[str, FieldSetting] = {}
    auto: bool = False
    repairs: tuple[RepairSetting, ...] = ()
    duplicates: Duplicates | None = None
    rules: tuple[RuleSetting, ...] = ()
    split: Split = Split()
    retention: Retention | None = None
    anonymity: Anonymity | None = None
    ground_truth: str | None = None
    budget: float = Field(0.0, ge=0, le=100)
    owner: str = ""
    purpose: str = ""
    classification: Literal["public", "internal", "confidential", "restricted"] | None = None
    access: tuple[str, ...] = ()
    engine: EngineSetting = Duckdb()
    about: str = ""

    @model_validator(mode="before")
    @classmethod
    def _auto(cls, value: object) -> object:
        if isinstance(value, dict) and value.get("fields") == "auto":
            return {**value, "fields": {}, "auto": True}
        return value

    @model_validator(mode="after")
    def _some(self) -> Dataset:
        if self.ground_truth and not self.key:
            raise ValueError(Message("config.key_with_ground_truth"))
        if not self.fields and not self.auto:
            raise ValueError(Message("config.at_least_one_field"))
        return self

    @property
    def extras(self) -> tuple[str, ...]:
        """That of private aggregates, where there is a budget for them."""
        return ("private",) if self.budget else ()

    @property
    def test_source(self) -> str | None:
        """The source that holds the test rows, where there is one."""
        return self.split.test if isinstance(self.split.test, str) else None

    @property
    def lead_sources(self) -> tuple[str, ...]:
        """The sources whose rows lead, in order; other sources add columns to them."""
        tests = (self.test_source,) if self.test_source else ()
        return tuple(dict.fromkeys([*self.source.leads, *tests]))

    @property
    def all_sources(self) -> tuple[str, ...]:
        """Every source the dataset reads."""
        named = (*self.source.sources, self.test_source, *self.known_sources, self.ground_truth)
        return tuple(name for name in named if name)

    @property
    def known_sources(self) -> tuple[str, ...]:
        """Sources that foreign keys look into, and those of exchange rates and labelled rows."""
        numbers = [field for field in self.fields.values() if isinstance(field, Number)]
        rates = [field.rates.source for field in numbers if isinstance(field.rates, Rates)]
        rules = [*self.rules, *chain.from_iterable(f.rules for f in self.fields.values())]
        keys = [rule.source for rule in rules if isinstance(rule, ForeignKey)]
        labels = [r.labels for r in self.repairs if isinstance(r, Learned) and r.labels]
        return tuple(dict.fromkeys([*rates, *keys, *labels]))

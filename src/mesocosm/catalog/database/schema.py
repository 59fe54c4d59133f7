"""The catalog's tables. Knows columns; knows nothing of who reads or writes them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    or_,
)

META = MetaData()


def _table(name: str, *columns: Column[object]) -> Table:
    return Table(name, META, *columns)


def _text(name: str, **more: bool) -> Column[object]:
    return Column(name, String, **more)  # type: ignore[arg-type]


def _json(name: str) -> Column[object]:
    return Column(name, JSON)


def _real(name: str, **more: bool) -> Column[object]:
    return Column(name, Float, **more)  # type: ignore[arg-type]


def _whole(name: str, **more: bool) -> Column[object]:
    return Column(name, Integer, **more)  # type: ignore[arg-type]


REVISION = _table("revision", _whole("one", primary_key=True), _whole("number"))
RESOURCES = _table(
    "resources",
    _text("address", primary_key=True),
    _text("made"),
    _text("run"),
    _text("thing"),
    _json("definition"),
    _json("needs"),
    _json("place"),
    _real("at"),
    _real("left_at"),
)
SNAPSHOTS = _table(
    "snapshots",
    _text("id", primary_key=True),
    _text("dataset", index=True),
    _text("made"),
    _text("path"),
    _whole("delta"),
    _json("account"),
    _json("report"),
    _json("recipe"),
    _json("files"),
    _json("facts"),
    _text("previous"),
    _real("at"),
)
VERSIONS = _table(
    "versions",
    _text("id", primary_key=True),
    _text("model", index=True),
    _whole("number"),
    _text("made"),
    _text("snapshot"),
    _text("path"),
    _text("content"),
    _text("state"),
    _text("why"),
    _json("metrics"),
    _json("recipe"),
    _text("origin"),
    _real("at"),
)
DEPLOYMENTS = _table(
    "deployments",
    _whole("id", primary_key=True),
    _text("service", index=True),
    _text("version"),
    _text("answers"),
    _text("who"),
    _text("why"),
    _real("at"),
)
CORRECTIONS = _table(
    "corrections", _whole("deployment", primary_key=True), _json("weights")
)  # of a deployment's answers, by label
NOTES = _table(
    "notes",
    _whole("id", primary_key=True),
    _text("on"),
    _text("text"),
    _text("name"),
    _text("role"),
    _real("at"),
    _real("taken"),
)
MARKERS = _table(
    "markers",
    _whole("one", primary_key=True),
    _whole("number"),
    _whole("age"),
    Column("document", LargeBinary),
)
ROLLOUTS = _table(
    "rollouts",
    _whole("id", primary_key=True),
    _text("service", index=True),
    _text("version"),
    _text("answers"),
    _text("before"),
    _text("strategy"),
    _whole("step"),
    _text("state"),
    _text("who"),
    _text("why"),
    _json("detail"),
    _real("began"),
    _real("stepped_at"),
    _real("ended_at"),
)
PREDICTIONS = _table(
    "predictions",
    _text("id", primary_key=True),
    _text("service", index=True),
    _text("version"),
    _text("snapshot"),
    _json("input"),
    _json("output"),
    _real("ms"),
    _real("at"),
    _text("mark"),
)
COUNTED = _table(
    "counted", _text("service", primary_key=True), _whole("hour", primary_key=True), _whole("n")
)  # predictions by hour since 1970
FEEDBACK = _table(
    "feedback",
    _whole("id", primary_key=True),
    _text("prediction", index=True),
    _text("service"),
    _text("label"),
    _real("at"),
)
ALERTS = _table(
    "alerts",
    _text("id", primary_key=True),
    _text("monitor", index=True),
    _text("service"),
    _text("what"),
    _text("message"),
    _json("detail"),
    _real("at"),
    _real("cleared_at"),
)
AUDIT = _table(
    "audit",
    _whole("id", primary_key=True),
    _real("at"),
    _text("who"),
    _text("act"),
    _text("what"),
    _text("why"),
    _text("before"),
    _text("hash"),
)
FORGOTTEN = _table(
    "forgotten",
    _whole("id", primary_key=True),
    _text("dataset", index=True),
    _text("mark"),
    _real("at"),
)
TOKENS = _table(
    "tokens",
    _whole("id", primary_key=True),
    _text("mark", index=True),
    _text("role"),
    _text("may"),
    _real("at"),
    _real("until"),
)
SPENT = _table(
    "spent",
    _whole("id", primary_key=True),
    _text("dataset", index=True),
    _real("epsilon"),
    _text("what"),
    _real("at"),
)
LEASES = _table("leases", _text("name", primary_key=True), _text("holder"), _real("until"))
SILENCES = _table(
    "silences", _text("monitor", primary_key=True), _real("until"), _text("who"), _text("why")
)
# those of tables that grow with every request; a catalog of before them gets them when it is opened
INDEXES = (
    Index("predictions_service_at", PREDICTIONS.c.service, PREDICTIONS.c.at),
    Index("predictions_at", PREDICTIONS.c.at),
    Index("feedback_service_at", FEEDBACK.c.service, FEEDBACK.c.at),
)


def is_traffic() -> ColumnElement[bool]:
    """Whether a prediction answered a request that was no drill; those of an earlier version's
    catalog have no mark.
    """
    return or_(PREDICTIONS.c.mark.is_(None), PREDICTIONS.c.mark == "")

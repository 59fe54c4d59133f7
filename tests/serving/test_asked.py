"""What a service takes beside plain values, and what it says of days: lists and objects as training
saw them, dates far away, aliases as labels.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.prediction_form import CLASSES, LABELS, PredictionForm
from mesocosm.data.dataset import Dataset
from mesocosm.data.pipeline.ibis_sql import CALLS, prepare
from mesocosm.data.pipeline.recipe import serving_sql
from mesocosm.serving.preprocessing.preprocess import Preprocessor
from mesocosm.serving.requests.labels import normalise_label
from mesocosm.serving.requests.nested import nested_form


def prepared(
    fields: dict[str, Any], training: dict[str, Any] | None = None, **more: Any
) -> Preprocessor:
    kinds = Dataset.model_validate({"from": "s", "fields": fields}).fields
    about = {
        n: {"wanted": k.expected, "may_miss": True, "type": fields[n]["type"]}
        for n, k in kinds.items()
    }
    return Preprocessor(
        {
            "sql": serving_sql(kinds, [], {}, "00" * 32),
            "fields": about,
            "training": training or {},
            "days": more,
        },
        prepare,
        CALLS,
    )


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Z"], exclude_characters=';；"\\'),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4, unique=True))
def test_a_list_is_read_as_its_items(items: list[str]) -> None:
    ready = LISTS.prepare([{"tags": items}, {"tags": json.dumps(items)}, {"tags": ";".join(items)}])
    LISTS.check({"tags": items})
    assert ready[0]["tags"] == ready[1]["tags"]
    if not items[0].startswith("["):
        assert ready[0]["tags"] == ready[2]["tags"]


LISTS = prepared({"tags": {"type": "list"}})


@pytest.mark.parametrize("separators", [(", ", ": "), (",", ":")])
def test_what_is_nested_is_asked_as_training_saw_it(separators: tuple[str, str]) -> None:
    values = [["red", "grün"], [], [1, 2.5, None], {"a": {"b": [1]}, "c": "x, y"}]
    texts = [json.dumps(v, ensure_ascii=False, separators=separators) for v in values]
    ask = prepared(
        {"who": {"type": "category"}, "note": {"type": "category"}},
        {"who": {"counts": dict.fromkeys(texts, 9)}, "note": {"counts": {"a": 1, "[b": 2}}},
    )
    for value, text in zip(values, texts, strict=True):
        ask.check({"who": value, "note": "a"})
        (row,) = ask.prepare([{"who": value, "note": "a"}])
        assert row["who"] == text and not ask.warnings(row, {"who": value, "note": "a"})
    (row,) = ask.prepare([{"who": ["blue"], "note": "a"}])
    assert ask.warnings(row, {"who": ["blue"], "note": "a"})[0]["warning"] == "unseen category"
    with pytest.raises(ConfigValueError, match="got a list"):
        ask.check({"who": "x", "note": ["a"]})
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    for value, said in (
        ({"who": deep}, "a list inside of 32 others"),
        ({"who": [float("nan")]}, "NaN is not a JSON value"),
    ):
        with pytest.raises(ConfigValueError, match=said):
            ask.check({"note": "a", **value})
    assert nested_form("category", {"counts": {"[" * 5000: 9}}) is None
    for value, said in (
        ({"tags": {"a": 1}}, "got an object"),
        ({"tags": [["a"]]}, "a list inside of the list"),
        ({"tags": [float("inf")]}, "Infinity is not"),
    ):
        with pytest.raises(ConfigValueError, match=said):
            LISTS.check(value)
    with pytest.raises(ConfigValueError, match="a text of 2"):
        ask.check({"who": ["x" * 20_001], "note": "a"})


def test_a_day_far_from_the_data_is_told() -> None:
    ask = prepared(
        {"due": {"type": "date"}, "at": {"type": "time"}},
        due=[18262.0, 18362.0],
        at=[18262.25, 18262.25],
    )
    for due, at, told in (
        ("2020-02-01", "2020-01-01 06:00:00", []),
        ("2020-04-20", "2020-01-01 23:00:00", []),
        ("2019-12-22", None, []),
        ("2020-04-21", None, ["due"]),
        ("0024-01-01", "2031-01-01 00:00:00", ["at"]),
        ("2999-12-31", "2019-12-31 00:00:00", ["due", "at"]),
    ):
        (row,) = ask.prepare([{"due": due, "at": at}])
        found = ask.warnings(row, {"due": due, "at": at})
        assert [w["field"] for w in found] == told and all(
            w["warning"] == "out of range" for w in found
        ), (due, at, found)
        assert all(
            ("2020-01-01 to 2020-04-10" if w["field"] == "due" else "2020-01-01 to 2020-01-01")
            in w["detail"]
            for w in found
        )


@pytest.mark.parametrize(
    ("field", "form", "labels", "given_", "meant"),
    [
        (
            {"type": "category", "values": ["Paid", "Open"], "aliases": {"settled": "Paid"}},
            CLASSES,
            ["Paid", "Open"],
            ["settled", "SETTLED", "paid", "Open", "m"],
            ["Paid", "Paid", "Paid", "Open", None],
        ),
        ({"type": "category", "values": ["m", "M"]}, CLASSES, ["m", "M"], ["m", "M"], ["m", "M"]),
        ({"type": "category"}, CLASSES, ["a", "b"], ["a", "A"], ["a", None]),
        (
            {"type": "boolean", "aliases": {"bezahlt": True}},
            CLASSES,
            ["true", "false"],
            ["yes", "Nein", "是", "bezahlt", "maybe"],
            ["true", "false", "true", "true", None],
        ),
        (
            {"type": "list", "values": ["red", "blue"], "aliases": {"rot": "red"}},
            LABELS,
            ["red", "blue"],
            ["rot;blue", "Red", "rot; red", "pink"],
            ["blue; red", "red", "red", None],
        ),
    ],
)
def test_a_label_may_be_an_alias(
    field: dict[str, Any],
    form: PredictionForm,
    labels: list[str],
    given_: list[str],
    meant: list[str | None],
) -> None:
    (kind,) = Dataset.model_validate({"from": "s", "fields": {"y": field}}).fields.values()
    served = SimpleNamespace(
        name="desk",
        now=SimpleNamespace(
            form=form, labels=labels, fields=SimpleNamespace(spellings=kind.label_spellings)
        ),
    )
    for label, right in zip(given_, meant, strict=True):
        if right is None:
            with pytest.raises(ConfigValueError, match="is not a label of desk"):
                normalise_label(label, "desk", served.now)
        else:
            assert normalise_label(label, "desk", served.now) == right

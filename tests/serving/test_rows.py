"""What a row may hold when it is served: finite numbers, all fields and no others; what training
did not know is answered with a warning.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesocosm.core.errors import ConfigValueError
from mesocosm.serving.http.bodies import non_finite
from mesocosm.serving.protocols.openapi_schemas import WARNINGS
from mesocosm.serving.requests.endpoints import _malformed_rows
from mesocosm.serving.requests.fields import Fields

KINDS = {
    "age": "integer",
    "amount": "number",
    "kind": "category",
    "member": "boolean",
    "note": "text",
}
FIELDS = Fields(
    {
        "fields": {
            n: {"wanted": f"a {k}", "may_miss": n != "kind", "extra": False, "type": k}
            for n, k in KINDS.items()
        },
        "training": {
            "age": {"numbers": [20.0, 40.0, 70.0]},
            "amount": {"numbers": [5.0, 5.0]},
            "kind": {"counts": {"car": 3, "boat": 1}},
            "member": {"counts": {"true": 2}},
            "gone": {"counts": {"x": 1}},
        },
    }
)
ROW: dict[str, Any] = {"age": 30, "amount": 5.0, "kind": "car", "member": True, "note": "anything"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"amount": math.inf},
            "amount: Infinity is not a JSON value; expected a number, or null where it is missing.",
        ),
        ({"age": math.nan}, "age: NaN is not"),
        ({"amount": " -Infinity "}, "amount: '-Infinity' is not a finite number"),
        ({"amount": "inf"}, "'inf' is not a finite number"),
        ({"agee": 1}, "Did you mean 'age'?"),
        (
            {"agee": 1, "kid": 2},
            "'agee', 'kid'; for 'agee' did you mean 'age'?, for 'kid' did you mean 'kind'?",
        ),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_with_its_field(
    change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigValueError) as caught:
        FIELDS.check(ROW | change)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "row", [ROW | {"agee": 1}, ROW | {"agee": 1, "kid": 2}, {"agee": 1}, {"agee": 1, "kid": 2}]
)
def test_the_nearest_name_is_given_once(row: dict[str, Any]) -> None:
    with pytest.raises(ConfigValueError) as caught:
        FIELDS.check(row)
    assert str(caught.value).casefold().count("did you mean 'age'?") == 1


@given(st.sets(st.sampled_from(list(ROW)), min_size=1))
def test_all_missing_fields_are_named_at_once(gone: set[str]) -> None:
    with pytest.raises(ConfigValueError) as caught:
        FIELDS.check({k: v for k, v in ROW.items() if k not in gone})
    assert all(name in str(caught.value) for name in gone)
    assert set(caught.value.choices) == (gone if len(gone) > 1 else set()) and not {
        n for n in set(ROW) - gone if f"'{n}'" in str(caught.value)
    }
    with pytest.raises(ConfigValueError) as caught:  # a misspelt field, others missing
        FIELDS.check({k: v for k, v in ROW.items() if k not in gone} | {"notee": 1})
    assert all(f"'{name}'" in str(caught.value) for name in gone)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({}, []),
        ({"kind": "plane"}, ["kind"]),
        ({"kind": None, "age": None}, []),
        ({"age": 75}, []),
        ({"age": 76}, ["age"]),
        ({"age": 14.9}, ["age"]),
        ({"amount": 5.1}, ["amount"]),
        ({"member": False, "kind": "Car"}, ["kind", "member"]),
        ({"note": "never seen"}, []),
    ],
)
def test_what_training_did_not_know_is_named(change: dict[str, Any], fields: list[str]) -> None:
    found = FIELDS.warnings(ROW | change, ROW | change)
    assert sorted(w["field"] for w in found) == fields
    assert all(
        set(w) == set(WARNINGS["items"]["required"])
        and w["warning"] in WARNINGS["items"]["properties"]["warning"]["enum"]
        for w in found
    )
    assert all(w["field"] in w["detail"] for w in found)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_a_number_that_json_cannot_say_is_found_wherever_it_is(value: Any) -> None:
    assert bool(non_finite(value)) == any(word in str(_floats(value)) for word in ("nan", "inf"))


def _floats(value: Any) -> list[float]:
    if isinstance(value, dict):
        value = list(value.values())
    return (
        [f for one in value for f in _floats(one)]
        if isinstance(value, list)
        else [value]
        if isinstance(value, float)
        else []
    )


def test_malformed_rows_are_listed_with_their_places() -> None:
    wrong = {n: ConfigValueError("age", "NaN", "a number") for n in (1, 4)}
    problem: Any = _malformed_rows(wrong, 5)
    assert (
        [e["index"] for e in problem.more["errors"]] == [1, 4]
        and problem.status == 422
        and "row 1: age" in str(problem.detail)
    )
    assert _malformed_rows({0: wrong[1]}, 1) is wrong[1]

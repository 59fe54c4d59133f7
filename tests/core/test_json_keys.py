"""A key that comes twice in a JSON object is told, whatever stands around it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesocosm.core.values.json_keys import KeyTwice, load_once, repeated_key
from mesocosm.serving.http.bodies import parse_json
from mesocosm.serving.http.problems import Problem

VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v, max_size=4),
    max_leaves=12,
)
KEYS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=5)


@given(VALUES)
def test_what_has_each_key_once_passes_as_it_is(value: Any) -> None:
    text = json.dumps(value)
    assert repeated_key(text.encode(), json.loads(text)) is None and load_once(text) == value


@given(KEYS, VALUES, st.integers(0, 3))
def test_a_key_that_comes_twice_is_named_however_deep(key: str, value: Any, depth: int) -> None:
    said = json.dumps(key)
    text = f"{{{said}: {json.dumps(value)}, {said} : 1}}"
    for _ in range(depth):
        text = f'{{"rows": [{{"a": "\\": \\"b\\": "}}, {text}]}}'
    assert repeated_key(text, json.loads(text)) == key
    with pytest.raises(KeyTwice) as caught:
        load_once(text)
    assert caught.value.key == key
    with pytest.raises(Problem) as refused:
        parse_json(text.encode())
    assert refused.value.status == 400 and "duplicate key" in str(refused.value.detail)
    for encoding in ("utf-16", "utf-32-le"):
        with pytest.raises(Problem):
            parse_json(text.encode(encoding))


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ('{"amount": 1e999}', "Number too large"),
        ('{"rows": [{"amount": -1e400}]}', "Number too large"),
        ('{"amount": Infinity}', "Invalid JSON"),
        ('{"amount": NaN}', "Invalid JSON"),
    ],
)
def test_a_number_beyond_a_double_is_not_called_what_nobody_wrote(body: str, title: str) -> None:
    with pytest.raises(Problem) as refused:
        parse_json(body.encode())
    assert str(refused.value.title) == title and refused.value.more["field"] in (
        "amount",
        "rows[0].amount",
    )

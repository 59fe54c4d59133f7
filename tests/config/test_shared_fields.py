"""Fields that datasets share mean what they would if they were written out, and a fault of one is
named once, where it is written.
"""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mesocosm.config.editor import set_value
from mesocosm.config.json_schema import published_schema
from mesocosm.config.loader import Spec, read_text
from mesocosm.config.migrations.rename import rewrite_text
from mesocosm.config.source_map import load_tree, to_plain_data
from mesocosm.core.errors import ConfigError
from mesocosm.lifecycle.graph import list_resources
from mesocosm.lifecycle.resource import Fingerprints

FILE = """\
ecosystem: shop
shared:
  fields:
    customer: {type: text, private: pseudonymise, about: who bought}
    amount:
      type: number
      unit: EUR
      missing: {method: constant, value: 0}  # ours
    day: date
sources:
  orders: {type: csv, path: orders.csv}
  returns: {type: csv, path: returns.csv}
datasets:
  sold:
    from: orders
    fields:
      customer: {shared: customer}
      amount: {shared: amount, column: total}
      day: {shared: day}
  returned:
    from: returns
    fields:
      who: {shared: customer, column: customer, about: who sent it back}
      amount: {shared: amount, missing: median}
      note: {type: text}
"""
WRITTEN_OUT = """\
ecosystem: shop
sources:
  orders: {type: csv, path: orders.csv}
  returns: {type: csv, path: returns.csv}
datasets:
  sold:
    from: orders
    fields:
      customer: {type: text, private: pseudonymise, about: who bought}
      amount: {type: number, unit: EUR, missing: {method: constant, value: 0}, column: total}
      day: date
  returned:
    from: returns
    fields:
      who: {type: text, private: pseudonymise, column: customer, about: who sent it back}
      amount: {type: number, unit: EUR, missing: median}
      note: {type: text}
"""


def load(text: str) -> Spec:
    return read_text(text, Path("ecosystem.yaml"), {})


def faults(text: str) -> list[tuple[str, str, str]]:
    """Key, words, and what stands in the file at the place of each finding."""
    with pytest.raises(ConfigError) as caught:
        load(text)
    lines = text.splitlines()
    return [
        (f.key, str(f.found), lines[f.place.line - 1][f.place.column - 1 :])
        for f in caught.value.findings
    ]


def test_shared_fields_are_those_that_are_written_out() -> None:
    assert load(FILE).eco.datasets == load(WRITTEN_OUT).eco.datasets


def test_a_fault_of_a_shared_field_is_named_once_where_it_is_written() -> None:
    (one,) = faults(FILE.replace("unit: EUR", "unti: EUR"))
    assert one[0] == "shared.fields.amount.unti" and one[2] == "unti: EUR"
    (one,) = faults(FILE.replace("day: date", "day: dtae"))
    assert one[0].startswith("shared.fields.day") and one[2] == "dtae"


def test_a_fault_beside_the_name_stands_in_the_dataset() -> None:
    (one,) = faults(FILE.replace("column: total", "colum: total"))
    assert one[0] == "datasets.sold.fields.amount.colum" and one[2] == "colum: total}"
    (one,) = faults(FILE.replace("missing: median", "missing: medain"))
    assert one[0].startswith("datasets.returned.fields.amount") and one[2] == "medain}"


def test_an_unknown_name_is_refused_with_the_nearest_and_other_findings_come_with_it() -> None:
    wrong = FILE.replace("shared: customer, c", "shared: custmer, c").replace(
        "from: returns", "f: x"
    )
    found = {key: (words, at) for key, words, at in faults(wrong)}
    words, at = found["datasets.returned.fields.who.shared"]
    assert words == "no shared field is named 'custmer'" and at.startswith("custmer,")
    assert len(found) >= 2
    assert "datasets.returned.fields.who.type" not in found
    with pytest.raises(ConfigError, match="Did you mean 'customer'"):
        load(wrong)


@pytest.mark.parametrize("word", ["[customer]", "3", "{a: b}", "null", "''"])
def test_what_is_no_name_is_refused_at_its_place(word: str) -> None:
    (one,) = faults(FILE.replace("{shared: day}", f"{{shared: {word}}}"))
    assert one[0] == "datasets.sold.fields.day.shared" and one[1].startswith("no shared field")


def test_a_name_without_a_section_says_where_it_would_stand() -> None:
    text = WRITTEN_OUT.replace("note: {type: text}", "note: {shared: note}")
    with pytest.raises(ConfigError, match=r"shared\.fields"):
        load(text)


def test_a_shared_field_shares_no_other() -> None:
    (one,) = faults(FILE.replace("day: date", "day: {shared: amount}"))[:1]
    assert one[0].startswith("shared.fields.day")


def test_an_edit_keeps_the_name_and_every_other_byte() -> None:
    path = ("datasets", "returned", "fields", "who", "about")
    edited = set_value(FILE, "f", path, "sent back")
    assert edited == FILE.replace("about: who sent it back", 'about: "sent back"')
    deeper = set_value(FILE, "f", ("shared", "fields", "amount", "unit"), "USD")
    assert deeper == FILE.replace("unit: EUR", "unit: USD")
    assert load(deeper).eco.datasets["sold"].fields["amount"].unit == "USD"  # type: ignore[attr-defined]


def test_words_of_grammar_1_are_rewritten_in_shared_fields_too() -> None:
    old = "grammar: 1\n" + FILE.replace("{method: constant", '{"with": constant')
    old = old.replace("missing: median", "missing: {'with': median}")
    text, changes = rewrite_text(old, "f")
    assert len(changes) == 3 and load(text).eco.datasets == load(old).eco.datasets
    assert load(text).eco.datasets == load(FILE).eco.datasets


def test_the_published_schema_has_both_forms() -> None:
    validator = Draft202012Validator(published_schema())
    assert not list(validator.iter_errors(to_plain_data(load_tree(FILE, "f"))))
    wrong = FILE.replace("{shared: day}", "{shared: 3}")
    assert list(validator.iter_errors(to_plain_data(load_tree(wrong, "f"))))


def test_fingerprints_are_those_of_the_written_out_form(tmp_path: Path) -> None:
    for name in ("orders", "returns"):
        (tmp_path / f"{name}.csv").write_text(
            "customer,total,amount,day,note\na,1,1,2024-01-01,b\n"
        )

    def prints(text: str) -> dict[str, Fingerprints]:
        known: dict[str, Fingerprints] = {}
        for one in list_resources(read_text(text, tmp_path / "ecosystem.yaml", {})):
            known[one.address] = one.fingerprint(known)
        return known

    assert prints(FILE) == prints(WRITTEN_OUT)
    other = prints(FILE.replace("unit: EUR", "unit: USD"))
    assert {name for name in other if other[name] != prints(FILE)[name]} == {
        "datasets.sold",
        "datasets.returned",
    }


KEYS: dict[str, Any] = {
    "about": st.text("abc ä:#'\"", max_size=8),
    "column": st.sampled_from(["a", "b c", "Ä", "x: y"]),
    "null": st.lists(st.sampled_from(["", "NA", "-"]), max_size=2),
    "unreadable": st.sampled_from(["quarantine", "missing"]),
    "missing": st.sampled_from(["median", {"method": "constant", "value": 0}]),
    "unit": st.sampled_from(["EUR", "kg"]),
}


@seed(7)
@settings(max_examples=100, deadline=None, database=None)
@given(st.fixed_dictionaries({}, optional=KEYS), st.fixed_dictionaries({}, optional=KEYS))
def test_a_hundred_random_fields_are_those_that_are_written_out(
    base: dict[str, Any], beside: dict[str, Any]
) -> None:
    def text(field: dict[str, Any], shared: dict[str, Any]) -> str:
        data = {
            "ecosystem": "shop",
            "shared": {"fields": shared},
            "sources": {"s": {"type": "csv", "path": "s.csv"}},
            "datasets": {"d": {"from": "s", "fields": {"f": field}}},
        }
        return StringIO(json.dumps(data, indent=1)).getvalue()

    number = {"type": "number", **base}
    one = load(text({"shared": "n", **beside}, {"n": number}))
    assert one.eco.datasets == load(text({**number, **beside}, {})).eco.datasets

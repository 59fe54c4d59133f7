"""Partners whose keys are written otherwise, or have another name, are told with what would join
them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mesocosm.assistant.draft_text import format_draft
from mesocosm.data.profiling.auto_fields import draft_files
from mesocosm.data.profiling.goal.spelling import name_source
from mesocosm.data.sources.contract import Contract


def write(path: Path, head: str, rows: list[str]) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("key", "cell", "sentence"),
    [
        (
            "customer_id",
            lambda i: f"  c{i:03d}" if i % 2 else f"C{i:03d}",
            "once both are trimmed and in upper case",
        ),
        ("id", lambda i: f"C{i:03d}", "its 'id' is 'customer_id' of 100.0% of the rows"),
        (
            "whatever",
            lambda i: f"C{i:03d}",
            "its 'whatever' is 'customer_id' of 100.0% of the rows",
        ),
        ("other", lambda i: f"Q{i:03d}", "it shares no column"),
    ],
)
def test_a_partner_is_told_how_its_key_would_join(
    tmp_path: Path, key: str, cell: Any, sentence: str
) -> None:
    orders = write(
        tmp_path / "orders.csv",
        "order,customer_id,amount,late",
        [f"O-{i:04d},C{i % 20:03d},{i * 37 % 91}.5,{'yes' if i % 3 else 'no'}" for i in range(60)],
    )
    people = write(
        tmp_path / "客户.csv", f"{key},city", [f"{cell(i)},{'ABC'[i % 3]}town" for i in range(20)]
    )
    said = draft_files(tmp_path, [orders, people], "predict late")
    why = said["left"][f"{name_source('客户', 2)}-source"]
    assert sentence in why and "客户.csv" in why
    assert "customer_id" not in said["aim"]["inputs"], "who somebody is teaches nothing of others"


def test_plain_counts_are_no_key_of_another_name(tmp_path: Path) -> None:
    some = write(
        tmp_path / "some.csv",
        "age,late",
        [f"{i % 20 + 1},{'yes' if i % 3 else 'no'}" for i in range(60)],
    )
    others = write(
        tmp_path / "others.csv", "row,city", [f"{i},{'ABC'[i % 3]}town" for i in range(1, 30)]
    )
    assert (
        "it shares no column"
        in draft_files(tmp_path, [some, others], "predict late")["left"]["others-source"]
    )


def test_a_contract_is_proposed_from_what_was_seen_and_can_be_kept(tmp_path: Path) -> None:
    path = write(
        tmp_path / "orders.csv",
        "order,late",
        [f"O-{i:04d},{'yes' if i % 3 else 'no'}" for i in range(60)],
    )
    said = draft_files(tmp_path, [path])
    contract = said["contracts"]["orders-source"]
    assert (
        contract == {"columns": ["order", "late"], "unique": ["order"], "min": 30}
        and "contract" not in said["sources"]["orders-source"]
    )
    line = next(one for one in format_draft(said).splitlines() if "# contract: " in one)
    assert Contract.model_validate(yaml.safe_load(line.partition("contract: ")[2]))

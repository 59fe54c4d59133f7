"""Private data is found with its checksums, in columns and in text; drafts propose what they found
and say why.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mesocosm.data.privacy.detector import find_spans, redact
from mesocosm.data.profiling.auto_fields import draft_files

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))


def test_private_values_are_found_in_two_languages() -> None:
    from sentences import score

    got = score(400)
    assert got["recall"] >= 0.95 and got["precision"] >= 0.90, got


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("card 4539 5787 6362 1486 please", "card [card] please"),
        ("card 4539 5787 6362 1487 please", None),
        ("id 11010519491231002X", "id [national id]"),
        ("id 110105194912310021", None),
        ("to DE89 3704 0044 0532 0130 00 today", "to [iban] today"),
        ("ssn 666-12-3456", None),
        ("from 192.168.7.300", None),
        ("from 192.168.7.30", "from [ip]"),
        ("我叫王小明，电话13812345678。", "我叫[name]，电话[phone]。"),
    ],
)
def test_a_checksum_tells_a_number_from_a_private_one(text: str, shown: str | None) -> None:
    if shown is None:
        assert not [s for s in find_spans(text) if s.what in ("national id", "iban", "ip")] and (
            "4539" not in text or "[card]" not in redact(text)
        )
    else:
        assert redact(text) == shown


def test_a_draft_proposes_types_keys_repairs_and_privacy_with_evidence(tmp_path: Path) -> None:
    lines = ["id,email,joined,weight,city,zip,phone_of_shop"]
    for i in range(200):
        city, zip_ = [
            ("Berlin", "10115"),
            ("Hamburg", "20095"),
            ("Munich", "80331"),
            ("Cologne", "50667"),
        ][i % 4]
        city = "Berlxn" if i == 40 else city
        day = f"{1 + i % 28:02d}"
        lines.append(
            f"{i},p{i}@example.org,{f'2024-01-{day}' if i % 2 else f'{day}.01.2024'},{60 + i % 30}"
            f" kg,{city},{zip_},+49 30 {1000000 + i % 4}"
        )
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = draft_files(tmp_path, [tmp_path / "people.csv"])
    fields, told = said["dataset"]["fields"], said["evidence"]
    assert (
        said["dataset"]["key"] == "id"
        and fields["email"]["private"] == "pseudonymise"
        and "private" not in fields["phone_of_shop"]
    )
    assert fields["joined"]["type"] == "date" and set(fields["joined"]["formats"]) == {
        "iso",
        "%d.%m.%Y",
    }
    assert (
        fields["weight"] == {"type": "integer", "unit": "kg"}
        and fields["zip"]["type"] == "category"
    )
    assert "repairs" not in said["dataset"] and "duplicates" not in said["dataset"], (
        "a guess waits for a person"
    )
    waiting = [
        (json.loads(p["line"]), p["changes"], p["examples"])
        for p in said["proposals"]
        if p["where"] == "repairs"
    ]
    assert (
        {"method": "spelling", "of": ["city"]},
        1,
        ["city: Berlxn -> Berlin (1 row)"],
    ) in waiting
    assert set(told) >= {f"fields.{f}" for f in fields} | {
        "key",
        "fields.email.private",
        "fields.phone_of_shop.private",
    }
    assert "p3@example.org" not in str(told)

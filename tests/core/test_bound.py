"""What passes check builds: rules are bound to the engine, and a hostile file is refused
quickly.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.config.loader import read_text
from mesocosm.core.errors import ConfigError

FILE = """ecosystem: e
sources:
  s: {{type: csv, path: a.csv}}
datasets:
  d:
    from: s
    fields: {{a: number, b: text, c: date, n: integer, f: boolean, e: {{type: category}}}}
    rules:
{rules}
"""
REFUSED = [
    "a[1] > 0",
    "lower(b) = $1",
    "lower(b) = ?",
    "a::blob is not null",
    "a > 0 = true",
    "b > 5",
    "n = 'abc'",
    "a > 'x'",
    "c > 'no day'",
    "cast(b as integer) > 3",
    "abs(b) > 1",
    "length(a) > 3",
    "lower(a, b) = 'x'",
    "year(b) > 2000",
    "coalesce(a, b) is null",
    "sum(a) > 1",
    "a > (select 1)",
    "a in (select n from s)",
    "exists(select 1)",
    "read_csv('x') is null",
    "a > avg(a)",
    "getenv('HOME') = 'x'",
    "list_filter([a], x -> x > 1) is null",
    "a",
    "a + 1",
    "b",
    "a; drop table t",
    "regexp_matches(b, '(')",
    "f > c",
    "round(a, b) > 1",
    "a between 'x' and 3",
]
TAKEN = [
    "a > 0",
    "b = 'x'",
    "a between 1 and 3 or n is not null",
    "lower(b) = 'x'",
    "length(b) > 3 and b <> ''",
    "try_cast(b as integer) > 3",
    "c >= date '2020-01-01'",
    "year(c) > 2000",
    "c > '2020-01-01'",
    "f",
    "f = true",
    "a / n > 0.5",
    "e in ('x', 'y')",
    "regexp_matches(b, '^[a-z]+$')",
    "abs(a) <= 1e6",
    "a > n",
    "case when f then a > 1 else true end",
    "coalesce(a, 0) >= 0",
    "c < current_date",
]


def _findings(rules: list[str]) -> dict[int, str]:
    text = FILE.format(rules="\n".join(f'      - "{rule}"' for rule in rules))
    try:
        read_text(text, Path("e.yaml"), {})
    except ConfigError as error:
        return {f.place.line - 9: f.text() for f in error.findings}
    return {}


def test_what_the_engine_would_not_compute_is_refused_with_its_place() -> None:
    found = _findings(REFUSED)
    assert [rule for i, rule in enumerate(REFUSED) if i not in found] == []
    assert (
        "cannot be computed" in found[0]
        and "a[1] > 0" in found[0]
        and "b > 5" in found[5]
        and "VARCHAR" in found[5]
    )


def test_what_passes_builds(tmp_path: Path) -> None:
    assert _findings(TAKEN) == {}
    (tmp_path / "a.csv").write_text(
        "a,b,c,n,f,e\n1,x,2024-02-29,0,true,x\n-3.5,,2019-01-01,2,false,y\n7,ü,,3,true,x\n,0,2022-01-01,5,true,x\n"
    )
    (tmp_path / "e.yaml").write_text(
        FILE.format(
            rules="\n".join(f'      - {{condition: "{rule}", severity: warn}}' for rule in TAKEN)
        )
    )
    assert open_ecosystem(tmp_path / "e.yaml").build().failed == []


@pytest.mark.parametrize(
    "text",
    [
        "ecosystem: " + "[" * 50_000,
        "ecosystem: " + "{a: " * 50_000,
        "a: " + "[" * 20_000 + "]" * 20_000,
        "\n".join(" " * i + f"k{i}:" for i in range(300)),
        "- " * 3000 + "x",
        "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n",
        "a: " + "[[" * 30 + "]]" * 30,
    ],
)
def test_deep_files_and_aliases_are_refused_within_a_second(text: str) -> None:
    began = time.process_time()
    with pytest.raises(ConfigError) as error:
        read_text(text, Path("e.yaml"), {})
    assert time.process_time() - began < 1 and error.value.findings[0].place.line >= 1

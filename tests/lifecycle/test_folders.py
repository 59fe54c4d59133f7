"""A project may lie in a folder of any name, or it is refused with the character that does not go;
nothing is written elsewhere.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import ConfigError, MesocosmError
from mesocosm.data.snapshots.delta_tables import read_table
from mesocosm.lifecycle.local_files import refuse_folder

FILE = (
    "grammar: 1\necosystem: e\nsources:\n  a: {type: csv, path: a.csv}\ndatasets:\n  d:\n    from:"
    " a\n    fields: {x: {type: integer}}\n    split: none\n"
)


@pytest.mark.parametrize(
    "name",
    [
        "信用 2026",
        "a #1",
        "ü&b=c;d",
        'it\'s "mine"',
        "100%",
        "a%zz",
        "{y}",
        "a+b@c:1",
        "a  b",
        "~x",
        "é`<b>",
        "$HOME",
    ],
)
def test_a_project_is_built_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    home.mkdir()
    (home / "ecosystem.yaml").write_text(FILE)
    (home / "a.csv").write_text("x\n1\n2\n")
    eco = open_ecosystem(home)
    assert not eco.build().failed
    snapshot = eco.catalog.snapshot(dataset="d")
    assert read_table(home / ".mesocosm" / snapshot["path"] / "rows", snapshot["delta"]).column(
        "x"
    ).to_pylist() == [1, 2]
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("my%20project", "'%20'"),
        ("[2026] credit", r"'\['"),
        ("a*b", r"'\*'"),
        ("what?", r"'\?'"),
        ("a|b", r"'\|'"),
        ("x^2", r"'\^'"),
        ("a\tb", r"'\\t'"),
        ("a\\b", r"'\\\\'"),
    ],
)
def test_a_folder_that_tables_cannot_lie_in_is_refused_and_nothing_is_written(
    tmp_path: Path, name: str, what: str
) -> None:
    home = tmp_path / name
    home.mkdir()
    (home / "ecosystem.yaml").write_text(FILE)
    with pytest.raises(
        MesocosmError,
        match=f"tables cannot be stored in the project's folder .*: its path has {what}",
    ):
        open_ecosystem(home)
    assert [p.name for p in tmp_path.iterdir()] == [name] and [p.name for p in home.iterdir()] == [
        "ecosystem.yaml"
    ]


def test_a_link_to_such_a_folder_and_a_delta_table_in_one_are_refused_too(tmp_path: Path) -> None:
    home = tmp_path / "my%20project"
    home.mkdir()
    (home / "ecosystem.yaml").write_text(FILE)
    (tmp_path / "link").symlink_to(home)
    with pytest.raises(MesocosmError, match="its path has '%20'"):
        open_ecosystem(tmp_path / "link")
    plain = tmp_path / "plain"
    (plain / "[2026]").mkdir(parents=True)
    (plain / "ecosystem.yaml").write_text(
        FILE.replace("{type: csv, path: a.csv}", '{type: delta, path: "[2026]"}')
    )
    with pytest.raises(ConfigError, match=r"cannot be read from '\[2026\]': its path has '\['"):
        open_ecosystem(plain).plan()


def test_an_ordinary_folder_is_taken() -> None:
    refuse_folder(Path("/home/mei/信用评分 (2026), v1.2_final-3"))

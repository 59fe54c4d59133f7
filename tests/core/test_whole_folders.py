"""A folder appears whole, whoever else makes it at the same time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mesocosm.core.files import folder_appears


def fill(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "done").write_text(text)


def test_one_that_appeared_in_the_meantime_is_replaced(tmp_path: Path) -> None:
    with folder_appears(tmp_path / "x") as aside:
        fill(tmp_path / "x", "theirs")
        fill(aside, "ours")
    assert (tmp_path / "x" / "done").read_text() == "ours"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize(("made", "stays"), [("done", True), ("other", False)])
def test_one_of_the_same_content_stays_where_it_is_whole(
    tmp_path: Path, made: str, stays: bool
) -> None:
    with folder_appears(tmp_path / "x", "done") as aside:
        (tmp_path / "x").mkdir()
        (tmp_path / "x" / made).write_text("theirs")
        fill(aside, "ours")
    assert ((tmp_path / "x" / "done").read_text() == "theirs") is stays
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_one_that_appears_as_the_name_is_given_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def be_late(source: Path, target: Path) -> None:
        fill(target, "theirs")
        rename(source, target)

    monkeypatch.setattr("mesocosm.core.files.os.rename", be_late)
    with folder_appears(tmp_path / "x") as aside:
        fill(aside, "ours")
    assert (tmp_path / "x" / "done").read_text() == "ours"

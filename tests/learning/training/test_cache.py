"""What can always be made again is kept for all projects of a person, taken whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesocosm.core.cache import cache_folder, copy_from_cache, copy_to_cache
from mesocosm.learning.base_models.base import resolve
from mesocosm.learning.export import onnx_export


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_what_is_taken_is_what_was_left_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, made = tmp_path / "cache", tmp_path / "made"
    monkeypatch.setenv("MESOCOSM_CACHE", str(home))
    (made / "below").mkdir(parents=True)
    (made / "one").write_bytes(b"1")
    (made / "below" / "two").write_bytes(b"2" * 1000)
    assert not copy_from_cache("a/b", tmp_path / "first") and not (tmp_path / "first").exists()
    copy_to_cache("a/b", made)
    assert home.stat().st_mode & 0o077 == 0
    assert copy_from_cache("a/b", tmp_path / "first") and tree(tmp_path / "first") == tree(made)
    for harm in (
        lambda f: f.write_bytes(b"2" * 999 + b"3"),
        lambda f: f.unlink(),
        lambda f: f.with_name("more").write_bytes(b""),
    ):
        copy_to_cache("a/b", made)
        harm(home / "a" / "b" / "below" / "two")
        assert (
            not copy_from_cache("a/b", tmp_path / "second") and not (tmp_path / "second").exists()
        )
    (home / "a" / "b" / "seal").unlink()
    assert not copy_from_cache("a/b", tmp_path / "second")
    assert list(tmp_path.rglob(".aside-*")) == []


def test_no_cache_and_one_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "file").write_text("")
    for where in ("", str(tmp_path / "file"), "/proc/nowhere"):
        monkeypatch.setenv("MESOCOSM_CACHE", where)
        copy_to_cache("a", tmp_path / "made")
        assert not copy_from_cache("a", tmp_path / "got")
    monkeypatch.delenv("MESOCOSM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "of-me"))
    assert cache_folder() == tmp_path / "of-me" / "mesocosm"


def test_a_second_project_exports_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = resolve("minilm", tmp_path)
    first = onnx_export.shared_trunk(base, tmp_path / "one")
    monkeypatch.setattr(
        onnx_export, "export_trunk", lambda *_: pytest.fail("it was exported again")
    )
    second = onnx_export.shared_trunk(base, tmp_path / "two")
    assert tree(first) == tree(second) and first != second

"""Lost, damaged and edited files: seen by plan, doctor, the report and the world, rebuilt by build
under the name that versions know.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from test_new_data import FILE, build, write_rows

from mesocosm.api.ecosystem import Ecosystem, open_ecosystem
from mesocosm.app.world.scene_state import Scenery
from mesocosm.core.errors import MesocosmError
from mesocosm.data.snapshots.versions import export_rows
from mesocosm.lifecycle.access.integrity import Integrity, find_damage
from mesocosm.reports.disk_state import Condition
from mesocosm.reports.health import measure_health


@pytest.fixture
def scales(tmp_path: Path) -> Ecosystem:
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    write_rows(tmp_path, lambda i: str(3000 + 7 * i))
    assert build(tmp_path) == []
    return open_ecosystem(tmp_path)


def tables(eco: Ecosystem) -> list[Path]:
    return sorted((eco.spec.root / ".mesocosm" / "datasets" / "d").rglob("*.parquet"))


def test_any_changed_byte_of_any_table_is_seen(scales: Ecosystem) -> None:
    draw = random.Random(7)
    for path in tables(scales):
        good = path.read_bytes()
        for _ in range(6):
            bad = bytearray(good)
            bad[draw.randrange(len(bad))] ^= 1 << draw.randrange(8)
            path.write_bytes(bytes(bad))
            assert "is damaged" in find_damage(scales.spec, scales.catalog)["datasets.d"]
        path.write_bytes(good[:-1])
        assert "datasets.d" in find_damage(scales.spec, scales.catalog)
        path.write_bytes(good)
    assert find_damage(scales.spec, scales.catalog) == {}


def test_what_is_lost_is_rebuilt_with_the_same_rows_and_name(
    scales: Ecosystem, tmp_path: Path
) -> None:
    snapshot = scales.catalog.snapshot(dataset="d")
    assert snapshot
    rows = scales.spec.root / ".mesocosm" / snapshot["path"] / "rows"
    export_rows(rows, snapshot["delta"], tmp_path / "before.csv")
    for path in tables(scales):
        path.unlink()
    change = next(c for c in scales.plan() if c.address == "datasets.d")
    assert change.sign == "±" and "has lost the file" in change.why and "rebuilt" in change.why
    assert any(
        "datasets.d" in line and "mesocosm build" in line
        for line in measure_health(scales.spec, scales.catalog)["next"]
    )
    assert build(tmp_path) == []
    again = scales.catalog.snapshot(dataset="d")
    assert again and again["id"] == snapshot["id"] and again["delta"] != snapshot["delta"]
    export_rows(rows, again["delta"], tmp_path / "after.csv")
    assert (tmp_path / "after.csv").read_text() == (tmp_path / "before.csv").read_text()
    assert (
        all(c.sign == "=" for c in scales.plan())
        and find_damage(scales.spec, scales.catalog, thorough=True) == {}
    )


def test_a_damaged_file_is_never_read_as_if_it_were_right(
    scales: Ecosystem, tmp_path: Path
) -> None:
    snapshot = scales.catalog.snapshot(dataset="d")
    assert snapshot
    path = next(p for p in tables(scales) if p.parent.name == "rows")
    bad = bytearray(path.read_bytes())
    bad[len(bad) // 3] ^= 0xFF
    path.write_bytes(bytes(bad))
    with pytest.raises(MesocosmError, match="damaged; run 'mesocosm doctor'"):
        export_rows(
            scales.spec.root / ".mesocosm" / snapshot["path"] / "rows",
            snapshot["delta"],
            tmp_path / "x.csv",
        )


def test_a_damaged_log_is_a_sentence(scales: Ecosystem) -> None:
    for log in (scales.spec.root / ".mesocosm" / "datasets" / "d" / "rows" / "_delta_log").glob(
        "*.json"
    ):
        log.write_text("{")
    assert "cannot be read" in find_damage(scales.spec, scales.catalog)["datasets.d"]


def test_an_unchanged_file_is_not_read_twice(
    scales: Ecosystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = scales.spec.root / ".mesocosm"
    find_damage(scales.spec, scales.catalog)
    looks = Integrity(store)
    monkeypatch.setattr(
        "mesocosm.lifecycle.access.integrity.digest_file",
        lambda path: pytest.fail(f"{path} was read again"),
    )
    snapshot = scales.catalog.snapshot(dataset="d")
    assert snapshot and looks.check_snapshot(snapshot) is None


def test_the_world_shows_a_changed_source_a_lost_one_and_damage(scales: Ecosystem) -> None:
    def shown() -> dict[str, tuple[str, str]]:
        scenery = Scenery(scales.spec, scales.catalog, {}, [])
        return {e.id: (e.state, e.says) for e in scenery.scene().elements}

    source = scales.spec.root / "s.csv"
    good = source.read_text()
    assert {state for state, _ in shown().values()} == {"fine"}
    source.write_text(good + "200,1,r\n")
    assert shown()["sources.s"][0] == "watch" and "changed" in shown()["sources.s"][1]
    assert (
        shown()["datasets.d"][0] == "watch" and "its source 's' changed" in shown()["datasets.d"][1]
    )
    source.unlink()
    assert shown()["sources.s"][0] == "alarm" and "no file is at" in shown()["sources.s"][1]
    source.write_text(good)
    tables(scales)[-1].unlink()
    assert shown()["datasets.d"][0] == "alarm" and shown()["sources.s"][0] == "fine"


def test_the_condition_is_looked_at_again_without_making_anybody_wait(scales: Ecosystem) -> None:
    import time

    condition = Condition(scales.spec, scales.catalog, pause=0.05)
    assert condition.now() == {}
    (scales.spec.root / "s.csv").unlink()
    until = time.monotonic() + 20
    while "sources.s" not in condition.now():
        assert time.monotonic() < until
        time.sleep(0.02)

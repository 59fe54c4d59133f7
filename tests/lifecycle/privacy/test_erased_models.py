"""A subject is erased from what the file no longer has, or it is said what was not searched; also
where the task of a stored model is not installed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.catalog.database import schema as t
from mesocosm.core.errors import MesocosmError

pytestmark = pytest.mark.slow

DATA = """ecosystem: ward
sources: {people: {type: csv, path: people.csv}}
datasets:
  folk:
    from: people
    key: card
    fields: {card: {type: text}, age: {type: integer}, ill: {type: boolean}}
"""
MODEL = """models:
  risk: {dataset: folk, target: ill, features: [age]}
"""
OTHER = """  copy:
    from: people
    fields: {age: {type: integer}}
"""


def build_ward(home: Path) -> None:
    lines = [f"card-{i:05d},{20 + i % 60},{i % 60 > 30}" for i in range(200)]
    (home / "people.csv").write_text("\n".join(["card,age,ill", *lines]) + "\n")
    (home / "ecosystem.yaml").write_text(DATA + OTHER + MODEL)
    assert not open_ecosystem(home).build().failed
    (home / "ecosystem.yaml").write_text(DATA)


def test_a_model_and_a_dataset_that_left_the_file_are_reached_or_named(tmp_path: Path) -> None:
    build_ward(tmp_path)
    eco = open_ecosystem(tmp_path)
    trained = [row["snapshot"] for row in eco.catalog.versions("risk")]
    assert trained and trained[0].startswith("folk@")
    missed = eco.data.forget("folk", "card-99999")
    assert missed.absent == 1 and list(missed.not_reached) == ["copy"]
    erased = eco.data.forget("folk", "card-00007")
    assert erased.rows["rows"] == 1
    assert "build --prune" in erased.not_reached["copy"]
    named = [*erased.models, *(str(done["to"]) for done in erased.exact)]
    assert any(version.startswith("risk-v") for version in named)


def test_nothing_is_erased_where_the_task_of_a_stored_version_is_not_installed(
    tmp_path: Path,
) -> None:
    build_ward(tmp_path)
    eco = open_ecosystem(tmp_path)
    (version,) = eco.catalog.versions("risk")
    with eco.catalog.transaction() as con:
        recipe = version["recipe"] | {"task": "delay"}
        con.execute(t.VERSIONS.update().values(recipe=recipe))
    before = eco.catalog.snapshots("folk")
    with pytest.raises(MesocosmError, match="delay"):
        eco.data.forget("folk", "card-00007")
    assert eco.catalog.snapshots("folk") == before
    assert eco.report() and eco.plan() and eco.status()

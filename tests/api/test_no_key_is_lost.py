"""What a verb returns as a record has every key that was measured: a reader that drops one would
lose it without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pytest

from mesocosm.api.ecosystem import Ecosystem, open_ecosystem
from mesocosm.core.records import Record

# rows of the catalog, of which a record shows a part by intent
OF_A_PART = {"DatasetReport", "DatasetVersion"}


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Keys of read JSON that no field of their record holds."""
    found: set[str] = set()
    read = Record.__dict__["from_json"].__func__

    def watch(record: Any, data: Mapping[str, object]) -> Any:
        known = {str(one.metadata.get("key", one.name)) for one in fields(record)}
        if record.__name__ not in OF_A_PART:
            found.update(f"{record.__name__}.{key}" for key in set(data) - known)
        return read(record, data)

    monkeypatch.setattr(Record, "from_json", classmethod(watch))
    return found


def test_a_key_without_a_field_is_seen(lost: set[str]) -> None:
    from mesocosm.catalog.records import Alert

    row = {"id": "a", "monitor": "m", "service": "s", "what": "drift", "message": "", "at": 0.0}
    Alert.from_json(row | {"more": 1})
    assert lost == {"Alert.more"}


def test_no_verb_loses_a_key(lost: set[str], pond: Any) -> None:
    eco: Ecosystem = open_ecosystem(pond)
    eco.plan(details=True)
    eco.build()
    health = eco.report().whole
    eco.status()
    eco.doctor()
    eco.model.bases()
    eco.data.lineage()
    assert health and health.recommendations and all(one.id for one in health.recommendations)
    assert lost == set()

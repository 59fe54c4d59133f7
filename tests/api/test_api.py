"""The Python API: datasets as tables, services as functions of rows, with a server and without."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Server

import mesocosm
from mesocosm.core.errors import ConfigValueError, MesocosmError


def test_a_dataset_is_a_table_and_a_service_a_function(pond: Path) -> None:
    eco = mesocosm.open(pond)
    mail, desk = eco.datasets["mail"], eco.services["desk"]
    assert mail.version is None and repr(mail) == "<dataset mail, not built>"
    with pytest.raises(MesocosmError, match="'mail' is not built"):
        mail.to_arrow()
    with pytest.raises(MesocosmError, match="nothing is deployed for 'desk'"):
        desk.predict({"text": "a", "amount": 1})
    assert not eco.build().failed
    table = mail.to_arrow()
    assert table.column_names == [*mail.fields, "_split"] and table.num_rows == 80
    parts = {part: mail.to_arrow(part).num_rows for part in ("train", "validation", "test")}
    assert sum(parts.values()) == 80 and all(parts.values())
    assert mail.to_pandas("test").shape[0] == parts["test"]
    assert set(mail.quarantine().column_names) == {"file", "line", "reason", "original"}
    row = {"text": "please send 7 more, lovely", "amount": "157 EUR"}
    one = desk.predict(row)
    assert one.label == "yes please" and one.version == desk.version and one.id
    desk.feedback(one.id, "no thanks")
    assert eco.catalog.labelled("desk")[0]["label"] == "no thanks"
    many = desk.predict_rows([row, {"text": "a"}, row | {"amount": "much"}])
    assert [bool(p.why) for p in many] == [False, True, True] and "amount" in str(many[1].why)
    with pytest.raises(ConfigValueError, match="Did you mean 'amount'"):
        desk.predict({"text": "a", "amunt": 3})


def test_a_running_server_answers_for_its_services(server: Server, row: dict[str, object]) -> None:
    desk = mesocosm.open(server.home).services["credit-desk"]
    one = desk.predict(row)
    assert one.label in ("good", "bad") and one.version == desk.version
    assert [p.label for p in desk.predict_rows([row, row])] == [one.label, one.label]

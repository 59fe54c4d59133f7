"""The Python API: datasets as tables, services as functions of rows, with a server and without."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from conftest import Server

import mesocosm
from mesocosm.cli.views.status import StatusData, format_status
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


def test_unknown_names_are_refused_with_the_nearest_and_stay_key_errors(pond: Path) -> None:
    eco = mesocosm.open(pond)
    for views, typo, near in (
        (eco.datasets, "mial", "mail"),
        (eco.services, "dsek", "desk"),
        (eco.models, "jugde", "judge"),
    ):
        with pytest.raises(KeyError) as wrong:
            views[typo]
        assert isinstance(wrong.value, ConfigValueError) and wrong.value.near == near
        assert str(wrong.value).endswith(f"Did you mean '{near}'?") and typo not in views
    with pytest.raises(ConfigValueError, match="no dataset or model is named 'mial'.*'mail'"):
        eco.report("mial")
    with pytest.raises(MesocosmError, match="'mail' was not built yet; run 'mesocosm build'"):
        eco.report("mail")
    assert eco.models["judge"].versions() == [] and eco.datasets["mail"].versions() == []


def test_rows_come_as_a_frame_a_table_or_mappings(pond: Path) -> None:
    import pandas
    import pyarrow

    eco = mesocosm.open(pond)
    assert not eco.build().failed
    desk, judge = eco.services["desk"], eco.models["judge"]
    assert [version.id for version in judge.versions()] == [judge.version]
    assert judge.card().version == judge.version and judge.card().card.startswith("# ")
    mail = eco.datasets["mail"]
    assert [snapshot.id for snapshot in mail.versions()] == [mail.version]
    rows = [{"text": "please send 7 more, lovely", "amount": 157.0}, {"text": "a", "amount": None}]
    frame = pandas.DataFrame(rows)
    expected = [(p.label, p.probability, p.why) for p in desk.predict(rows)]
    for given in (frame, pyarrow.Table.from_pylist(rows), tuple(rows)):
        assert [(p.label, p.probability, p.why) for p in desk.predict(given)] == expected
        assert len(desk.predict_rows(given)) == 2
    assert desk.predict(frame.iloc[0]).label == expected[0][0]
    for given in ("text", [1], 3, {"a"}):
        with pytest.raises(ConfigValueError, match="expected a row as a mapping"):
            desk.predict(given)  # type: ignore[call-overload]


def test_a_refused_version_is_named_wherever_it_is_missing(pond: Path) -> None:
    file = pond / "ecosystem.yaml"
    text = file.read_text(encoding="utf-8")
    gates = '\n    require: {log_loss: "<= -1.0"},\n    fine_tune: {method'
    file.write_text(text.replace("fine_tune: {method", gates), encoding="utf-8")
    eco = mesocosm.open(pond)
    (finding,) = eco.build().failed
    line = file.read_text(encoding="utf-8").splitlines()[finding.place.line - 1]
    assert finding.key == "models.judge.require.log_loss" and "log_loss" in line
    refused = (
        r"'desk': its newest version judge-v1\S* was refused \(log_loss is .*required: <= -1\.0"
    )
    with pytest.raises(MesocosmError, match=refused + r".*change 'require', then run"):
        eco.services["desk"].predict({"text": "a", "amount": 1})
    with pytest.raises(MesocosmError, match=refused):
        eco.predict("desk", {"text": "a", "amount": 1})
    with pytest.raises(MesocosmError, match=refused):
        eco.serve()
    status = eco.status()
    found = status.services["desk"].refused
    assert found and found.version.startswith("judge-v1") and "required: <= -1.0" in found.why
    shown = format_status(cast(StatusData, status.to_json()))
    assert f"{found.version} was refused (log_loss is " in shown and "nothing deployed" in shown

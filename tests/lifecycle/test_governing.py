"""Contracts, retention, versions and lineage of a small ecosystem, as its user meets them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mesocosm.api.ecosystem import Ecosystem, open_ecosystem
from mesocosm.catalog import Catalog
from mesocosm.core.errors import ConfigError, ConfigValueError, MesocosmError
from mesocosm.lifecycle.access.datasets.history import (
    compare_versions,
    export_rows,
    find_version,
    restore_version,
)
from mesocosm.lifecycle.jobs.retention import expire
from mesocosm.reports.openlineage import build_events
from mesocosm.serving.auth.roles import REMEMBERED

pytestmark = pytest.mark.slow

DAY = 86400.0
NOW = 1_790_000_000.0  # 2026-09-21
FILE = """ecosystem: shop
sources:
  orders:
    type: csv
    path: orders.csv
    origin: business
    licence: CC-BY-4.0
    owner: sales@shop
    contract:
      columns: {id: integer, amount: number, day: date}
      unique: [id]
      missing: {amount: 0.25}
      min: 2
datasets:
  sales:
    from: orders
    key: id
    fields:
      id: {type: integer}
      amount: {type: number, missing: {method: median, by: city}}
      day: {type: date}
      city: {type: category}
      mail: {type: text, private: pseudonymise}
    retention: {keep: 2y, by: day}
    owner: ann
    purpose: to bill
    classification: confidential
    access: [analyst]
    split: none
"""
HEAD = "id,amount,day,city,mail\n"
GOOD = (
    HEAD
    + "1,5,2026-01-01,Bonn,a@x.org\n2,6,2026-01-02,Bonn,b@x.org\n3,7,2024-11-01,Kiel,c@x.org\n4,8,2020-01-01,Kiel,d@x.org\n5,9,nonsense,Kiel,e@x.org\n"
    + "".join(f"{i},{i},2026-02-01,Bonn,p{i}@x.org\n" for i in range(10, 150))
)


@pytest.fixture
def shop(tmp_path: Path) -> Ecosystem:
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    (tmp_path / "orders.csv").write_text(GOOD)
    return at(tmp_path, NOW)


def at(home: Path, now: float) -> Ecosystem:
    eco = open_ecosystem(home)
    eco.catalog = Catalog(home / ".mesocosm", clock=lambda: now)
    return eco


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (
            "id,day,city,mail\n1,2026-01-01,Bonn,a\n2,2026-01-01,Bonn,a\n",
            10,
            "its column 'amount' is missing",
        ),
        (HEAD + "1,5,2026-01-01,Bonn,a\n", 13, "it gave 1 rows"),
        (
            HEAD + "1,5,2026-01-01,Bonn,a\n1,6,2026-01-01,Bonn,a\n",
            11,
            "1 values of 'id' are duplicates",
        ),
        (
            HEAD + "1,5,2026-01-01,Bonn,a\n2,six,2026-01-01,Bonn,a\n",
            10,
            "1 of 2 values of 'amount' are not of type 'number'",
        ),
        (
            HEAD + "1,,2026-01-01,Bonn,a\n2,6,2026-01-01,Bonn,a\n",
            12,
            "50.0% of 'amount' are missing",
        ),
    ],
)
def test_a_plan_names_the_source_that_broke_its_contract(
    shop: Ecosystem, text: str, line: int, said: str
) -> None:
    shop.build()
    kept = shop.catalog.snapshot(dataset="sales")
    (shop.spec.root / "orders.csv").write_text(text)
    with pytest.raises(ConfigError) as caught:
        shop.plan()
    finding = caught.value.findings[0]
    assert finding.place.line == line and finding.key.startswith("sources.orders.contract")
    assert said in str(finding.found) and "ask sales@shop" in str(finding.expected)
    assert shop.catalog.snapshot(dataset="sales") == kept


def test_a_contract_on_freshness_is_judged_by_the_clock(tmp_path: Path) -> None:
    (tmp_path / "ecosystem.yaml").write_text(FILE.replace("min: 2", "fresh: {by: day, within: 1d}"))
    (tmp_path / "orders.csv").write_text(GOOD.replace("nonsense", "2026-01-01"))
    with pytest.raises(ConfigError, match="days old"):
        open_ecosystem(tmp_path).plan()


def test_a_row_without_a_date_counts_as_too_old_where_the_file_says_so(shop: Ecosystem) -> None:
    file = shop.spec.root / "ecosystem.yaml"
    file.write_text(
        file.read_text().replace("keep: 2y, by: day", "keep: 2y, by: day, undated: expire")
    )
    eco = at(shop.spec.root, NOW)
    eco.build()
    a = eco.catalog.snapshot(dataset="sales")["account"]
    assert (
        a["expired"] == 2
        and a["in"] == a["kept"] + a["quarantined"] + a["duplicates"] + a["expired"] == 145
    )


def test_rows_leave_by_their_age_at_a_build_and_by_themselves(shop: Ecosystem) -> None:
    shop.build()
    first = shop.catalog.snapshot(dataset="sales")
    a = first["account"]
    assert (
        a["expired"] == 1
        and a["in"] == a["kept"] + a["quarantined"] + a["duplicates"] + a["expired"] == 145
    )
    assert expire(shop.spec, shop.catalog) == []
    later = at(shop.spec.root, NOW + 100 * DAY)  # the row of 2024-11-01 is over two years old now
    done = expire(later.spec, later.catalog)
    assert done[0]["rows"]["rows"] == 1
    second = later.catalog.snapshot(dataset="sales")
    a = second["account"]
    assert (
        a["expired"] == 2
        and a["in"] == a["kept"] + a["quarantined"] + a["duplicates"] + a["expired"]
    )
    export_rows(later.spec, later.catalog, "sales", "newest", shop.spec.root / "out.csv")
    days = [
        line.split(",")[8] for line in (shop.spec.root / "out.csv").read_text().splitlines()[1:]
    ]
    assert "2026-01-01" in days and not [d for d in days if d < "2025"]
    files = list((later.spec.root / ".mesocosm" / "datasets" / "sales" / "rows").glob("*.parquet"))
    assert len(files) == 1  # older versions are gone with their files
    assert later.catalog.verify_audit() is None


def test_versions_are_compared_travelled_to_and_brought_back(shop: Ecosystem) -> None:
    root = shop.spec.root
    shop.build()
    (root / "orders.csv").write_text(
        GOOD.replace("1,5,2026-01-01", "1,500,2026-01-01").replace(
            "2,6,2026-01-02,Bonn,b@x.org\n", ""
        )
        + "200,1,2026-03-01,Bonn,z@x.org\n"
    )
    later = at(root, NOW + 60)
    later.build()
    found = compare_versions(later.spec, later.catalog, "sales", "previous", "newest")
    assert found["rows"] == {"added": 1, "removed": 1, "changed": 1, "same": 141} and found[
        "changed"
    ] == {"amount": 1}
    assert (
        found["fields"]["amount"]["old"]["mean"] != found["fields"]["amount"]["new"]["mean"]
        and found["fields"]["amount"]["psi"] > 0
    )
    assert found["files"] == ["orders.csv"] and "x.org" not in json.dumps(found)
    old, new = (find_version(later.catalog, "sales", s) for s in ("previous", "newest"))
    assert (
        find_version(later.catalog, "sales", "1") == old
        and find_version(later.catalog, "sales", new["id"]) == new
    )
    with pytest.raises(ConfigValueError, match="had no version by 2020-01-01"):
        find_version(later.catalog, "sales", "2020-01-01")
    third = at(root, NOW + 120)
    back = restore_version(third.spec, third.catalog, "sales", "previous", "test", "a test")
    assert back["is"] == old["id"]
    assert compare_versions(third.spec, third.catalog, "sales", old["id"], "newest")["rows"] == {
        "added": 0,
        "removed": 0,
        "changed": 0,
        "same": 143,
    }
    assert {c.sign for c in third.plan()} == {"="}
    with pytest.raises(MesocosmError, match="newest version already"):
        restore_version(third.spec, third.catalog, "sales", "newest", "test", "")


def test_lineage_is_given_as_openlineage_events_column_by_column(shop: Ecosystem) -> None:
    shop.build()
    said = list(build_events(shop.spec, shop.catalog))
    event = json.loads(said[0])
    assert (
        event["eventType"] == "COMPLETE"
        and event["job"]["name"] == "govern.sales"
        and event["schemaURL"].startswith("https://openlineage.io/spec/")
    )
    facets = event["outputs"][0]["facets"]
    fields = facets["columnLineage"]["fields"]
    direct = fields["mail"]["inputFields"][0]
    assert (direct["name"], direct["field"], direct["transformations"][0]["masking"]) == (
        "sources.orders",
        "mail",
        True,
    )
    told = {(f["field"], f["transformations"][0]["type"]) for f in fields["amount"]["inputFields"]}
    assert told == {("amount", "DIRECT"), ("city", "INDIRECT")}
    assert (
        facets["ownership"]["owners"][0]["name"] == "ann"
        and facets["tags"]["tags"][0]["value"] == "confidential"
    )
    marks = {(m["key"], m["value"]) for m in event["inputs"][0]["facets"]["tags"]["tags"]}
    assert marks == {("origin", "business"), ("licence", "CC-BY-4.0")}
    assert list(build_events(shop.spec, shop.catalog)) == said  # a run bears one id for good
    assert "x.org" not in said[0]


def test_a_role_reads_the_rows_it_has_access_to_and_no_more(shop: Ecosystem) -> None:
    from fastapi.testclient import TestClient

    from mesocosm.app.run import Running

    shop.build()
    running = Running(shop.spec, shop.catalog, "t" * 20)
    analyst, guest = (
        shop.catalog.give_token("analyst", "ask", 60, "test"),
        shop.catalog.give_token("guest", "see", 60, "test"),
    )
    with TestClient(running.app, base_url="http://127.0.0.1") as http:

        def ask(token: str, path: str = "/v1/datasets/sales/rows?limit=2", **more: Any) -> Any:
            return http.request(
                more.pop("method", "GET"),
                path,
                headers={"Authorization": f"Bearer {token}"},
                **more,
            )

        assert [r["id"] for r in ask(analyst).json()["rows"]] == [1, 2] and ask(
            "t" * 20
        ).status_code == 200
        refused = ask(guest)
        assert (
            refused.status_code == 403
            and "'guest' is not among the roles" in refused.json()["detail"]
        )
        changed = ask(analyst, "/v1/datasets/sales/changes?limit=5").json()
        assert changed["version"] == shop.datasets["sales"].version and "counts" in changed
        assert ask(guest, "/v1/datasets/sales/changes").status_code == 403
        checked = ask(analyst, "/v1/datasets/sales/checks").json()
        assert checked["version"] == changed["version"] and checked["rules"] == []
        assert ask(guest, "/v1/datasets/sales/checks").status_code == 403
        wrong = ask(analyst, "/v1/datasets/sales/changes?field=amuont")
        assert wrong.status_code == 422 and "amount" in wrong.text
        assert ask(analyst, "/v1/datasets/sales/changes?limit=-1").status_code == 422
        assert ask(analyst, "/v1/datasets/sales/changes?row=x").status_code == 422
        assert ask("x").status_code == 401
        assert ask(guest, "/v1/ecosystem").status_code == 200
        assert ask(guest, "/v1/services/none/predict", method="POST", json={}).status_code == 403
        assert ask(analyst, "/v1/services/none/rollback", method="POST", json={}).status_code == 403
        assert shop.catalog.revoke_tokens("analyst", "test") == 1
        late = time.monotonic() + 2 * REMEMBERED
        while (
            ask(analyst).status_code == 200 and time.monotonic() < late
        ):  # a gateway remembers a role for a moment
            time.sleep(0.1)
        assert ask(analyst).status_code == 401
    assert any(line["act"] == "read" and line["who"] == "analyst" for line in shop.catalog.audit())
    assert analyst not in json.dumps(shop.catalog.audit())


def test_a_running_server_builds_a_source_that_grew_and_raises_an_alert_where_it_broke(
    shop: Ecosystem,
) -> None:
    from mesocosm.app.run import Running

    (shop.spec.root / "ecosystem.yaml").write_text(
        FILE.replace("owner: sales@shop", "owner: sales@shop\n    every: 1s")
    )
    eco = open_ecosystem(shop.spec.root)
    eco.build()
    running = Running(eco.spec, eco.catalog)
    assert running.jobs.follow(["orders"]) is None
    before = eco.catalog.snapshot(dataset="sales")["account"]["in"]
    with (shop.spec.root / "orders.csv").open("a") as handle:
        handle.write("900,5,2026-02-02,Bonn,new@x.org\n")
    with running.maintain():
        until = time.time() + 60
        while (
            time.time() < until and eco.catalog.snapshot(dataset="sales")["account"]["in"] == before
        ):
            time.sleep(0.3)
        assert eco.catalog.snapshot(dataset="sales")["account"]["in"] == before + 1
        (shop.spec.root / "orders.csv").write_text("id,day\n1,2026-01-01\n2,2026-01-01\n")
        while time.time() < until and not eco.catalog.alerts(open_only=True):
            time.sleep(0.3)
        said = eco.catalog.alerts(open_only=True)
        assert (
            len(said) == 1
            and "its column 'amount' is missing" in said[0]["message"]
            and said[0]["monitor"] == "data-build"
        )
        assert eco.catalog.snapshot(dataset="sales")["account"]["in"] == before + 1
    assert not [t for t in threading.enumerate() if "loop" in t.name], (
        "the thread ends with the block"
    )


def test_the_commands_of_governing_answer_in_words_and_in_json(
    shop: Ecosystem, cli: Callable[..., Any]
) -> None:
    home = str(shop.spec.root)
    assert cli("build", "-f", home).returncode == 0
    for words in (["versions", "sales"], ["lineage"], ["token", "analyst"], ["report", "sales"]):
        plain, data = cli(*words, "-f", home), cli(*words, "-f", home, "--json")
        assert (
            plain.returncode == data.returncode == 0
            and plain.stdout.strip()
            and json.loads(data.stdout)
        ), plain.stderr
    wrong = cli("data", "diff", "sales", "9", "-f", home)
    assert (
        wrong.returncode == 1
        and "'sales' has no version '9'" in wrong.stderr
        and "Traceback" not in wrong.stderr
    )

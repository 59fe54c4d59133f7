"""Canary values in every place where a value can stand; none reaches a role that may not read it,
by any route, socket, command or file.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from mesocosm.api.ecosystem import Ecosystem, open_ecosystem
from mesocosm.app.run import Running
from mesocosm.core.confidential.row_values import END, START
from mesocosm.lifecycle.jobs.erasure import forget
from mesocosm.monitoring.notifications import Notifier

pytestmark = pytest.mark.slow

FILE = """ecosystem: nest
sources:
  people: {type: csv, path: people.csv}
  questions: {type: csv, path: "${CANARY_PATH}"}
datasets:
  folk:
    from: people
    key: id
    fields:
      id: text
      hidden: {type: text, private: mask}
      sealed: {type: text, private: encrypt}
      alias: {type: category, private: pseudonymise}
      note: {type: text, private: redact}
      ward: category
      place: category
      age: {type: number, missing: median, outliers: {method: iqr, action: clip}, rules: ["age < 300000"]}
      pulse: {type: number, missing: median}
      label: {type: category, values: [well, ill], missing: quarantine}
    access: [reader]
  faq:
    from: questions
    key: q
    fields: {q: text, a: text}
models:
  risk: {dataset: folk, target: label, features: [age, pulse, place, alias], allow_private: [alias], track: [], fine_tune: {method: frozen, head: linear}}
services:
  desk: {model: risk}
monitors:
  watch: {service: desk, drift: {window: 40}, notify: "${CANARY_HOOK}"}
world: {places: {counter: {service: desk}}}
"""
VARIABLES = {
    "CANARY_PATH": "envcanaryfile.csv",
    "CANARY_HOOK": "http://envcanaryhost.invalid/envcanarypath?k=envcanarykey",
}
ENVIRONMENT = re.compile(r"envcanary(?!file\.csv\b)\w+")  # a file's name stands in rows' lineage
PRIVATE = re.compile(r"(?:HIDDEN|SEALED|ALIAS|ASKEDALIAS)CANARY\d*|notecanary\d+@")
ROWS = re.compile(
    r"(?:GONE|PLACE|WARD|AGE|LABEL|SHORT|RULE|ASKED|BAD|KEY|TOLD|FAQ|CHAT)CANARY|\b99987\b|\b470000\b"
)
TOKEN = "t" * 24
READ_BY_ACCESS = (
    "/v1/datasets/{name}/rows",
    "/v1/datasets/{name}/changes",
    "/v1/datasets/{name}/checks",
)


def people() -> str:
    draw = random.Random(1)
    lines = ["id,hidden,sealed,alias,note,ward,place,age,pulse,label"]
    for i in range(140):
        ill = draw.random() < 0.5
        age: object = {9: "AGECANARY", 11: 99987, 15: 470000}.get(
            i, round(draw.gauss(50 + 9 * ill, 5), 2)
        )
        label = "LABELCANARY" if i == 13 else "ill" if ill else "well"
        place, ward = (
            "PLACECANARY" if i == 7 else "XYZ"[i % 3],
            "WARDCANARY" if i == 5 else "ABC"[i % 3],
        )
        key = "GONECANARY" if i == 17 else f"k{i:04d}"
        lines.append(
            f"{key},HIDDENCANARY{i},SEALEDCANARY{i},ALIASCANARY{i % 3},call"
            f" notecanary{i}@x.org,{ward},{place},{age},{draw.gauss(70 + 5 * ill, 6):.3f},{label}"
        )
    return "\n".join([*lines, "SHORTCANARY,x", lines[3]]) + "\n"


@pytest.fixture(scope="module")
def nest(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Ecosystem, TestClient, Running]]:
    """A built ecosystem that was asked, told and watched, behind its gateway."""
    patch = pytest.MonkeyPatch()
    for name, value in VARIABLES.items():
        patch.setenv(name, value)
    home = tmp_path_factory.mktemp("nest")
    (home / "ecosystem.yaml").write_text(FILE)
    (home / "people.csv").write_text(people())
    (home / VARIABLES["CANARY_PATH"]).write_text(
        "q,a\nWhere is the ward?,In the house FAQCANARY\nWhen is it open?,At nine\n"
    )
    eco = open_ecosystem(home)
    assert not eco.build().failed
    running = Running(eco.spec, eco.catalog, TOKEN)
    with TestClient(
        running.app, base_url="http://127.0.0.1", raise_server_exceptions=False
    ) as http:
        asker = {"Authorization": f"Bearer {eco.catalog.give_token('asker', 'ask', 600, 'test')}"}
        row = {"age": 50, "pulse": 70, "place": "X", "alias": "ASKEDALIASCANARY"}
        for bad in (
            {"age": "BADCANARY"},
            {"age": 470000},
            {"KEYCANARY": 1},
            {"pulse": ["BADCANARY"]},
        ):
            assert (
                http.post("/v1/services/desk/predict", json=row | bad, headers=asker).status_code
                == 422
            )
        asked = [row | {"age": 40 + i, "place": "ASKEDCANARY"} for i in range(45)]
        ids = [
            one["id"]
            for one in (
                http.post("/v1/services/desk/predict", json={"rows": asked}, headers=asker)
                .raise_for_status()
                .json()["predictions"]
            )
        ]
        running.journal.drain()
        assert (
            http.post(
                "/v1/services/desk/feedback", json={"id": ids[0], "label": "ill"}, headers=asker
            ).status_code
            == 200
        )
        assert (
            http.post(
                "/v1/services/desk/feedback",
                json={"id": ids[1], "label": "TOLDCANARY"},
                headers=asker,
            ).status_code
            == 422
        )
        assert (
            http.post(
                "/v1/chat/completions",
                json={"model": "help", "messages": [{"role": "user", "content": "CHATCANARY"}]},
                headers=asker,
            ).status_code
            == 404
        )
        assert len(running.watches[0].look()) == 1
        http.prediction = ids[3]  # type: ignore[attr-defined]
        yield eco, http, running
    patch.undo()


def answers(http: TestClient, token: str) -> Iterator[tuple[str, str]]:
    """What a token is answered by every route that reads, and by the world's socket."""
    head = {"Authorization": f"Bearer {token}"}
    paths = http.get("/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}).json()["paths"]
    for path, ways in paths.items():
        if "get" not in ways or path.endswith("{file}"):
            continue
        name = (
            "folk"
            if "/datasets/" in path
            else (
                "risk"
                if re.search("unsure|proposals", path)
                else "help"
                if path.startswith("/v1/models/")
                else "desk"
            )
        )
        yield (
            path,
            http.get(
                re.sub("{ident}", http.prediction, path)
                .replace("{name}", name)
                .replace("{version}", "risk-v1")
                .replace("{kind}", "dataset"),
                headers=head,
            ).text,
        )  # type: ignore[attr-defined]
        yield f"{path} (error)", http.get(re.sub(r"{\w+}", "none", path), headers=head).text
    with http.websocket_connect("/v1/world", headers={**head, "Host": "127.0.0.1"}) as socket:
        yield "/v1/world", socket.receive_text()


def test_no_canary_reaches_a_role_that_may_not_read_it(
    nest: tuple[Ecosystem, TestClient, Running],
) -> None:
    eco, http, _ = nest
    tokens = {
        may: eco.catalog.give_token(f"one-who-may-{may}", may, 600, "test")
        for may in ("see", "ask", "change")
    }
    tokens |= {"reader": eco.catalog.give_token("reader", "see", 600, "test"), "owner": TOKEN}
    leaks, read = [], dict.fromkeys(tokens, 0)
    for role, token in tokens.items():
        for path, text in answers(http, token):
            found = [
                *PRIVATE.findall(text),
                *ENVIRONMENT.findall(text),
                *(m for m in (START, END, "ufdd") if m in text),
            ]
            rows = ROWS.findall(text)
            read[role] += len(rows)
            if found or (
                rows and role != "owner" and not (role == "reader" and path in READ_BY_ACCESS)
            ):
                leaks.append((role, path, sorted({*found, *rows})))
    assert not leaks
    assert read["owner"] > 10 and read["reader"] and not read["see"], (
        "the owner is shown what others are not"
    )
    seen = http.get("/v1/ecosystem", headers={"Authorization": f"Bearer {tokens['see']}"}).json()
    assert (
        "place has values unseen in training, in 40 of 40 rows: '[withheld]' (40)"
        in seen["alerts"][0]["message"]
    ), "what happened is told to all"
    with (
        pytest.raises(WebSocketDisconnect),
        http.websocket_connect("/v1/world", headers={"Host": "127.0.0.1"}) as socket,
    ):
        socket.receive_text()


def test_every_route_of_the_server_is_in_its_document(
    nest: tuple[Ecosystem, TestClient, Running],
) -> None:
    _, http, running = nest
    listed = http.get("/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}).json()["paths"]
    app: Any = running.app
    while hasattr(app, "app"):
        app = app.app
    for route in app.routes:
        path = route.path.replace(":path}", "}")
        assert (
            path in listed
            or f"{path}/{{file}}" in listed
            or path.replace("{name}", "desk") in listed
        ), path


def test_no_canary_is_in_commands_webhooks_logs_or_records(
    nest: tuple[Ecosystem, TestClient, Running],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from mesocosm.cli.app import run

    eco, http, running = nest
    home = eco.spec.root
    said = {}
    for words in (
        ["report"],
        ["report", "--json"],
        ["status", "--json"],
        ["status"],
        ["trace", http.prediction],
        ["card", "risk"],
        ["versions", "folk"],
        ["check"],
        ["plan", "--json"],
        ["lineage"],
    ):  # type: ignore[attr-defined]
        monkeypatch.setattr("sys.argv", ["mesocosm", *words, "-f", str(home)])
        with pytest.raises(SystemExit) as ended:
            run()
        out, err = capsys.readouterr()
        assert ended.value.code in (0, 1) and out.strip(), (words, err)
        said[" ".join(words)] = out + err
    notifier = Notifier(
        "nest", {n: m.notify for n, m in eco.spec.eco.monitors.items() if m.notify}, eco.catalog
    )
    sent = json.dumps(notifier.message("watch", eco.catalog.alerts(marked=True)))
    assert "'[withheld]' (40)" in sent and not ROWS.search(sent)
    notifier.since = 0
    notifier.look()
    said |= {
        "webhook": sent,
        "trouble": notifier.trouble,
        "audit": json.dumps(eco.catalog.audit(1000)),
        "alerts": json.dumps(eco.catalog.alerts()),
    }
    leaks = {
        what: found
        for what, text in said.items()
        if (
            found := [
                *PRIVATE.findall(text),
                *ENVIRONMENT.findall(text),
                *(m for m in (START, END, "ufdd") if m in text),
            ]
        )
    }
    assert not leaks
    assert "'ASKEDCANARY' (40)" in said["status"], "the owner's own command shows the evidence"
    running.journal.drain()
    assert not list(
        _held(home / ".mesocosm", re.compile(f"{ENVIRONMENT.pattern}|{PRIVATE.pattern}".encode()))
    )
    assert not list(_held(home / ".mesocosm" / "logs", re.compile(ROWS.pattern.encode())))
    forget(eco.spec, eco.catalog, "folk", ["GONECANARY"], "test")
    assert not list(_held(home / ".mesocosm", re.compile(b"GONECANARY")))
    assert eco.catalog.verify_audit() is None


def _held(folder: Path, form: re.Pattern[bytes]) -> Iterator[tuple[str, bytes]]:
    """Files under a folder that hold what a form finds; tables of Parquet are read, since they are
    compressed.
    """
    import pyarrow.parquet as pq

    for path in folder.rglob("*"):
        if path.is_file():
            data = (
                path.read_bytes()
                if path.suffix != ".parquet"
                else str(pq.ParquetFile(path).read().to_pylist()).encode()
            )
            if found := form.search(data):
                yield str(path.relative_to(folder)), found[0]

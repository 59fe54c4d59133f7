"""The gateway as others speak to it: the Open Inference Protocol, the client, files of rows, roles,
and a document that any case keeps to.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet
import pytest
from conftest import SMALL, Server, small_rows

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.client import Client, Refused

pytestmark = pytest.mark.slow

PREDICT = "/v1/services/desk/predict"
UNFINISHED = shutil.ignore_patterns(".aside-*")  # what a running server is still making
ROW = {"text": "please send more, lovely", "amount": 120}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, cli: Callable[..., Any]) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("protocols")
    (home / "ecosystem.yaml").write_text(SMALL)
    (home / "notes.csv").write_text(small_rows())
    assert cli("build", "-f", str(home)).returncode == 0
    one = Server(home)
    yield one
    one.close()


def test_the_inference_protocol(up: Server) -> None:
    http = up.http
    assert (
        http.get("/v2").json()["name"] == "mesocosm"
        and http.get("/v2/health/ready").json() == {"ready": True}
        and http.get("/v2/health/live").json() == {"live": True}
    )
    about = http.get("/v2/models/desk").json()
    assert {i["name"]: i["datatype"] for i in about["inputs"]} == {
        "text": "BYTES",
        "amount": "FP64",
    } and about["versions"][0].startswith("judge-v1")
    assert http.get(f"/v2/models/desk/versions/{about['versions'][0]}/ready").json() == {
        "name": "desk",
        "ready": True,
    }
    inputs = [
        {
            "name": "text",
            "shape": [2],
            "datatype": "BYTES",
            "data": ["please send 4 more, lovely", "stop sending, awful"],
        },
        {"name": "amount", "shape": [2, 1], "datatype": "FP64", "data": [[120.5], [None]]},
    ]
    said = (
        http.post("/v2/models/desk/infer", json={"id": "mine", "inputs": inputs})
        .raise_for_status()
        .json()
    )
    found = {o["name"]: o for o in said["outputs"]}
    assert (
        said["id"] == "mine"
        and said["model_version"] == about["versions"][0]
        and found["label"]["data"] == ["yes please", "no thanks"]
        and found["probability"]["shape"] == [2]
    )
    assert http.get(f"/v1/lineage/{found['id']['data'][0]}").status_code == 200
    ours = http.post(
        PREDICT, json={"rows": [{"text": "please send 4 more, lovely", "amount": 120.5}]}
    ).json()["predictions"][0]
    assert ours["probability"] == pytest.approx(found["probability"]["data"][0], abs=1e-4)
    only = http.post(
        f"/v2/models/desk/versions/{about['versions'][0]}/infer",
        json={"inputs": inputs, "outputs": [{"name": "label"}]},
    ).json()
    assert [o["name"] for o in only["outputs"]] == ["label"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, "'inputs', a list of tensors"),
        (
            {"inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "data": ["a"]}]},
            "the shape of 'text' is [2] and its data has 1 values",
        ),
        (
            {
                "inputs": [
                    {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]},
                    {"name": "amount", "shape": [2], "datatype": "FP64", "data": [1, 2]},
                ]
            },
            "different lengths",
        ),
        (
            {"inputs": [{"name": "txt", "shape": [1], "datatype": "BYTES", "data": ["a"]}]},
            "Did you mean 'text'?",
        ),
        (
            {
                "inputs": [
                    {"name": n, "shape": [1], "datatype": "BYTES", "data": [d]}
                    for n, d in ROW.items()
                ],
                "outputs": [{"name": "logits"}],
            },
            "no output is named 'logits'",
        ),
        (
            {
                "inputs": [
                    {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]},
                    {"name": "amount", "shape": [1], "datatype": "FP64", "data": ["much"]},
                ]
            },
            "row 0: amount: 'much' is not a number",
        ),
    ],
)
def test_a_tensor_that_cannot_be_right(up: Server, body: Any, found: str) -> None:
    answer = up.http.post("/v2/models/desk/infer", json=body)
    assert answer.status_code == 422 and found in answer.json()["error"], answer.text


def test_a_malformed_row_fails_alone_and_what_is_new_is_answered_with_a_warning(
    up: Server, cli: Callable[..., Any]
) -> None:
    predict = "/v1/services/desk/predict"
    rows = [ROW, {"text": "a"}, {"amount": 3}, ROW | {"amount": "much"}, ROW]
    answer = up.http.post(predict, json={"rows": rows})
    said = answer.json()["predictions"]
    assert answer.status_code == 200 and [
        ("why" in one, one.get("index"), one.get("field")) for one in said
    ] == [
        (False, None, None),
        (True, 1, "amount"),
        (True, 2, "text"),
        (True, 3, "amount"),
        (False, None, None),
    ]
    assert (
        said[0]["probabilities"]
        == said[4]["probabilities"]
        == up.http.post(predict, json=ROW).json()["probabilities"]
    )
    blank = up.http.post(
        predict,
        json={
            "rows": [
                {"text": " ", "amount": None},
                {"text": "", "amount": "n/a"},
                {"text": "?", "amount": None},
                ROW,
            ]
        },
    ).json()["predictions"]
    assert [[w["warning"] for w in one.get("warnings", [])] for one in blank] == [
        ["empty row"],
        ["empty row"],
        [],
        [],
    ]  # a text is read letter for letter
    alone = up.http.post(predict, json={"text": "a"})
    none = up.http.post(predict, json={"rows": rows[1:3]})
    assert (
        alone.status_code == none.status_code == 422
        and alone.json()["field"] == "amount"
        and [e["index"] for e in none.json()["errors"]] == [0, 1]
    )
    infinite = [
        (predict, '{"text": "a", "amount": Infinity}', "amount"),
        (
            predict,
            '{"rows": [{"text": "a", "amount": 1}, {"text": "a", "amount": NaN}]}',
            "rows[1].amount",
        ),
        (predict, '{"text": "a", "amount": -1e999}', "amount"),
    ]
    infinite += [
        (
            "/v2/models/desk/infer",
            '{"inputs": [{"name": "amount", "shape": [1], "datatype": "FP64", "data": [NaN]}]}',
            "inputs[0].data[0]",
        )
    ]
    for path, body, field in infinite:
        refused = up.http.post(path, content=body, headers={"Content-Type": "application/json"})
        spoken = (
            "application/json" if path.startswith("/v2") else "application/problem+json"
        )  # the inference protocol has an error of its own
        assert (
            refused.status_code == 400
            and refused.headers["content-type"] == spoken
            and refused.json()["field"] == field
        ), refused.text
    with Client(up.url, up.token) as client, pytest.raises(Refused, match="is not JSON"):
        client.predict("desk", ROW | {"amount": float("inf")})
    done = cli(
        "predict", "desk", "--input", '{"text": "a", "amount": Infinity}', "-f", str(up.home)
    )
    assert done.returncode == 1 and "amount: Infinity and NaN" in done.stderr


def test_the_client(up: Server) -> None:
    with Client(up.url, up.token) as client:
        assert client.ready()
        one = client.predict("desk", ROW, deadline_ms=20_000)
        assert (
            one.label == "yes please"
            and one.version.startswith("judge-v1")
            and one.probability
            and abs(sum(one.probabilities.values()) - 1) < 1e-3
        )
        many = client.predict_rows("desk", [ROW, ROW | {"text": None}, ROW | {"amount": "much"}])
        assert [bool(p.why) for p in many][::2] == [False, True] and "not a number" in str(
            many[2].why
        )
        client.feedback("desk", one.id, "yes please")
        with pytest.raises(Refused, match="Did you mean 'amount'") as caught:
            client.predict("desk", {"text": "a", "amunt": 3})
        assert caught.value.status == 422
    with Client(up.url, "no") as stranger, pytest.raises(Refused, match="send the token"):
        stranger.predict("desk", ROW)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_file_of_rows(up: Server, tmp_path: Path, cli: Callable[..., Any], ending: str) -> None:
    """With the server and without; the same labels, other columns untouched, a row that cannot be
    right refused alone.
    """
    rows = [
        {
            "who": f"=cmd{i}",
            "text": f"please send {i} more, lovely" if i % 2 else f"stop sending number {i}, awful",
            "amount": "much" if i == 7 else "1e9" if i == 9 else str(100 + i),
        }
        for i in range(30)
    ]
    with (tmp_path / "in.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    found = []
    for home in (up.home, tmp_path / "still"):
        if not home.exists():
            shutil.copytree(up.home, home, ignore=UNFINISHED)
            (home / ".mesocosm" / "server.json").unlink()
        out = tmp_path / f"out-{home.name}.{ending}"
        done = cli(
            "predict",
            "desk",
            "--rows",
            str(tmp_path / "in.csv"),
            "--out",
            str(out),
            "-f",
            str(home),
            "--json",
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told = json.loads(done.stdout)
        assert (told["rows"], told["predicted"], told["refused"], told["reasons"]) == (
            30,
            29,
            1,
            {"amount": 1},
        )
        if ending == "csv":
            read = list(csv.DictReader(out.open(newline="")))
            assert read[0]["who"] == "'=cmd0"  # a table program must not run it
        else:
            read = (
                [json.loads(line) for line in out.read_text().splitlines()]
                if ending == "jsonl"
                else pyarrow.parquet.read_table(out).to_pylist()
            )
            assert read[0]["who"] == "=cmd0"
        assert "not a number" in read[7]["why"] and not read[7]["label"]
        assert (
            "far outside the training range" in read[9]["warnings"]
            and not read[0]["warnings"]
            and told["warned"] == 1
        )
        found.append([r["label"] or None for r in read])
    assert found[0] == found[1] and set(found[0]) == {"yes please", "no thanks", None}


def test_files_that_cannot_be(up: Server, tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "a.csv").write_text("")
    (tmp_path / "d.csv").write_bytes(
        "text,amount\nmöchten,5\n".encode("utf-16-le")[:-1] + b"\x00\x00\xff\xfe\x00"
    )
    (tmp_path / "b.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "c.xls").write_text("x")
    for name, said in (
        ("a.csv", "'a.csv' is empty"),
        ("d.csv", "it holds a NUL byte"),
        ("b.parquet", "b.parquet cannot be read"),
        ("c.xls", "ends in '.xls'"),
        ("none.csv", "does not exist"),
    ):
        done = cli(
            "predict",
            "desk",
            "--rows",
            str(tmp_path / name),
            "--out",
            str(tmp_path / "out.csv"),
            "-f",
            str(up.home),
        )
        assert (
            done.returncode == 1
            and said in " ".join(done.stderr.split())
            and "Traceback" not in done.stderr
        ), done.stderr
        assert not (tmp_path / "out.csv").exists()


def test_a_line_that_is_no_row_is_refused_alone(
    up: Server, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    """The others are predicted; each bad line says what is wrong with it and where it stands."""
    good = '"please send more,\nlovely",120'
    (tmp_path / "in.csv").write_text(f"text,amount\n{good}\nshort\n\nlong,1,2\n{good}\n")
    (tmp_path / "in.jsonl").write_text(
        '{"text": "please send more, lovely", "amount": 120}\n{"text": "a"\n\n[1]\n{"text": "a",'
        ' "amount": 1, "amount": 2}\n{"text": "please send more, lovely", "amount": 120}\n'
    )
    wanted = {
        "csv": ["", "line 4: expected 2 columns, got 1", "line 6: expected 2 columns, got 3", ""],
        "jsonl": [
            "",
            "line 2 is not JSON",
            "line 4 is not an object",
            "line 5: duplicate key 'amount'",
            "",
        ],
    }
    for ending, reasons in wanted.items():
        out = tmp_path / f"out-{ending}.jsonl"
        done = cli(
            "predict",
            "desk",
            "--rows",
            str(tmp_path / f"in.{ending}"),
            "--out",
            str(out),
            "-f",
            str(up.home),
            "--json",
        )
        assert done.returncode == 0, done.stdout + done.stderr
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        assert [bool(r["label"]) for r in rows] == [not why for why in reasons]
        assert all(
            str(r["why"] or "").startswith(why) for r, why in zip(rows, reasons, strict=True)
        ), rows
        assert json.loads(done.stdout)["refused"] == sum(map(bool, reasons))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_columns_beside_the_fields_keep_their_values(
    up: Server, tmp_path: Path, cli: Callable[..., Any], ending: str
) -> None:
    """Decimals and dates of a Parquet file come out as they went in, whatever the service is
    sent.
    """
    given = {
        "text": ["please send more, lovely"],
        "amount": [Decimal("120.50")],
        "paid": [Decimal("1.10")],
        "day": [date(2024, 2, 29)],
    }
    pyarrow.parquet.write_table(pyarrow.table(given), tmp_path / "in.parquet")
    out = tmp_path / f"out.{ending}"
    done = cli(
        "predict",
        "desk",
        "--rows",
        str(tmp_path / "in.parquet"),
        "--out",
        str(out),
        "-f",
        str(up.home),
        "--json",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if ending == "parquet":
        (row,) = pyarrow.parquet.read_table(out).to_pylist()
        assert (row["paid"], row["day"]) == (Decimal("1.10"), date(2024, 2, 29))
    else:
        row = (
            next(csv.DictReader(out.open(newline="")))
            if ending == "csv"
            else json.loads(out.read_text())
        )
        assert (row["paid"], row["day"]) == ({"csv": "1.10", "jsonl": 1.1}[ending], "2024-02-29")
    assert row["label"] == "yes please"


def test_words_come_one_by_one(bank: Path, server: Server) -> None:
    body = {
        "model": "help-desk",
        "stream": True,
        "messages": [{"role": "user", "content": "my card is gone, I think I lost it"}],
    }
    with server.http.stream("POST", "/v1/chat/completions", json=body) as answer:
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    assert lines[-1] == "[DONE]"
    pieces = [json.loads(line) for line in lines[:-1]]
    whole = server.http.post("/v1/chat/completions", json=body | {"stream": False}).json()
    assert (
        "".join(p["choices"][0]["delta"].get("content", "") for p in pieces)
        == whole["choices"][0]["message"]["content"]
    )
    assert (
        pieces[-1]["choices"][0]["finish_reason"] == "stop"
        and pieces[-1]["grounding"]["source"]["file"] == "data/faq.csv"
    )


def test_roles_rates_and_origins(up: Server) -> None:
    catalog = open_ecosystem(up.home).catalog
    seer, asker = (
        catalog.give_token("viewer", "see", 600, "test"),
        catalog.give_token("clerk", "ask", 600, "test"),
    )

    def as_(token: str, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return httpx.request(
            method, up.url + path, json=body, headers={"Authorization": f"Bearer {token}"} | headers
        )

    assert (
        as_(seer, "GET", "/v1/ecosystem").status_code == 200
        and as_(seer, "POST", PREDICT, ROW).status_code == 403
    )
    assert (
        as_(asker, "POST", PREDICT, ROW).status_code == 200
        and as_(asker, "POST", "/v2/models/desk/infer", {}).status_code == 422
    )
    assert as_(asker, "POST", "/v1/services/desk/rollback", {}).status_code == 403
    assert as_(up.token, "POST", PREDICT, ROW, Origin="http://evil.example").status_code == 403
    assert as_(up.token, "POST", PREDICT, ROW, Host="rebound.example").status_code == 403
    with httpx.Client(base_url=up.url, headers={"Authorization": f"Bearer {seer}"}) as http:
        said = [http.get("/v2/health/live") for _ in range(400)]
    late = [s for s in said if s.status_code == 429]
    assert (
        late
        and late[0].headers["retry-after"] == "1"
        and "100 requests a second" in late[0].json()["error"]
    )
    assert (
        as_(up.token, "GET", "/v2/health/live").status_code == 200
    )  # one that asks too often is nobody else's trouble
    catalog.revoke_tokens("clerk", "test")
    import time

    time.sleep(2.1)
    assert as_(asker, "POST", PREDICT, ROW).status_code == 401


def test_headers_say_what_a_page_may(up: Server) -> None:
    answer = up.http.get("/?token=" + up.token)
    policy = answer.headers["content-security-policy"]
    assert (
        "script-src 'self'" in policy
        and "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
        and "frame-ancestors 'none'" in policy
    )
    assert (
        "HttpOnly" in answer.headers["set-cookie"]
        and "SameSite=strict" in answer.headers["set-cookie"]
    )
    assert (
        up.http.get("/healthz", headers={"X-Request-Id": "a b\u00fc".encode()})
        .headers["x-request-id"]
        .startswith("r-")
    )


def test_every_case_of_the_document_is_answered(up: Server, tmp_path: Path) -> None:
    """Schemathesis makes cases of the OpenAPI document, right and wrong ones; none is answered with
    a 5xx.
    """
    config = tmp_path / "schemathesis.toml"
    config.write_text("")
    words = [
        "run",
        f"{up.url}/openapi.json",
        "-H",
        f"Authorization: Bearer {up.token}",
        "--checks",
        "not_a_server_error",
        "--max-examples",
        "8",
        "--phases",
        "examples,coverage,fuzzing",
        "--seed",
        "7",
        "--workers",
        "1",
    ]
    done = subprocess.run(
        [str(Path(sys.executable).parent / "schemathesis"), f"--config-file={config}", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    made = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert made and made[1] == made[2] and int(made[1]) > 200, done.stdout[-1500:]


def test_every_route_is_in_the_document(up: Server) -> None:
    from mesocosm.app.run import Running

    eco = open_ecosystem(up.home)
    running = Running(eco.spec, eco.catalog, "t" * 20)
    running.nursery.close()
    app = running.app.app.app  # type: ignore[attr-defined]
    paths = up.http.get("/openapi.json").json()["paths"]
    wanted = {
        (r.path, m.lower())
        for r in app.routes
        for m in getattr(r, "methods", None) or ()
        if m != "HEAD"
    }
    assert len(wanted) > 30 and [w for w in wanted if w[1] not in paths.get(w[0], {})] == []
    assert {"/v1/visitors", "/v1/services/desk/predict", "/v2/models/desk/infer"} <= set(paths)


def test_failures_are_in_the_form_of_the_protocol_that_is_spoken(up: Server) -> None:
    chat, bare = "/v1/chat/completions", httpx.Client(base_url=up.url)
    for answer, kind in (
        (bare.post(chat), "authentication_error"),
        (up.http.post(chat, content=b"{"), "invalid_request_error"),
        (
            up.http.post(chat, json={"model": "no", "messages": [{"content": "x"}]}),
            "invalid_request_error",
        ),
        (up.http.get("/v1/models/no"), "invalid_request_error"),
        (up.http.get(chat), "invalid_request_error"),
    ):
        assert (
            answer.json()["error"]["type"] == kind
            and answer.json()["error"]["message"]
            and answer.status_code >= 400
        )
    for answer in (
        bare.get("/v2"),
        up.http.get("/v2/models/no"),
        up.http.post("/v2/models/desk/infer", json={}),
        up.http.get("/v2/none"),
        up.http.post("/v2/models/desk/infer", content=b"{"),
    ):
        assert isinstance(answer.json()["error"], str) and answer.status_code >= 400
    for answer in (
        bare.get("/v1/work"),
        up.http.get("/none"),
        up.http.put("/healthz"),
        up.http.get("/v1/datasets/mail/rows?offset=x"),
        up.http.get("/v1/models/no/unsure"),
        up.http.get("/assets/none.js"),
    ):
        assert (
            answer.headers["content-type"] == "application/problem+json"
            and answer.json()["status"] == answer.status_code
        )


def test_tensors_come_and_go_as_bytes(up: Server) -> None:
    import struct

    texts = [b"please send 4 more, lovely", b"stop sending, awful"]
    raw = b"".join(struct.pack("<I", len(t)) + t for t in texts) + struct.pack("<2d", 120.5, 3.0)
    inputs = [
        {
            "name": "text",
            "shape": [2],
            "datatype": "BYTES",
            "parameters": {"binary_data_size": len(raw) - 16},
        },
        {
            "name": "amount",
            "shape": [2, 1],
            "datatype": "FP64",
            "parameters": {"binary_data_size": 16},
        },
    ]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    answer = up.http.post(
        "/v2/models/desk/infer",
        content=head + raw,
        headers={"Inference-Header-Content-Length": str(len(head))},
    )
    size = int(answer.headers["inference-header-content-length"])
    outputs = {
        o["name"]: o["parameters"]["binary_data_size"]
        for o in json.loads(answer.content[:size])["outputs"]
    }
    assert (
        answer.status_code == 200
        and sum(outputs.values()) == len(answer.content) - size
        and outputs["probability"] == 16
    )
    assert (
        struct.pack("<I", 10) + b"yes please" + struct.pack("<I", 9) + b"no thanks"
        in answer.content
    )
    for bad in (head + raw[:-1], head + raw + b"x", head):
        wrong = up.http.post(
            "/v2/models/desk/infer",
            content=bad,
            headers={"Inference-Header-Content-Length": str(len(head))},
        )
        assert wrong.status_code == 400 and isinstance(wrong.json()["error"], str)


def test_triton_s_client_works_as_it_comes(up: Server) -> None:
    import numpy as np
    import tritonclient.http as triton

    client = triton.InferenceServerClient(up.url.removeprefix("http://"))
    headers = {"Authorization": f"Bearer {up.token}"}
    assert client.is_server_live(headers) and client.is_model_ready("desk", headers=headers)
    text, amount = triton.InferInput("text", [2], "BYTES"), triton.InferInput("amount", [2], "FP64")
    text.set_data_from_numpy(
        np.array([b"please send 4 more, lovely", b"stop sending, awful"], dtype=object)
    )
    amount.set_data_from_numpy(np.array([120.5, 3.0]))
    found = client.infer("desk", [text, amount], headers=headers)
    assert [v.decode() for v in found.as_numpy("label")] == [
        "yes please",
        "no thanks",
    ] and found.as_numpy("probability").shape == (2,)
    with pytest.raises(triton.InferenceServerException, match="no service is named 'no'"):
        client.infer("no", [text, amount], headers=headers)


def test_half_a_character_is_no_json(up: Server) -> None:
    answer = up.http.post(PREDICT, content=b'{"text": "\\ud800", "amount": 1}')
    assert answer.status_code == 400 and "not valid JSON" in answer.json()["detail"]
    assert up.http.post(
        PREDICT, content=b'{"text": "a", "amount": 123456789012345678901234567890}'
    ).status_code in (200, 422)


def test_a_trace_goes_from_the_request_to_the_model(
    up: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent to a collector as OpenTelemetry has it, under the caller's own span, without a value of
    the row.
    """
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    bodies: list[bytes] = []

    class Collect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            import gzip

            body = self.rfile.read(int(self.headers["content-length"]))
            bodies.append(
                gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    collector = HTTPServer(("127.0.0.1", 0), Collect)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    home = tmp_path / "home"
    shutil.copytree(up.home, home, ignore=UNFINISHED)
    (home / ".mesocosm" / "server.json").unlink()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    other = Server(home)
    caller = "0af7651916cd43dd8448eb211c80319c"
    said = other.http.post(
        PREDICT,
        json=ROW | {"text": "xylophone please"},
        headers={"traceparent": f"00-{caller}-b7ad6b7169203331-01"},
    ).json()
    other.close()
    collector.shutdown()
    spans = []
    for body in bodies:
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        spans += [s for r in request.resource_spans for scope in r.scope_spans for s in scope.spans]
    mine = {s.name: s for s in spans if s.trace_id.hex() == caller}
    outer, inner = mine[f"POST {PREDICT.replace('desk', '{name}')}"], mine["predict"]
    assert (
        inner.parent_span_id == outer.span_id and outer.parent_span_id.hex() == "b7ad6b7169203331"
    )
    assert (
        outer.start_time_unix_nano
        <= inner.start_time_unix_nano
        <= inner.end_time_unix_nano
        <= outer.end_time_unix_nano
    )
    assert {a.key: a.value.string_value for a in inner.attributes}["mesocosm.version"] == said[
        "version"
    ]
    assert not any(b"xylophone" in body for body in bodies)

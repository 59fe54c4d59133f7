"""What is exported is what other systems read: their own schemas and tools say so, and a real
Prometheus fires on a real drift.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from conftest import BANK, Server

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.app.deploy.alert_rules import PANELS
from mesocosm.lifecycle.access.data_access import read_columns

pytestmark = pytest.mark.slow


def exported(cli: Callable[..., Any], kind: str, folder: Path, *more: str) -> dict[str, str]:
    done = cli("export", kind, str(folder), "-f", str(BANK), "--json", *more)
    assert done.returncode == 0, done.stdout + done.stderr
    return {
        name: (folder / name).read_text(encoding="utf-8")
        for name in json.loads(done.stdout)["files"]
    }


def test_kubernetes_objects_are_those_of_the_schema(
    cli: Callable[..., Any], tmp_path: Path
) -> None:
    import kubernetes_validate

    files = exported(cli, "kubernetes", tmp_path / "out")
    kinds = {}
    for name, text in files.items():
        for thing in yaml.safe_load_all(text):
            kinds[thing["kind"]] = thing
            if (
                "." not in thing["apiVersion"].split("/")[0]
                or thing["apiVersion"].split("/")[0].endswith(".k8s.io")
                and thing["kind"] != "Kustomization"
            ):
                kubernetes_validate.validate(thing, "1.35", strict=True)
            for listed in thing.get("resources", []) if thing["kind"] == "Kustomization" else []:
                assert (tmp_path / "out" / name).parent.joinpath(listed).exists()
    assert {
        "Deployment",
        "Service",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "ServiceMonitor",
        "PrometheusRule",
        "InferenceService",
        "ServiceAccount",
        "Namespace",
    } <= set(kinds)
    pod = kinds["Deployment"]["spec"]["template"]["spec"]
    (gateway,) = pod["containers"]
    assert (
        pod["securityContext"]["runAsNonRoot"]
        and gateway["securityContext"]["readOnlyRootFilesystem"]
        and not pod["automountServiceAccountToken"]
    )
    assert "$(POD_IP)" in gateway["args"] and any(
        e["name"] == "POD_IP" for e in gateway["env"]
    )  # a scrape calls the pod by its address
    assert gateway["resources"]["limits"]["memory"] and {
        "startupProbe",
        "readinessProbe",
        "livenessProbe",
    } <= set(gateway)
    assert (
        kinds["Deployment"]["spec"]["strategy"]["type"] == "Recreate"
    )  # two gateways may not write one SQLite file over a network
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(
            kinds["Deployment"] | {"spec": {"replicas": "one"}}, "1.35", strict=True
        )


def test_several_replicas_want_a_shared_catalog(cli: Callable[..., Any], tmp_path: Path) -> None:
    files = exported(
        cli,
        "kubernetes",
        tmp_path / "out",
        "--set",
        "replicas=4",
        "--set",
        "image=registry.example/bank:1",
    )
    assert (
        "MESOCOSM_CATALOG" in files["base/deployment.yaml"]
        and "registry.example/bank:1" in files["base/deployment.yaml"]
    )
    assert (
        "ReadWriteMany" in files["base/store.yaml"] and "maxReplicas: 4" in files["base/scale.yaml"]
    )
    wrong = cli("export", "kubernetes", str(tmp_path / "no"), "-f", str(BANK), "--set", "replica=4")
    assert (
        wrong.returncode == 1
        and "Did you mean 'replicas'?" in wrong.stderr
        and not (tmp_path / "no").exists()
    )
    assert (
        "Did you mean 'kubernetes'?"
        in cli("export", "kubernets", str(tmp_path / "no"), "-f", str(BANK)).stderr
    )


def test_prometheus_reads_the_rules_and_every_query_of_the_dashboard(
    cli: Callable[..., Any], tmp_path: Path
) -> None:
    exported(cli, "prometheus", tmp_path / "out")
    (tmp_path / "out" / "token").write_text("x")
    done = subprocess.run(
        ["promtool", "check", "config", "prometheus.yml"],
        cwd=tmp_path / "out",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "SUCCESS" in done.stdout, done.stdout + done.stderr
    board = json.loads(exported(cli, "grafana", tmp_path / "board")["dashboards/mesocosm.json"])
    asked = [t["expr"] for panel in board["panels"] for t in panel["targets"]] + [
        a["expr"] for a in board["annotations"]["list"]
    ]
    assert len(asked) == sum(len(q) for _, _, q in PANELS) + 1
    rules = {
        "groups": [
            {
                "name": "asked",
                "rules": [{"record": f"asked:{n}", "expr": expr} for n, expr in enumerate(asked)],
            }
        ]
    }
    (tmp_path / "asked.yml").write_text(yaml.safe_dump(rules))
    done = subprocess.run(
        ["promtool", "check", "rules", "asked.yml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0 and f"{len(asked)} rules found" in done.stdout, (
        done.stdout + done.stderr
    )


def test_alert_rules_fire_when_they_should(cli: Callable[..., Any], tmp_path: Path) -> None:
    exported(cli, "prometheus", tmp_path)
    series = [
        {"series": 'mesocosm_requests_total{service="desk",status="5xx"}', "values": "0+5x60"},
        {"series": 'mesocosm_requests_total{service="desk",status="2xx"}', "values": "0+95x60"},
        {"series": 'mesocosm_requests_total{service="calm",status="2xx"}', "values": "0+95x60"},
        {"series": "mesocosm_journal_bytes", "values": "0x20 4000x40"},
    ]
    wanted = [
        {
            "eval_time": "15m",
            "alertname": "MesocosmErrors",
            "exp_alerts": [
                {
                    "exp_labels": {"severity": "critical", "service": "desk"},
                    "exp_annotations": {
                        "summary": "desk fails 5% of its requests.",
                        "runbook_url": "docs/how-to/on-call.md#requests-fail",
                    },
                }
            ],
        },
        {"eval_time": "4m", "alertname": "MesocosmJournal", "exp_alerts": []},
    ]
    (tmp_path / "test.yml").write_text(
        yaml.safe_dump(
            {
                "rule_files": ["rules.yml"],
                "evaluation_interval": "15s",
                "tests": [{"interval": "15s", "input_series": series, "alert_rule_test": wanted}],
            }
        )
    )
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_image_carries_the_project_and_nothing_made(
    cli: Callable[..., Any], tmp_path: Path
) -> None:
    files = exported(cli, "docker", tmp_path / "out")
    docker = files["Dockerfile"]
    assert (
        docker.count("\nFROM ") == 2 - docker.startswith("FROM ")
        and "USER 10001:10001" in docker
        and "HEALTHCHECK" in docker
    )
    copied = [
        json.loads(line.split("root:root ")[1])[0]
        for line in docker.splitlines()
        if line.startswith("COPY --chown")
    ]
    assert (
        "ecosystem.yaml" in copied
        and all((BANK / c).exists() for c in copied)
        and not any(".mesocosm" in c for c in copied)
    )
    assert files[".dockerignore"].splitlines()[0] == "*" and ".mesocosm" in files[".dockerignore"]
    bill = json.loads(files["sbom.cdx.json"])
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    parts = {c["name"].lower(): c["version"] for c in bill["components"]}
    assert {"onnxruntime", "duckdb", "fastapi", "psycopg"} <= set(parts) and not {
        "pytest",
        "playwright",
        "nats-py",
    } & set(parts)
    pins = dict(line.split("==") for line in files["pins.txt"].splitlines())
    assert {n.lower(): v for n, v in pins.items()} == {
        n: v.split("+")[0] for n, v in parts.items() if n != "mesocosm"
    } and 'COPY ["pins.txt", "/in/"]' in docker


def test_an_image_installs_what_the_file_needs(cli: Callable[..., Any], tmp_path: Path) -> None:
    project = tmp_path / "bank"
    shutil.copytree(BANK, project, ignore=shutil.ignore_patterns(".mesocosm"))
    file = project / "ecosystem.yaml"
    file.write_text(
        file.read_text()
        .replace(
            "sources:\n",
            "sources:\n  calls: {type: nats, url: 'nats://bus.example.org', stream: calls}\n",
            1,
        )
        .replace("world:\n", "world:\n  models: {tree: looks/tree.glb}\n", 1)
    )
    (project / "looks").mkdir()
    (project / "looks" / "tree.glb").write_bytes(b"glTF")
    done = cli(
        "export",
        "docker",
        str(tmp_path / "out"),
        "-f",
        str(project),
        "--set",
        "wheel=mesocosm-0.1.0-py3-none-any.whl",
    )
    assert done.returncode == 0, done.stderr
    docker = (tmp_path / "out" / "Dockerfile").read_text()
    assert (
        '"mesocosm[all,nats,postgres] @ file:///in/mesocosm-0.1.0-py3-none-any.whl"' in docker
        and "nats-py==" in (tmp_path / "out" / "pins.txt").read_text()
    )
    assert 'COPY --chown=root:root ["looks/tree.glb", "/project/looks/tree.glb"]' in docker
    assert (
        "!mesocosm-0.1.0-py3-none-any.whl"
        in (tmp_path / "out" / ".dockerignore").read_text().splitlines()
    )


def test_compose_names_only_files_that_are_there(cli: Callable[..., Any], tmp_path: Path) -> None:
    files = exported(cli, "compose", tmp_path / "out")
    whole = yaml.safe_load(files["compose.yaml"])
    for service in whole["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source in whole["volumes"] or (tmp_path / "out" / source).exists(), mount
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")
    assert (
        whole["services"]["gateway"]["cap_drop"] == ["ALL"]
        and "gateway:8765" in files["prometheus/prometheus.yml"]
    )


def test_a_real_prometheus_fires_on_a_real_drift(
    bank: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    """Scraped, recorded, evaluated and sent: a unit that changed at the source reaches who is on
    call.
    """
    heard: list[dict[str, Any]] = []

    class Hear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.extend(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    receiver = HTTPServer(("127.0.0.1", 0), Hear)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    home = tmp_path / "bank"
    shutil.copytree(bank, home, ignore=shutil.ignore_patterns("server.json", "journal"))
    open_ecosystem(home).catalog.clear("credit-watch", "a drill before this one")
    up = Server(home)
    folder = tmp_path / "prometheus"
    exported(
        cli,
        "prometheus",
        folder,
        "--set",
        f"target={up.url.removeprefix('http://')}",
        "--set",
        f"alertmanager=127.0.0.1:{receiver.server_port}",
    )
    for name in ("prometheus.yml", "rules.yml"):
        (folder / name).write_text((folder / name).read_text().replace("15s", "1s"))
    (folder / "token").write_text(up.token)
    port = httpx_port()
    prometheus = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eco = open_ecosystem(home)
        inputs = eco.spec.eco.models["risk"].features
        data, split = read_columns(eco.spec, eco.catalog.snapshot(dataset="credit"), list(inputs))
        for i in [i for i, part in enumerate(split) if part == "test"][
            :130
        ]:  # traffic, and no drill: a drill's rows are no requests
            up.http.post(
                "/v1/services/credit-desk/predict",
                json={f: data[f][i] for f in inputs} | {"amount": data["amount"][i] / 1.95583},
            ).raise_for_status()
        until = time.time() + 60
        while time.time() < until - 20 and not any(
            a["labels"]["alertname"] == "MesocosmDrift" for a in heard
        ):
            time.sleep(0.5)
        alert, *_ = [a for a in heard if a["labels"]["alertname"] == "MesocosmDrift"]
        assert any("fix the source" in a["message"] for a in eco.catalog.alerts(open_only=True))
        assert (
            alert["labels"]["monitor"] == "credit-watch"
            and "inputs-drift" in alert["annotations"]["runbook_url"]
        )

        def asked(query: str) -> list[Any]:
            return list(
                httpx.get(f"http://127.0.0.1:{port}/api/v1/query", params={"query": query}).json()[
                    "data"
                ]["result"]
            )

        while time.time() < until and not asked(
            "mesocosm:requests:rate5m"
        ):  # a rate needs two looks
            time.sleep(0.5)
        assert asked("mesocosm:requests:rate5m")[0]["metric"]["service"] == "credit-desk"
        assert (
            float(asked('mesocosm_quality{service="credit-desk",metric="auc"}')[0]["value"][1])
            > 0.6
        )
        assert float(asked('mesocosm_drift_p_value{feature="amount"}')[0]["value"][1]) < 1e-4
        assert asked("ALERTS{alertname='MesocosmDown'}") == []
    finally:
        prometheus.terminate()
        prometheus.wait(20)
        up.close()
        receiver.shutdown()


def httpx_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])

"""A small project of people who work in Chinese: fields, values and a marker in Chinese, and one of
everything that a page shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from conftest import Server

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.catalog.deployments import NewRollout
from mesocosm.core.messages import Message
from mesocosm.learning.training.loop.trainer import as_progress
from mesocosm.lifecycle.progress_store import ProgressFile
from mesocosm.monitoring.alert_message import with_message

DESK = """grammar: 2
ecosystem: jiangcheng
about: 一家小银行，信贷审批由模型辅助。
sources:
  applications: {type: csv, path: data/申请.csv}
datasets:
  loans:
    source: applications
    key: 编号
    fields:
      编号: {type: text}
      用途: {type: category}
      金额: {type: number, missing: median, outliers: {method: iqr, action: quarantine}}
      年龄: {type: integer, missing: mean, rules: ["年龄 between 18 and 100"]}
      电话: {type: text, private: mask}
      结果: {type: category, values: [通过, 拒绝], missing: quarantine}
    duplicates: row
    split: {test: 0.25, validation: 0.1, stratify: 结果}
models:
  approval:
    {dataset: loans, target: 结果, features: [用途, 金额, 年龄], track: [],
     fine_tune: {method: frozen, head: linear}}
services:
  desk: {model: approval}
monitors:
  watch: {service: desk, every: 1h, drift: {window: 40}}
world:
  places:
    counter: {service: desk, as: counter, inhabitant: {name: 小林}}
"""
REQUEST = {"用途": "购车", "金额": 3200, "年龄": 34}


def write_desk(home: Path) -> None:
    """The project's files: some rows are duplicates, unreadable, or break a rule."""
    lines = ["编号,用途,金额,年龄,电话,结果"]
    for i in range(120):
        good = i % 2
        amount = str(1000 + 37 * i % 900 + 5000 * good)
        amount = {20: "很多", 40: "9000000", 3: "", 14: ""}.get(i, amount)
        age = 12 if i == 30 else 20 + i % 45
        use = "购车" if i % 3 else "装修"
        result = "通过" if good else "拒绝"
        lines.append(f"A{i:03},{use},{amount},{age},1380000{i:04},{result}")
    (home / "data").mkdir(parents=True)
    (home / "data" / "申请.csv").write_text("\n".join([*lines, lines[8]]) + "\n", encoding="utf-8")
    (home / "ecosystem.yaml").write_text(DESK, encoding="utf-8")


def live_through(server: Server) -> ProgressFile:
    """Requests, a note, alerts with a diagnosis, a version that was refused, a rollout, a silence
    and a training that goes on until the file that is returned is closed.
    """
    _ask(server.http)
    catalog = Catalog(server.home / ".mesocosm")
    _raise_alerts(catalog)
    _add_versions(catalog)
    catalog.silence("watch", 3600, "owner", "维护")
    work = ProgressFile(server.home / ".mesocosm", "models.approval")
    for epoch in (1, 2):
        losses = {"epoch": epoch, "train_loss": 1 / epoch, "held_loss": 1.1 / epoch, "left": 9}
        work.add(as_progress(losses))
    return work


def _ask(http: httpx.Client) -> None:
    for amount in (800, 3200, 6400, 5100, 2000, 900):
        answer = http.post("/v1/services/desk/predict", json=REQUEST | {"金额": amount})
        assert answer.status_code == 200, answer.text
    http.post("/v1/services/desk/predict", json={"用途": 3, "金额": "很多"})
    http.post("/v1/notes", json={"on": "datasets.loans", "text": "周一已核对", "who": "小王"})


def _raise_alerts(catalog: Catalog) -> None:
    shift = Message("monitoring.covariate_shift", fields=("金额",))
    why = Message("monitoring.loss_unknown", shift=shift)
    drifted: dict[str, Any] = {"prefix": "", "median": "", "part": "", "p": 1e-6, "rows": 40}
    message = Message(
        "monitoring.inputs_drifted",
        **drifted,
        service="desk",
        fields=("金额",),
        why=why,
        remedy=Message("monitoring.remedy.label_rows"),
    )
    verdict = {"kind": "covariate", "harm": None, "remedy": "label rows", "why": str(why)}
    detail = with_message({"verdict": verdict, "features": ["金额"], "rows": 40}, message)
    catalog.alert("watch", "desk", "drift", str(message), detail)
    past = catalog.alert("watch", "desk", "drift", str(message), detail | {"rows": 41})
    catalog.clear("watch", "by hand", past, who="owner")


def _add_versions(catalog: Catalog) -> None:
    now = catalog.deployment("desk")
    assert now is not None
    first = catalog.version(now["version"])
    assert first is not None
    why = "not significantly better than the majority baseline: accuracy +0.021, p = 0.62"
    refused = first | {"id": "approval-v2-0ff", "number": 2, "state": "refused", "why": why}
    comes = first | {"id": "approval-v3-0ff", "number": 3, "state": "challenger"}
    with catalog.transaction() as con:
        for version in (comes, refused | {"number": 4}):
            con.execute(t.VERSIONS.insert().values(**version))
        new = NewRollout("desk", comes["id"], now["answers"], now["version"], "shadow")
        catalog.open_rollout(con, new, "build", "passes all gates")

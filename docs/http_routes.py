"""The addresses of a gateway, read from the application that serves a small ecosystem."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from wording import ENGLISH

FILE = """ecosystem: pond
sources: {table: {type: csv, path: table.csv}}
datasets: {rows: {from: table, fields: {question: {type: text}, answer: {type: text}}}}
services: {faq: {answers: {from: rows, question: question, answer: answer}}}
oidc:
  {issuer: "https://id.example.org", audience: pond, claim: groups, client: pond, roles: {a: see}}
"""
ABOUT = {
    "/healthz": "Liveness.",
    "/readyz": "Readiness: 503 with the reasons while a service is not ready or the server stops.",
    "/metrics": "Prometheus metrics.",
    "/openapi.json": "This gateway's OpenAPI document, with each service's own fields.",
    "/v1/services/{name}/predict": (
        "Predict one row, or `{rows: [...]}` with up to 1,000. A prediction has an `id`, and"
        " `warnings` where a value is unusual."
    ),
    "/v1/services/{name}/feedback": "Record the true label of a prediction: `{id, label}`.",
    "/v1/services/{name}/promote": "Promote the version in rollout; `why` is recorded.",
    "/v1/services/{name}/rollback": "Serve the previous version again; `why` is recorded.",
    "/v1/services/{name}/retrain": "Train and evaluate a challenger; `why` is recorded.",
    "/v1/services/{name}/what-if": (
        "The features with their ranges (GET); a prediction that is not logged (POST)."
    ),
    "/v1/chat/completions": (
        "Ask a service that has a table of answers, by OpenAI's interface; `stream` gives"
        " server-sent events."
    ),
    "/v1/models": "Services that have a chat, as OpenAI's interface lists models.",
    "/v1/models/{name}": "One of them.",
    "/v1/models/{name}/unsure": "Requests to label next; for the owner.",
    "/v1/models/{name}/proposals": (
        "Candidate new classes (GET); label one (POST: `predictions`, `label`); for the owner."
    ),
    "/v1/ecosystem": "The state that the console shows.",
    "/v1/work": "Jobs in progress.",
    "/v1/lineage/{ident}": "The lineage of a prediction, down to rows of source files.",
    "/v1/datasets/{name}/rows": (
        "Rows of a dataset, for roles in its `access`: `version`, `offset`, `limit`."
    ),
    "/v1/datasets/{name}/changes": (
        "Cells that a build changed, for roles in its `access`: `field`, `step`, `rule`, `row`,"
        " `version`, `limit`."
    ),
    "/v1/datasets/{name}/checks": (
        "What the builds found of a dataset's rules, for roles in its `access`."
    ),
    "/v1/datasets/{name}/versions": "Versions of a dataset; with `old` and `new`, what changed.",
    "/report": "The report of all data and models, as a page; for the owner.",
    "/v1/monitors": "The last look of each monitor.",
    "/v1/monitors/{name}/silence": "Silence notifications: `for`, such as `2h`, and `why`.",
    "/v1/alerts/{alert}/close": "Close an open alert; `why` is required.",
    "/v2": "The server, by the Open Inference Protocol.",
    "/v2/health/live": "Liveness.",
    "/v2/health/ready": "Readiness.",
    "/v2/models/{name}": "Metadata of a service.",
    "/v2/models/{name}/versions/{version}": "The same; 404 for any version but the deployed one.",
    "/v2/models/{name}/ready": "Readiness of a service.",
    "/v2/models/{name}/versions/{version}/ready": "Readiness of a version.",
    "/v2/models/{name}/infer": "Predict from tensors, as JSON or binary.",
    "/v1/scene": "The world's scene; `at` is a time in seconds since 1970.",
    "/v1/moments": "The moments that the world can show.",
    "/v1/world": "The world as it changes (WebSocket).",
    "/v1/world/models/{kind}": "A 3D model of the project.",
    "/v1/visitors": "Where visitors are (WebSocket).",
    "/v1/markers": "The markers (GET); their shared document (WebSocket).",
    "/v1/notes": "Notes on elements (GET); leave one (POST: `on`, `text`).",
    "/v1/notes/{ident}": "Remove a note.",
    "/v1/places/{name}/talk": "Ask an inhabitant: `messages`, as in a chat.",
    "/": "The console.",
    "/world": "The world's page.",
    "/signin": "Sign in at the OpenID Connect provider.",
    "/signin/back": "Where the provider sends the browser back.",
    "/signout": "Delete the browser's token.",
}
CHINESE_ABOUT = {
    "/healthz": "存活检查。",
    "/readyz": "就绪检查：有服务尚未就绪或服务器正在停止时为 503，附原因。",
    "/metrics": "Prometheus 指标。",
    "/openapi.json": "该网关的 OpenAPI 文档，含每个服务自身的字段。",
    "/v1/services/{name}/predict": (
        "预测一行，或 `{rows: [...]}` 最多 1,000 行。预测带有 `id`；值不寻常时带有 `warnings`。"
    ),
    "/v1/services/{name}/feedback": "记录一次预测的真实标签：`{id, label}`。",
    "/v1/services/{name}/promote": "晋升发布中的版本；记录 `why`。",
    "/v1/services/{name}/rollback": "重新提供前一个版本；记录 `why`。",
    "/v1/services/{name}/retrain": "训练并评估一个挑战者；记录 `why`。",
    "/v1/services/{name}/what-if": "特征及其范围（GET）；不记入日志的预测（POST）。",
    "/v1/chat/completions": (
        "通过 OpenAI 的接口向有问答表的服务提问；`stream` 以服务器发送事件返回。"
    ),
    "/v1/models": "有聊天功能的服务，按 OpenAI 接口列出模型的形式。",
    "/v1/models/{name}": "其中一个。",
    "/v1/models/{name}/unsure": "接下来要标注的请求；限所有者。",
    "/v1/models/{name}/proposals": (
        "候选新类别（GET）；标注一个（POST：`predictions`、`label`）；限所有者。"
    ),
    "/v1/ecosystem": "控制台显示的状态。",
    "/v1/work": "进行中的任务。",
    "/v1/lineage/{ident}": "一次预测的血缘，直到源文件的行。",
    "/v1/datasets/{name}/rows": (
        "数据集的行，限其 `access` 中的角色：`version`、`offset`、`limit`。"
    ),
    "/v1/datasets/{name}/changes": (
        "构建更改的单元格，限其 `access` 中的角色："
        "`field`、`step`、`rule`、`row`、`version`、`limit`。"
    ),
    "/v1/datasets/{name}/checks": ("各次构建对数据集规则的检查结果，限其 `access` 中的角色。"),
    "/v1/datasets/{name}/versions": "数据集的版本；给出 `old` 和 `new` 时，列出改变。",
    "/report": "全部数据和模型的报告，一个网页；限所有者。",
    "/v1/monitors": "每个监控的最近一次查看。",
    "/v1/monitors/{name}/silence": "静默通知：`for`，例如 `2h`，以及 `why`。",
    "/v1/alerts/{alert}/close": "关闭一个未关闭的告警；必须给出 `why`。",
    "/v2": "服务器信息，按开放推理协议。",
    "/v2/health/live": "存活检查。",
    "/v2/health/ready": "就绪检查。",
    "/v2/models/{name}": "服务的元数据。",
    "/v2/models/{name}/versions/{version}": "同上；除已部署的版本外都是 404。",
    "/v2/models/{name}/ready": "服务是否就绪。",
    "/v2/models/{name}/versions/{version}/ready": "版本是否就绪。",
    "/v2/models/{name}/infer": "用张量预测，JSON 或二进制。",
    "/v1/scene": "世界的场景；`at` 是自 1970 年起的秒数。",
    "/v1/moments": "世界可以显示的时刻。",
    "/v1/world": "随时变化的世界（WebSocket）。",
    "/v1/world/models/{kind}": "项目的三维模型。",
    "/v1/visitors": "访客在哪里（WebSocket）。",
    "/v1/markers": "标记（GET）；它们的共享文档（WebSocket）。",
    "/v1/notes": "元素上的便签（GET）；留下一张（POST：`on`、`text`）。",
    "/v1/notes/{ident}": "删除一张便签。",
    "/v1/places/{name}/talk": "向居民提问：`messages`，与聊天相同。",
    "/": "控制台。",
    "/world": "世界的页面。",
    "/signin": "在 OpenID Connect 提供方登录。",
    "/signin/back": "提供方让浏览器返回的地址。",
    "/signout": "删除浏览器的令牌。",
}


@dataclass(frozen=True)
class Route:
    """An address.

    Args:
        path: with names of its parts in braces.
        methods: HTTP's, or `WebSocket`.
        about: what it does.
    """

    path: str
    methods: tuple[str, ...]
    about: str

    def write_about(self, language: str) -> str:
        """What it does, in the language of a page."""
        return self.about if language == ENGLISH else CHINESE_ABOUT.get(self.path, "")


def list_routes() -> list[Route]:
    """All addresses, in the order of `ABOUT`; one that is not described there comes last."""
    methods: dict[str, set[str]] = {}
    for path, method in _routes():
        methods.setdefault(path, set()).add(method)
    known = [path for path in ABOUT if path in methods]
    rest = sorted(set(methods) - set(known))
    return [Route(p, tuple(sorted(methods[p])), ABOUT.get(p, "")) for p in [*known, *rest]]


def _routes() -> Iterator[tuple[str, str]]:
    """Each address with each of its methods; folders of the pages' files are left out."""
    with tempfile.TemporaryDirectory() as folder:
        router = _application(Path(folder))
    for family, verb in router.routes:
        parent = {"v1": "services", "v2": "models"}[family]
        yield f"/{family}/{parent}/{{name}}/{verb}", "POST"
    for route in router.app.routes:
        if not hasattr(route, "endpoint"):
            continue
        for method in getattr(route, "methods", None) or ("WebSocket",):
            if method != "HEAD":
                yield route.path, method


def _application(folder: Path) -> Any:
    """The router of a gateway over a small ecosystem, which serves nothing yet."""
    from mesocosm.app.run import Running
    from mesocosm.config.loader import read
    from mesocosm.lifecycle.project_store import open_catalog

    (folder / "table.csv").write_text("question,answer\n", encoding="utf-8")
    (folder / "ecosystem.yaml").write_text(FILE, encoding="utf-8")
    spec = read(folder / "ecosystem.yaml")
    running = Running(spec, open_catalog(spec), token="reference")
    router = running.app.app
    assert isinstance(router.app, FastAPI)
    running.journal.close()
    return router

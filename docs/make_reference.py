"""Write docs/reference/*.md and docs/zh/reference/*.md from the code: `python
docs/make_reference.py`; a test holds the pages to it.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import typer
from typer.main import get_command

sys.path.insert(0, str(Path(__file__).parent))

from make_kinds import FOLDERS, PAGES, heading, kind_links, section
from wording import ENGLISH, link_language, say

from mesocosm.cli.app import COMMANDS, load_command
from mesocosm.cli.translated_help import translate_help
from mesocosm.config.schema import Ecosystem, Shared
from mesocosm.core.messages.language import writing_in
from mesocosm.core.network.llm import Language
from mesocosm.core.settings import Settings
from mesocosm.data.cleaning.duplicates import Duplicates
from mesocosm.data.dataset import Dataset, From, Retention, Split
from mesocosm.data.lookup import Lookup
from mesocosm.data.privacy.anonymity import Anonymity
from mesocosm.learning.evaluation.fairness import Fair
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.model import Model, Search
from mesocosm.learning.pretraining.settings import Pretrain, Scratch
from mesocosm.learning.strategies.automl import Auto
from mesocosm.learning.strategies.continual import Continual
from mesocosm.learning.strategies.federated import Federated
from mesocosm.learning.strategies.self_training import SelfTraining
from mesocosm.learning.tasks.ranking.settings import Rank, Towers
from mesocosm.monitoring.notifications import Notify
from mesocosm.monitoring.settings import Anomaly, Drift, Monitor
from mesocosm.monitoring.surge.settings import Surge
from mesocosm.serving.auth.oidc import Oidc
from mesocosm.serving.runtimes.onnx import Workers
from mesocosm.serving.settings import Answers, Batch, Log, Rollout, Service, Update
from mesocosm.world.settings import Inhabitant, World, WorldPlace

SECTIONS: dict[str, type[Settings]] = {
    "the file": Ecosystem,
    "shared": Shared,
    "datasets.NAME": Dataset,
    "datasets.NAME.from": From,
    "datasets.NAME.from.lookup.NAME": Lookup,
    "datasets.NAME.split": Split,
    "datasets.NAME.retention": Retention,
    "datasets.NAME.duplicates": Duplicates,
    "datasets.NAME.anonymity": Anonymity,
    "models.NAME": Model,
    "models.NAME.search": Search,
    "models.NAME.base": ImportedModel,
    "models.NAME.auto": Auto,
    "models.NAME.pretrain": Pretrain,
    "models.NAME.pretrain.scratch": Scratch,
    "models.NAME.rank": Rank,
    "models.NAME.rank.towers": Towers,
    "models.NAME.self_training": SelfTraining,
    "models.NAME.continual": Continual,
    "models.NAME.federated": Federated,
    "models.NAME.fair": Fair,
    "services.NAME": Service,
    "services.NAME.answers": Answers,
    "services.NAME.runtime.workers": Workers,
    "services.NAME.rollout": Rollout,
    "services.NAME.log": Log,
    "services.NAME.batch": Batch,
    "services.NAME.update": Update,
    "monitors.NAME": Monitor,
    "monitors.NAME.drift": Drift,
    "monitors.NAME.anomaly": Anomaly,
    "monitors.NAME.surge": Surge,
    "monitors.NAME.notify": Notify,
    "world": World,
    "world.places.NAME": WorldPlace,
    "world.places.NAME.inhabitant": Inhabitant,
    "oidc": Oidc,
    "language": Language,
}


GROUP_TITLES = {
    "": "Daily",
    "data": "Data",
    "model": "Models",
    "service": "Services",
    "test": "Tests",
    "world": "The world",
}
NOT_SHOWN = ("help", "install_completion", "show_completion")


def file_page(language: str = ENGLISH) -> str:
    """The sections of the file, each with its settings."""
    about = (
        "Every section of `ecosystem.yaml` and its settings, as the code reads them."
        " Unknown keys are refused with their line. `mesocosm schema` prints the same as a JSON"
        " schema for editors."
    )
    links = kind_links("../kinds/", language) | {
        kind.__name__: f"[{name}](#{_anchor(name)})" for name, kind in SECTIONS.items()
    }
    parts = [_head("file", "The file", about, language)]
    for name, kind in SECTIONS.items():
        title = say(name, language) if " " in name else name
        parts.append(f"## {title}\n\n{section(kind, links, language)}\n")
    colon = ": " if language == ENGLISH else "："
    kinds = "\n".join(
        f"- [{say(heading(title), language)}](../kinds/{title}.md){colon}{say(what, language)}"
        for title, (what, _) in PAGES.items()
    )
    of_kinds = say("Settings that choose one of several kinds have a page each:", language)
    return "\n".join([*parts, f"## {say('Kinds', language)}\n\n{of_kinds}\n\n{kinds}\n"])


def _head(page: str, heading: str, about: str, language: str) -> str:
    """The beginning of a page: its heading, the way to the other language, what it is about."""
    other = link_language(f"reference/{page}.md", heading, language)
    return f"# {say(heading, language)}\n\n{other}\n\n{say(about, language)}\n"


def _anchor(heading: str) -> str:
    """The anchor of a heading, as MyST makes it."""
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def commands_page(language: str = ENGLISH) -> str:
    """The commands by group, each with its arguments and options."""
    about = (
        "Commands find the file with `-f` (`ecosystem.yaml` or its folder). Commands"
        " that answer have `--json`. The exit code is 0 for success, 1 for a failure, 2 for wrong"
        " usage or an invalid file."
    )
    parts = [_head("commands", "Commands", about, language)]
    colon, comma = (": ", ", ") if language == ENGLISH else ("：", "、")
    groups = []
    for title, names in _by_group().items():
        links = comma.join(f"[{name}](#mesocosm-{_anchor(name)})" for name in names)
        groups.append(f"- **{say(title, language)}**{colon}{links}")
    parts.append("\n".join(groups) + "\n")
    for names in _by_group().values():
        parts += [_command(name, language) for name in names]
    return "\n".join(parts)


def _by_group() -> dict[str, list[str]]:
    """The names of commands by the title of their group."""
    found: dict[str, list[str]] = {title: [] for title in GROUP_TITLES.values()}
    for name in COMMANDS:
        group = name.split()[0] if " " in name else ""
        found[GROUP_TITLES[group]].append(name)
    return found


def _command(name: str, language: str) -> str:
    """A command's section."""
    app = typer.Typer()
    app.command(name)(load_command(name))
    command = get_command(app)
    if language != ENGLISH:
        with writing_in(language):
            translate_help(command, name.replace(" ", "."))
    colon, comma = (": ", ", ") if language == ENGLISH else ("：", "、")
    rows = []
    for one in command.params:
        if one.name in NOT_SHOWN:
            continue
        names = f"`{str(one.name).upper()}`"
        if one.param_type_name == "option":
            names = comma.join(f"`{n}`" for n in [*one.opts, *one.secondary_opts])
        about = " ".join(str(getattr(one, "help", "") or "").split())
        rows.append(f"- {names}{colon + about if about else ''}")
    body = inspect.cleandoc(command.help or "")
    return f"## mesocosm {name}\n\n{body}\n\n" + "\n".join(rows) + "\n"


HTTP_SECTIONS = {
    "Health and metrics": ("/healthz", "/readyz", "/metrics", "/openapi.json"),
    "Services and models": ("/v1/services", "/v1/chat", "/v1/models"),
    "Open Inference Protocol": ("/v2",),
    "Data, lineage and state": (
        "/v1/ecosystem",
        "/v1/datasets",
        "/v1/lineage",
        "/v1/work",
        "/report",
    ),
    "Monitors and alerts": ("/v1/monitors", "/v1/alerts"),
    "World": ("/v1/",),
    "Pages and sign-in": ("/",),
}


def http_page(language: str = ENGLISH) -> str:
    """The addresses of a gateway, from its own routes."""
    from http_routes import list_routes

    about = (
        "The addresses of a gateway. `/openapi.json` of a running gateway describes each"
        " service with its own fields. Every address but `/healthz` and `/readyz` requires a token:"
        " `Authorization: Bearer TOKEN`, or `?token=`. A failure is a problem document (RFC 9457)"
        " with `title`, `status` and `detail`; `/v1/chat` and `/v1/models` answer with OpenAI's"
        ' error object, `/v2` with `{"error": ...}`.'
    )
    parts = [_head("http", "HTTP", about, language)]
    left = list_routes()
    for title, prefixes in HTTP_SECTIONS.items():
        rows = [route for route in left if route.path.startswith(prefixes)]
        left = [route for route in left if route not in rows]
        lines = [
            f"| {', '.join(route.methods)} | `{route.path}` | {route.write_about(language)} |"
            for route in rows
        ]
        head = say("| method | address | what it does |", language)
        table = "\n".join([head, "|---|---|---|", *lines])
        parts.append(f"## {say(title, language)}\n\n{table}\n")
    return "\n".join([*parts, HEADERS if language == ENGLISH else CHINESE_HEADERS])


HEADERS = """## Request headers

| header | meaning |
|---|---|
| `Authorization` | `Bearer TOKEN` |
| `X-Deadline-Ms` | no response later than this many milliseconds: 408 |
| `X-Request-Id` | is returned and logged; one is generated where none is given |
| `X-Mesocosm-Mark` | `drill`: not counted, not trained on; for the owner's token |
| `traceparent` | the caller's span, where traces are collected |
| `Inference-Header-Content-Length` | the length of the JSON before binary tensors |

## Status codes

| code | meaning |
|---|---|
| 400 | not JSON, a duplicate key, NaN or Infinity, or an invalid header |
| 401 | no token, or an unknown one |
| 403 | the role, host or origin is not allowed |
| 404 | no such service, version, prediction or page |
| 408 | the deadline passed |
| 409 | not in this state, such as a rollback without a previous version |
| 413 | the body is too large |
| 422 | an invalid row, label or setting |
| 429 | the queue is full, or the token's rate limit; see `Retry-After` |
| 431 | the headers are too large |
| 500 | a failure of the server; its id is in the log |
| 503 | a service is not ready, or the server stops |
"""

CHINESE_HEADERS = """## 请求头

| 请求头 | 含义 |
|---|---|
| `Authorization` | `Bearer TOKEN` |
| `X-Deadline-Ms` | 响应不得晚于这么多毫秒：408 |
| `X-Request-Id` | 返回并记入日志；没有给出时生成一个 |
| `X-Mesocosm-Mark` | `drill`：不计数，不用于训练；限所有者的令牌 |
| `traceparent` | 收集追踪时，调用方的跨度 |
| `Inference-Header-Content-Length` | 二进制张量之前的 JSON 的长度 |

## 状态码

| 状态码 | 含义 |
|---|---|
| 400 | 不是 JSON、键重复、NaN 或 Infinity，或请求头无效 |
| 401 | 没有令牌，或令牌未知 |
| 403 | 角色、主机或站点不被允许 |
| 404 | 没有这个服务、版本、预测或页面 |
| 408 | 已过截止时间 |
| 409 | 当前状态下不能进行，例如没有前一个版本时回滚 |
| 413 | 请求体过大 |
| 422 | 行、标签或设置无效 |
| 429 | 队列已满，或超过令牌的速率限制；见 `Retry-After` |
| 431 | 请求头过大 |
| 500 | 服务器故障；其编号在日志中 |
| 503 | 有服务尚未就绪，或服务器正在停止 |
"""

WRITTEN = {"file": file_page, "commands": commands_page, "http": http_page}


def write_pages() -> None:
    """Write the pages in both languages."""
    for language, folder in FOLDERS.items():
        (folder / "reference").mkdir(exist_ok=True)
        for title, write in WRITTEN.items():
            path = folder / "reference" / f"{title}.md"
            path.write_text(write(language), encoding="utf-8")


if __name__ == "__main__":
    write_pages()

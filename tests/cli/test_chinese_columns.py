"""Columns of a terminal stand below each other where names are Chinese, and figures of a plan and
refusals of a server are in the language of the reader.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from mesocosm.api.ecosystem import Ecosystem
from mesocosm.api.service_calls import call
from mesocosm.cli.commands.project.explain import _input_lines
from mesocosm.cli.views.columns import measure
from mesocosm.cli.views.plan import ChangeData, format_plan
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages.language import writing_in
from mesocosm.core.messages.stored import text_to_json
from mesocosm.data.profiling.columns.column import show_change
from mesocosm.learning.cost.estimate import CostEstimate


def test_the_share_of_each_input_stands_in_one_column() -> None:
    shares = {name: SimpleNamespace(share=0.5, error=0.1) for name in ("duration", "签收日期")}
    lines = _input_lines(shares)  # type: ignore[arg-type]
    assert len({measure(line.partition("+")[0]) for line in lines}) == 1


def _plan_change(address: str, cost: CostEstimate) -> ChangeData:
    return {
        "address": address,
        "sign": "+",
        "action": "create",
        "reasons": [],
        "price": {**cost.as_json(), **text_to_json("text", cost.message())},
    }


def test_a_plan_has_its_columns_and_its_costs_in_chinese() -> None:
    cost = CostEstimate({"starting": 2.5, "heads": 2.0}, 1.3)
    changes = [_plan_change(address, cost) for address in ("models.退货", "models.risk")]
    with writing_in("zh"):
        first, second, _ = format_plan({"changes": changes}).splitlines()
    assert measure(first.partition("创建")[0]) == measure(second.partition("创建")[0])
    assert "；预计约 " in first and "导入库" in first and "about" not in first
    with writing_in("en"):
        assert "  create; about 4.5 s and 1.3 GB (imports" in format_plan({"changes": changes})


def test_an_example_of_a_draft_has_its_rows_in_chinese() -> None:
    with writing_in("zh"):
        assert show_change("广東 -> 广东", 3) == "广東 -> 广东（3 行）"


class Echo(BaseHTTPRequestHandler):
    """Refuses with the language that was asked for."""

    def do_GET(self) -> None:
        body = json.dumps({"detail": self.headers.get("Accept-Language", "none")}).encode()
        self.send_response(422)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_server_is_asked_in_the_language_of_the_reader(
    language: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"url": address, "token": "t"}
    monkeypatch.setattr("mesocosm.lifecycle.server_info.find_server", lambda store: found)
    eco = cast(Ecosystem, SimpleNamespace(spec=SimpleNamespace(root=Path())))
    with writing_in(language), pytest.raises(MesocosmError, match=f"^{language}$"):
        call(eco, "GET", "/x")

"""`Client` and `AsyncClient` have the same verbs and typed results, against a running server."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from conftest import Server

import mesocosm
from mesocosm.client import Answer, DatasetVersion, WhatIf

QUESTION = "Where do I find your opening hours?"


def verbs(kind: type) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(member).parameters)
        for name, member in vars(kind).items()
        if not name.startswith("_") and inspect.isfunction(member)
    }


def test_both_clients_have_the_same_verbs() -> None:
    assert verbs(mesocosm.Client) == verbs(mesocosm.AsyncClient)
    for name in verbs(mesocosm.AsyncClient):
        assert inspect.iscoroutinefunction(getattr(mesocosm.AsyncClient, name)), name


def test_the_client_answers_in_records(server: Server, row: dict[str, Any]) -> None:
    with mesocosm.Client(server.url, server.token) as client:
        assert client.ready()
        one = client.predict("credit-desk", row)
        assert one.label in ("good", "bad") and one.answer["id"] == one.id
        assert [p.label for p in client.predict_rows("credit-desk", [row] * 3)] == [one.label] * 3
        client.feedback("credit-desk", one.id, "good")
        trace = client.trace(one.id)
        assert trace.prediction.id == one.id and trace.version.id == one.version
        assert trace.rows and trace.rows.training > 100
        answer = client.ask("help-desk", QUESTION)
        assert isinstance(answer, Answer) and answer.threshold == 0.55
        what_if = client.what_if("credit-desk", row)
        assert isinstance(what_if, WhatIf) and set(what_if.inputs) == set(row)
        versions = client.versions("credit")
        assert isinstance(versions[-1], DatasetVersion) and versions[-1].quality <= 1
        status = client.status()
        assert status.services["credit-desk"].version == one.version
        assert "credit-watch" in status.monitors
        assert all(alert.is_open for alert in client.alerts())
        with pytest.raises(mesocosm.Refused) as refused:
            client.versions("no/such")
        assert refused.value.status in (404, 422)
        with pytest.raises(mesocosm.Refused, match="finite number"):
            client.predict("credit-desk", row | {"age": float("nan")})


def test_the_async_client_answers_many_at_once(server: Server, row: dict[str, Any]) -> None:
    async def ask() -> tuple[list[mesocosm.Prediction], mesocosm.ServerStatus, Answer]:
        async with mesocosm.AsyncClient(server.url, server.token) as client:
            assert await client.ready()
            asked = [client.predict("credit-desk", row) for _ in range(8)]
            found = await asyncio.gather(*asked)
            await client.feedback("credit-desk", found[0].id, found[0].label)
            trace = await client.trace(found[0].id)
            assert trace.prediction.id == found[0].id
            many = await client.predict_rows("credit-desk", [row, row])
            assert [p.label for p in many] == [found[0].label] * 2
            assert (await client.versions("credit"))[-1].account["kept"] > 0
            assert (await client.what_if("credit-desk", row)).version == found[0].version
            assert len(await client.alerts(open_only=False)) >= len(await client.alerts())
            return found, await client.status(), await client.ask("help-desk", QUESTION)

    predictions, status, answer = asyncio.run(ask())
    assert len({p.id for p in predictions}) == 8 and len({p.label for p in predictions}) == 1
    assert set(status.services) == {"credit-desk", "help-desk"}
    assert answer.answer

    async def refuse() -> None:
        async with mesocosm.AsyncClient(server.url, "no token") as stranger:
            await stranger.predict("credit-desk", row)

    with pytest.raises(mesocosm.Refused, match="send the token"):
        asyncio.run(refuse())


def test_the_ecosystem_asks_the_running_server(server: Server, row: dict[str, Any]) -> None:
    eco = mesocosm.open(server.home)
    with eco.up(build=False) as running:  # it runs already, and goes on
        assert running.url == server.url and running.token not in repr(running)
        assert running.console_url.startswith(server.url)
    status = eco.status()
    assert status.running and status.url == server.url and status.monitors is not None
    one = eco.predict("credit-desk", row)
    assert eco["credit-desk"].predict([row])[0].label == one.label
    assert eco.service.feedback(one, "good").prediction == one.id
    assert eco.ask("help-desk", QUESTION).answer
    assert eco.predictions("credit-desk", 1) and eco.deployments("credit-desk")[0].version
    assert eco.trace("last").prediction.service == "credit-desk"

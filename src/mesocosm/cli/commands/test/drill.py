"""`mesocosm drill`: a change of the world, made on purpose against a running service, or something
broken in a copy of it.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened
from mesocosm.core.errors import MesocosmError
from mesocosm.serving.requests.request_marks import DRILL, HEADER

if TYPE_CHECKING:
    from httpx import Client

DRILLS = ("quiet", "unit-change", "drift", "concept-change", "kill", "bad-model", "full-disk")
OF_NUMBERS = ("unit-change", "drift")
ON_A_COPY = ("kill", "bad-model", "full-disk")
LATER = 15.0  # seconds in which later rows may change the diagnosis of an alert


def to_break(spec: Any) -> str:
    """What to try first on a running ecosystem, as the command's words."""
    from mesocosm.lifecycle.file_datasets import datasets_of

    eco, data = spec.eco, datasets_of(spec)
    for monitor in eco.monitors.values():
        model = eco.models.get(str(eco.services[monitor.watches].serves)) if monitor.drift else None
        if model and any(
            getattr(data[model.learns].fields.get(f), "type", "")
            in ("number", "integer", "decimal")
            for f in model.inputs
        ):
            return "drill unit-change"
    return "story" if (spec.root / "story.yaml").is_file() else "drill kill"


@guarded
def drill(
    kind: Annotated[
        str,
        typer.Argument(
            help="quiet, unit-change, drift, concept-change; on a copy: kill, bad-model, full-disk."
        ),
    ],
    file: File = Path("ecosystem.yaml"),
    service: Annotated[
        str | None, typer.Option(help="The service; the first watched one where not given.")
    ] = None,
    rows: Annotated[int, typer.Option(min=10, max=5000)] = 300,
    wait: Annotated[float, typer.Option(help="Seconds to wait for what follows.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Send test rows to a running service, changed as KIND says, and tell what followed; or break a
    copy, and tell how long it took to heal.
    """
    from mesocosm.core.errors import ConfigValueError
    from mesocosm.lifecycle.access.data_access import columns_of, held_out, kinds_of
    from mesocosm.lifecycle.server_info import running_server

    if kind not in DRILLS:
        raise ConfigValueError(
            "", f"no drill is named '{kind}'", "one of the choices", DRILLS, kind
        )
    eco = opened(file)
    server = running_server(eco.spec.root / ".mesocosm")
    served = [n for n, s in eco.spec.eco.services.items() if s.serves]
    if kind in ON_A_COPY:
        from mesocosm.resilience.fault_injection import drilled

        if service is not None and service not in served or not served:
            raise ConfigValueError(
                "--service",
                f"'{service}' was given",
                "a service with a model",
                served,
                str(service),
            )
        answer(drilled(eco.spec, service or served[0], kind), as_json, _healed)
        return
    watched = [m.watches for m in eco.spec.eco.monitors.values() if m.drift]
    name = service or (watched[0] if watched else None)
    if name is None or name not in eco.spec.eco.services or not eco.spec.eco.services[name].serves:
        raise MesocosmError("no service with a model is watched for drift; name one with --service")
    model = eco.spec.eco.models[eco.spec.eco.services[name].serves]
    snapshot = eco.catalog.snapshot(dataset=model.learns)
    data, split = columns_of(eco.spec, snapshot, [*model.inputs, model.predict])
    kinds = kinds_of(snapshot)
    number = next((f for f in model.inputs if kinds[f] == "number"), None) or next(
        (f for f in model.inputs if kinds[f] == "integer"), None
    )
    if kind in OF_NUMBERS and not number:
        others = [d for d in DRILLS if d not in OF_NUMBERS]
        raise ConfigValueError(
            "",
            f"'{kind}' changes a number, and '{name}' takes none",
            "another drill, or 'mesocosm story' where a story.yaml is beside the file",
            others,
        )
    if server is None:
        raise MesocosmError("the ecosystem is not up; start it with: mesocosm up")
    held = held_out(split, data[number] if kind == "drift" and number else None)
    before = eco.catalog.deployment(name)
    began, flip = time.time(), _flips(data, model.predict)
    codes = Counter[int]()
    import httpx

    from mesocosm.client import row_as_json

    http = httpx.Client(
        base_url=server["url"],
        headers={"Authorization": f"Bearer {server['token']}", HEADER: DRILL},
        timeout=30,
    )
    with (
        http,
        typer.progressbar(
            range(rows), label=f"{kind}: {rows} rows to {name}", file=__import__("sys").stderr
        ) as bar,
    ):
        for n in bar:
            i = held[n % len(held)]
            row = row_as_json({f: data[f][i] for f in model.inputs})
            label = str(data[model.predict][i])
            if kind == "unit-change" and number and row[number] is not None:
                changed = row[number] / 1.95583
                row[number] = round(changed) if kinds[number] == "integer" else changed
            if kind == "concept-change":
                label = flip[label]
            codes[_send(http, name, row, label if kind != "unit-change" or n % 2 else None)] += 1
    failed, refused = (
        sum(n for code, n in codes.items() if code // 100 == hundred) for hundred in (5, 4)
    )
    found: dict[str, Any] = {
        "drill": kind,
        "service": name,
        "rows": rows,
        "failed": failed,
        "refused": refused,
        "seconds": round(time.time() - began, 1),
    }
    until = time.time() + wait
    retrains = any(
        m.watches == name and m.drift and m.reacts_with("retrain")
        for m in eco.spec.eco.monitors.values()
    )
    while time.time() < until:
        if (
            kind == "quiet"
            and time.time() > until - wait + 5
            and not any(
                a["service"] == name and a["what"] == "drift"
                for a in eco.catalog.alerts(open_only=True)
            )
        ):
            break
        alerts = [a for a in eco.catalog.alerts() if a["service"] == name and a["at"] >= began]
        lines = [a for a in eco.catalog.audit(30) if a["at"] >= began and a["who"] == "retrain"]
        seen = (
            all(a["detail"].get("confirmed", True) for a in alerts)
            or time.time() > until - wait + LATER
        )  # later rows may change a diagnosis
        if (
            alerts
            and seen
            and (lines or not retrains or all(v["remedy"] != "retrain" for v in _verdicts(alerts)))
        ):
            break
        time.sleep(0.5)
    alerts = [a for a in eco.catalog.alerts() if a["service"] == name and a["at"] >= began]
    lines = [a for a in eco.catalog.audit(30) if a["at"] >= began and a["who"] == "retrain"]
    after = eco.catalog.deployment(name)
    earlier = [
        a for a in eco.catalog.alerts(open_only=True) if a["service"] == name and a["at"] < began
    ]
    found |= {
        "open_before": [{"id": a["id"], "message": a["message"]} for a in earlier],
        "alerts": [a["message"] for a in reversed(alerts)],
        "judged": next(iter(_verdicts(alerts)), None),
        "verdict": lines[0]["why"] if lines else None,
        "before": before["version"],
        "after": after["version"],
    }
    answer(found, as_json, _text)


def _verdicts(alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was judged of drifts, the newest first."""
    return [a["detail"]["verdict"] for a in alerts if "verdict" in a["detail"]]


def _healed(d: dict[str, Any]) -> str:
    lines = [
        f"{d['drill']} of a copy of {d['service']}: healed in {d['seconds']:.2f} s; {d['requests']}"
        f" requests meanwhile, {d['failed']} failed, {d['lost']} answered and not logged"
    ]
    return "\n".join([*lines, f"  {d['what']}", *(f"  audit: {line}" for line in d["log"])])


def _flips(data: dict[str, list[Any]], target: str) -> dict[str, str]:
    labels = sorted({str(v) for v in data[target] if v is not None})
    return {a: labels[(i + 1) % len(labels)] for i, a in enumerate(labels)}


def _send(http: Client, name: str, row: dict[str, Any], label: str | None) -> int:
    """Send a row, and its label where it is answered; the status of the answer."""
    answer_ = http.post(f"/v1/services/{name}/predict", json=row)
    if label and answer_.status_code == 200:
        http.post(
            f"/v1/services/{name}/feedback", json={"id": answer_.json()["id"], "label": label}
        )
    return answer_.status_code


def _text(d: dict[str, Any]) -> str:
    refused = f", {d['refused']} were refused" if d["refused"] else ""
    lines = [
        f"{d['drill']}: {d['rows']} rows to {d['service']} in {d['seconds']} s, {d['failed']}"
        f" failed because of us{refused}"
    ]
    lines.append(
        "  The rows are marked as a drill: the monitor judges them apart from the traffic, and"
        " neither they nor their labels train a model, judge a version or count as requests."
    )
    lines += [f"  alarm: {m}" for m in d["alerts"]] or [
        "  no new alarm" if d["open_before"] else "  no alarm"
    ]
    lines += [
        f"  still open from before: {a['message']} [{a['id']}]; while it is open, the same change"
        " raises no second alert; unchanged rows close it: mesocosm drill quiet"
        for a in d["open_before"]
    ]
    if d["judged"]:
        harm = (
            ""
            if d["judged"]["harm"] is None
            else f", about {d['judged']['harm']:.3f} of accuracy lost"
        )
        lines.append(f"  judged: {d['judged']['kind']}{harm}; remedy: {d['judged']['remedy']}")
    if d["verdict"]:
        lines.append(
            "  a challenger was trained, as the monitor asks; no row or label of the drill taught"
            f" or judged it: {d['verdict']}"
        )
    return "\n".join([*lines, f"  served before by {d['before']}, now by {d['after']}"])

"""Grafana: one dashboard over the gateway's metrics, and how it is provided. Knows the dashboard's
JSON.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from mesocosm.app.deploy.alert_rules import PANELS
from mesocosm.app.deploy.manifest import Exporter, Living, documents
from mesocosm.core.messages import Message

SOURCE = {"type": "prometheus", "uid": "mesocosm"}


class Grafana(Exporter):
    """A dashboard, with the provisioning of it and of its data source.

    Args:
        url: the address of Prometheus.

    Source:
    https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/

    >>> sorted(Grafana().files(Living("pond", "", "1", {}, {})))[0]
    'dashboards/mesocosm.json'
    """

    short: ClassVar[str] = "url"
    url: str = "http://prometheus:9090"

    def files(self, living: Living) -> dict[str, str]:
        """The files by name."""
        board = _dashboard(living.name)
        provider = {
            "apiVersion": 1,
            "providers": [
                {
                    "name": "mesocosm",
                    "type": "file",
                    "options": {"path": "/etc/grafana/provisioning/dashboards/mesocosm"},
                }
            ],
        }
        sources = {
            "apiVersion": 1,
            "datasources": [
                {
                    "name": "Mesocosm",
                    "uid": "mesocosm",
                    "type": "prometheus",
                    "access": "proxy",
                    "url": self.url,
                    "isDefault": True,
                }
            ],
        }
        return {
            "dashboards/mesocosm.json": json.dumps(board, indent=1, ensure_ascii=False) + "\n",
            "provisioning/dashboards.yml": documents(provider),
            "provisioning/datasources.yml": documents(sources),
        }


def _dashboard(name: str) -> dict[str, Any]:
    """The dashboard; its titles are in the language of who exports it."""
    loads = {
        "name": Message("serving.panel.versions_loaded").render(),
        "datasource": SOURCE,
        "enable": True,
        "expr": "changes(mesocosm_version_loads_total[1m]) > 0",
        "iconColor": "blue",
    }
    return {
        "uid": "mesocosm",
        "title": Message("serving.panel.dashboard", name=name).render(),
        "tags": ["mesocosm"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "15s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "panels": [_panel(number, *panel) for number, panel in enumerate(PANELS)],
        "annotations": {"list": [loads]},
    }


def _panel(
    number: int, title: Message, unit: str, queries: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    """One panel of the dashboard, three in a row; p-values have a logarithmic axis."""
    targets = [
        {"refId": "ABCDEF"[i], "datasource": SOURCE, "expr": expr, "legendFormat": legend}
        for i, (expr, legend) in enumerate(queries)
    ]
    defaults: dict[str, Any] = {"unit": unit, "custom": {"lineWidth": 2, "fillOpacity": 8}}
    if unit == "none":
        defaults["custom"] = {"scaleDistribution": {"type": "log", "log": 10}}
    else:
        defaults["min"] = 0
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title.render(),
        "datasource": SOURCE,
        "gridPos": {"x": number % 3 * 8, "y": number // 3 * 8, "w": 8, "h": 8},
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi"},
        },
    }

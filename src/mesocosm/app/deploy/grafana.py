"""Grafana: one dashboard over the gateway's metrics, and how it is provided. Knows the dashboard's
JSON.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from mesocosm.app.deploy.alert_rules import PANELS
from mesocosm.app.deploy.manifest import Living, documents
from mesocosm.core.settings import Settings


class Grafana(Settings):
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
        source = {"type": "prometheus", "uid": "mesocosm"}
        panels: list[dict[str, Any]] = []
        for n, (title, unit, queries) in enumerate(PANELS):
            panels.append(
                {
                    "id": n + 1,
                    "type": "timeseries",
                    "title": title,
                    "datasource": source,
                    "gridPos": {"x": n % 3 * 8, "y": n // 3 * 8, "w": 8, "h": 8},
                    "targets": [
                        {
                            "refId": "ABCDEF"[i],
                            "datasource": source,
                            "expr": expr,
                            "legendFormat": legend,
                        }
                        for i, (expr, legend) in enumerate(queries)
                    ],
                    "fieldConfig": {
                        "defaults": {
                            "unit": unit,
                            "custom": {"lineWidth": 2, "fillOpacity": 8},
                            **(
                                {"min": 0}
                                if unit != "none"
                                else {"custom": {"scaleDistribution": {"type": "log", "log": 10}}}
                            ),
                        },
                        "overrides": [],
                    },
                    "options": {
                        "legend": {"displayMode": "list", "placement": "bottom"},
                        "tooltip": {"mode": "multi"},
                    },
                }
            )
        board = {
            "uid": "mesocosm",
            "title": f"Mesocosm: {living.name}",
            "tags": ["mesocosm"],
            "schemaVersion": 39,
            "version": 1,
            "editable": True,
            "refresh": "15s",
            "time": {"from": "now-3h", "to": "now"},
            "timezone": "browser",
            "panels": panels,
            "annotations": {
                "list": [
                    {
                        "name": "Versions loaded",
                        "datasource": source,
                        "enable": True,
                        "expr": "changes(mesocosm_version_loads_total[1m]) > 0",
                        "iconColor": "blue",
                    }
                ]
            },
        }
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
            "dashboards/mesocosm.json": json.dumps(board, indent=1) + "\n",
            "provisioning/dashboards.yml": documents(provider),
            "provisioning/datasources.yml": documents(sources),
        }

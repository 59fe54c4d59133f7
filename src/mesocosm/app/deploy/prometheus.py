"""Prometheus: what to scrape, what to record and when to alert. Knows its files."""

from __future__ import annotations

from typing import ClassVar

from mesocosm.app.deploy.alert_rules import rule_groups
from mesocosm.app.deploy.manifest import PORT, Exporter, Living, documents


class Prometheus(Exporter):
    """`prometheus.yml` and `rules.yml`; the token is read from a file next to them.

    Args:
        target: host and port of the gateway.
        alertmanager: host and port of an Alertmanager.
        runbook: the address of the on-call page.

    Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/

    >>> sorted(Prometheus().files(Living("pond", "", "1", {}, {})))
    ['prometheus.yml', 'rules.yml']
    """

    short: ClassVar[str] = "target"
    target: str = f"127.0.0.1:{PORT}"
    alertmanager: str | None = None
    runbook: str = "docs/how-to/on-call.md"

    def files(self, living: Living) -> dict[str, str]:
        """The files by name."""
        scrape = {
            "job_name": "mesocosm",
            "metrics_path": "/metrics",
            "authorization": {"type": "Bearer", "credentials_file": "token"},
            "static_configs": [{"targets": [self.target], "labels": {"ecosystem": living.name}}],
        }
        config = {
            "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [scrape],
        }
        if self.alertmanager:
            config["alerting"] = {
                "alertmanagers": [{"static_configs": [{"targets": [self.alertmanager]}]}]
            }
        return {
            "prometheus.yml": documents(config),
            "rules.yml": documents(rule_groups(self.runbook)),
        }

"""Docker Compose: the gateway with Prometheus and Grafana beside it. Knows the Compose file."""

from __future__ import annotations

from typing import Any, ClassVar

from mesocosm.app.deploy.docker import Docker
from mesocosm.app.deploy.grafana import Grafana
from mesocosm.app.deploy.manifest import PORT, Exporter, Living, documents
from mesocosm.app.deploy.prometheus import Prometheus

PROVISIONED = "/etc/grafana/provisioning"  # where Grafana's image reads what it is given


class Compose(Exporter):
    """`compose.yaml` with everything it names; the token is a secret, read from the file `token`.

    Args:
        base: the image the gateway's is built from.

    Source: https://docs.docker.com/reference/compose-file/

    >>> "compose.yaml" in Compose().files(Living("pond", "", "1", {}, {}))
    True
    """

    short: ClassVar[str] = "base"
    base: str = Docker().base

    def files(self, living: Living) -> dict[str, str]:
        """The files by name."""
        env: dict[str, Any] = {"MESOCOSM_TOKEN_FILE": "/run/secrets/token"} | {
            name: f"${{{name}:?set {name}}}" for name in living.secrets
        }
        gateway = {
            "build": {"context": "${PROJECT:-..}", "dockerfile": "${PWD}/Dockerfile"},
            "command": ["up", "--host", "0.0.0.0", "--port", str(PORT), "--allow-host", "gateway"],
            "environment": env,
            "secrets": ["token"],
            "ports": [f"127.0.0.1:{PORT}:{PORT}"],
            "volumes": ["store:/project/.mesocosm"],
            "read_only": True,
            "tmpfs": ["/tmp"],
            "security_opt": ["no-new-privileges:true"],
            "cap_drop": ["ALL"],
            "restart": "unless-stopped",
            "mem_limit": f"{living.memory_mb}m",
        }
        prometheus = {
            "image": "prom/prometheus:v3.5.0",
            "volumes": ["./prometheus:/etc/prometheus:ro"],
            "secrets": [{"source": "token", "target": "/etc/prometheus-token"}],
            "restart": "unless-stopped",
        }
        grafana = {
            "image": "grafana/grafana:12.2.0",
            "ports": ["127.0.0.1:3000:3000"],
            "restart": "unless-stopped",
            "volumes": [
                f"./grafana/provisioning/datasources.yml:{PROVISIONED}/datasources/mesocosm.yml:ro",
                f"./grafana/provisioning/dashboards.yml:{PROVISIONED}/dashboards/mesocosm.yml:ro",
                f"./grafana/dashboards:{PROVISIONED}/dashboards/mesocosm:ro",
            ],
        }
        project = {
            "name": living.label,
            "services": {"gateway": gateway, "prometheus": prometheus, "grafana": grafana},
            "secrets": {"token": {"file": "./token"}},
            "volumes": {"store": {}},
        }
        prometheus_files = {
            name: text.replace("credentials_file: token", "credentials_file: /etc/prometheus-token")
            for name, text in Prometheus(target=f"gateway:{PORT}").files(living).items()
        }
        return {
            "compose.yaml": documents(project),
            **Docker(base=self.base).files(living),
            **{f"prometheus/{name}": text for name, text in prometheus_files.items()},
            **{f"grafana/{name}": text for name, text in Grafana().files(living).items()},
        }

"""Kinds of export: one file and one line each."""

from mesocosm.app.deploy.compose import Compose
from mesocosm.app.deploy.docker import Docker
from mesocosm.app.deploy.grafana import Grafana
from mesocosm.app.deploy.kubernetes import Kubernetes
from mesocosm.app.deploy.manifest import Exporter, Living
from mesocosm.app.deploy.prometheus import Prometheus
from mesocosm.core.plugins.kinds import Kinds

BUILT_IN: dict[str, type[Exporter]] = {
    "compose": Compose,
    "docker": Docker,
    "grafana": Grafana,
    "kubernetes": Kubernetes,
    "prometheus": Prometheus,
}
EXPORTS = Kinds("exporters", BUILT_IN, Exporter)

__all__ = ["EXPORTS", "Living"]

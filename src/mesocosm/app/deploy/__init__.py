"""Kinds of export: one file and one line each."""

from typing import Any

from mesocosm.app.deploy.compose import Compose
from mesocosm.app.deploy.docker import Docker
from mesocosm.app.deploy.grafana import Grafana
from mesocosm.app.deploy.kubernetes import Kubernetes
from mesocosm.app.deploy.manifest import Living
from mesocosm.app.deploy.prometheus import Prometheus

EXPORTS: dict[str, Any] = {
    "compose": Compose,
    "docker": Docker,
    "grafana": Grafana,
    "kubernetes": Kubernetes,
    "prometheus": Prometheus,
}

__all__ = ["EXPORTS", "Living"]

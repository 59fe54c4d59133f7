"""Kinds of export: one file and one line each."""

from typing import Any

from mesocosm.operate.export.compose import Compose
from mesocosm.operate.export.docker import Docker
from mesocosm.operate.export.grafana import Grafana
from mesocosm.operate.export.kubernetes import Kubernetes
from mesocosm.operate.export.living import Living
from mesocosm.operate.export.prometheus import Prometheus

EXPORTS: dict[str, Any] = {
    "compose": Compose,
    "docker": Docker,
    "grafana": Grafana,
    "kubernetes": Kubernetes,
    "prometheus": Prometheus,
}

__all__ = ["EXPORTS", "Living"]

"""Kubernetes: everything a gateway needs in a cluster, laid out for Kustomize. Knows the cluster's
kinds of object.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from mesocosm.app.deploy.alert_rules import rule_groups
from mesocosm.app.deploy.manifest import PORT, USER, Exporter, Living, documents

CONTAINER_KEYS = (
    "name",
    "image",
    "args",
    "ports",
    "env",
    "volumeMounts",
    "securityContext",
    "startupProbe",
    "readinessProbe",
    "livenessProbe",
    "resources",
)


class Kubernetes(Exporter):
    """Deployment, Service, HPA, PDB, NetworkPolicy, PVC, ServiceMonitor, PrometheusRule and a
    KServe InferenceService.

    One replica while the catalog is a file; several where `MESOCOSM_CATALOG` names a PostgreSQL and
    the store can be shared.

    Args:
        image: the image that is built from `export docker`.
        namespace: where it runs.
        replicas: gateways at most; more than one needs a shared catalog and store.
        storage: the class of the store's volume; the cluster's own where not given.
        runbook: the address of the on-call page.

    Source: https://kubernetes.io/docs/reference/kubernetes-api/

    >>> "kustomization.yaml" in Kubernetes().files(Living("pond", "", "1", {}, {}))
    True
    """

    short: ClassVar[str] = "image"
    image: str | None = None
    namespace: str | None = None
    replicas: int = Field(1, ge=1, le=100)
    storage: str | None = None
    runbook: str = "docs/how-to/on-call.md"

    def files(self, living: Living) -> dict[str, str]:
        """The files by name."""
        core, monitoring = self._core_objects(living), self._monitoring_objects(living)
        header = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
        }
        named = header | {"namespace": self._namespace(living)}
        files = {f"base/{file}": documents(thing) for file, thing in core.items()}
        files |= {f"monitoring/{file}": documents(thing) for file, thing in monitoring.items()}
        files["kserve/inferenceservice.yaml"] = documents(self._inference_service(living))
        files["base/kustomization.yaml"] = documents(named | {"resources": sorted(core)})
        files["monitoring/kustomization.yaml"] = documents(
            named | {"resources": sorted(monitoring)}
        )
        files["kustomization.yaml"] = documents(header | {"resources": ["base", "monitoring"]})
        return files

    def _namespace(self, living: Living) -> str:
        return self.namespace or living.label

    def _core_objects(self, living: Living) -> dict[str, dict[str, Any]]:
        """What the gateway needs, by file."""
        labels = _labels(living)
        ports = [{"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP"}]
        service = {"selector": labels, "ports": ports}
        disruption = {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
        namespace = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": self._namespace(living),
                "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
            },
        }
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": living.label, "labels": labels},
            "automountServiceAccountToken": False,
        }
        return {
            "namespace.yaml": namespace,
            "deployment.yaml": _thing(living, "Deployment", "apps/v1", self._deployment(living)),
            "service.yaml": _thing(living, "Service", "v1", service),
            "account.yaml": account,
            "scale.yaml": _thing(
                living, "HorizontalPodAutoscaler", "autoscaling/v2", self._autoscaler(living)
            ),
            "disruption.yaml": _thing(living, "PodDisruptionBudget", "policy/v1", disruption),
            "network.yaml": _thing(
                living, "NetworkPolicy", "networking.k8s.io/v1", _network_policy(labels)
            ),
            "store.yaml": _thing(living, "PersistentVolumeClaim", "v1", self._claim(living)),
        }

    def _monitoring_objects(self, living: Living) -> dict[str, dict[str, Any]]:
        """What the Prometheus operator reads, by file."""
        token = {"credentials": {"name": f"{living.label}-token", "key": "token"}}
        endpoint = {"port": "http", "path": "/metrics", "interval": "15s", "authorization": token}
        monitor = {
            "selector": {"matchLabels": _labels(living)},
            "jobLabel": "app.kubernetes.io/name",
            "endpoints": [endpoint],
        }
        version = "monitoring.coreos.com/v1"
        rules = rule_groups(self.runbook)
        return {
            "monitor.yaml": _thing(living, "ServiceMonitor", version, monitor),
            "rules.yaml": _thing(living, "PrometheusRule", version, rules),
        }

    def _inference_service(self, living: Living) -> dict[str, Any]:
        predictor = self._pod(living) | {"minReplicas": 1, "maxReplicas": self.replicas}
        return _thing(
            living, "InferenceService", "serving.kserve.io/v1beta1", {"predictor": predictor}
        )

    def _deployment(self, living: Living) -> dict[str, Any]:
        labels = _labels(living)
        strategy: dict[str, Any] = {"type": "Recreate"}
        if self.replicas > 1:
            rolling = {"maxUnavailable": 0, "maxSurge": 1}
            strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
        return {
            "replicas": 1,
            "revisionHistoryLimit": 5,
            "selector": {"matchLabels": labels},
            "strategy": strategy,
            "template": {"metadata": {"labels": labels}, "spec": self._pod(living)},
        }

    def _autoscaler(self, living: Living) -> dict[str, Any]:
        cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 75}}
        return {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": living.label,
            },
            "minReplicas": 1,
            "maxReplicas": self.replicas,
            "metrics": [{"type": "Resource", "resource": cpu}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
        }

    def _claim(self, living: Living) -> dict[str, Any]:
        """The store's volume, with room for a few times what the store holds now."""
        size = max(5, round(4 * living.store_gb + 2))
        mode = "ReadWriteMany" if self.replicas > 1 else "ReadWriteOnce"
        claim: dict[str, Any] = {
            "accessModes": [mode],
            "resources": {"requests": {"storage": f"{size}Gi"}},
        }
        if self.storage:
            claim["storageClassName"] = self.storage
        return claim

    def _pod(self, living: Living) -> dict[str, Any]:
        build = self._container(living) | {
            "name": "build",
            "args": ["build"],
            "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "6Gi"}},
        }
        return {
            "serviceAccountName": living.label,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 60,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "initContainers": [_sort_keys(build)],
            "containers": [_sort_keys(self._gateway(living))],
            "volumes": [
                {"name": "store", "persistentVolumeClaim": {"claimName": living.label}},
                {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
            ],
        }

    def _container(self, living: Living) -> dict[str, Any]:
        """What the gateway's and the build's container share."""
        return {
            "image": self.image or f"{living.label}:{living.version}",
            "env": self._environment(living),
            "volumeMounts": [
                {"name": "store", "mountPath": "/project/.mesocosm"},
                {"name": "scratch", "mountPath": "/tmp"},
            ],
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        }

    def _environment(self, living: Living) -> list[dict[str, Any]]:
        name = living.label
        env: list[dict[str, Any]] = [
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            _secret("MESOCOSM_TOKEN", f"{name}-token", "token"),
        ]
        env += [_secret(secret, f"{name}-sources", secret) for secret in living.secrets]
        if self.replicas > 1:
            env.append(_secret("MESOCOSM_CATALOG", f"{name}-catalog", "url"))
        return env

    def _gateway(self, living: Living) -> dict[str, Any]:
        args = ["up", "--no-build", "--host", "0.0.0.0", "--port", str(PORT)]
        host = f"{living.label}.{self._namespace(living)}"
        for name in ("$(POD_IP)", living.label, host, f"{host}.svc.cluster.local"):
            args += ["--allow-host", name]
        return self._container(living) | {
            "name": "gateway",
            "args": args,
            "ports": [{"name": "http", "containerPort": PORT}],
            "startupProbe": _probe("/readyz", periodSeconds=2, failureThreshold=90),
            "readinessProbe": _probe("/readyz", periodSeconds=5, failureThreshold=2),
            "livenessProbe": _probe(
                "/healthz", periodSeconds=10, timeoutSeconds=3, failureThreshold=3
            ),
            "resources": {
                "requests": {"cpu": "500m", "memory": f"{living.memory_mb // 2}Mi"},
                "limits": {"memory": f"{living.memory_mb}Mi"},
            },
        }


def _labels(living: Living) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "mesocosm",
        "app.kubernetes.io/instance": living.label,
    }


def _thing(living: Living, kind: str, version: str, spec: Any) -> dict[str, Any]:
    """An object of the cluster with the ecosystem's name and labels."""
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": living.label, "labels": _labels(living)},
        "spec": spec,
    }


def _secret(variable: str, name: str, key: str) -> dict[str, Any]:
    """A variable of the environment from a key of a secret."""
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def _probe(path: str, **more: int) -> dict[str, Any]:
    headers = [{"name": "Host", "value": "localhost"}]
    return {"httpGet": {"path": path, "port": "http", "httpHeaders": headers}, **more}


def _sort_keys(container: dict[str, Any]) -> dict[str, Any]:
    """A container with its keys in the order that people read them."""
    return {key: container[key] for key in CONTAINER_KEYS if key in container}


def _network_policy(labels: dict[str, str]) -> dict[str, Any]:
    """Calls from the own namespace and from those labelled so; calls to name servers, the own
    namespace, and those labelled as sources.
    """

    def peers(label: str) -> list[dict[str, Any]]:
        return [{"podSelector": {}}, {"namespaceSelector": {"matchLabels": {label: "true"}}}]

    names = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    return {
        "podSelector": {"matchLabels": labels},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {"from": peers("mesocosm/may-call"), "ports": [{"protocol": "TCP", "port": PORT}]}
        ],
        "egress": [{"ports": names}, {"to": peers("mesocosm/source")}],
    }

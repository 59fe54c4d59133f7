"""Kubernetes: everything a gateway needs in a cluster, laid out for Kustomize. Knows the cluster's
kinds of object.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from mesocosm.app.deploy.alert_rules import rule_groups
from mesocosm.app.deploy.manifest import PORT, USER, Living, documents
from mesocosm.core.settings import Settings


class Kubernetes(Settings):
    """Deployment, Service, HPA, PDB, NetworkPolicy, PVC, ServiceMonitor, PrometheusRule and a
    KServe InferenceService.

    One replica while the catalog is a file; several where `MESOCOSM_CATALOG` names a PostgreSQL and
    the store can be shared.

    Args:
        image: the image that `export docker` makes.
        namespace: where it runs.
        replicas: gateways at most; more than one asks for a shared catalog and store.
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
        name, labels = (
            living.label,
            {"app.kubernetes.io/name": "mesocosm", "app.kubernetes.io/instance": living.label},
        )
        space = self.namespace or living.label

        def thing(kind: str, version: str, spec: Any, **more: Any) -> dict[str, Any]:
            return {
                "apiVersion": version,
                "kind": kind,
                "metadata": {"name": name, "labels": labels, **more},
                "spec": spec,
            }

        pod = self._pod(living)
        shared = self.replicas > 1
        deployment = {
            "replicas": 1,
            "revisionHistoryLimit": 5,
            "selector": {"matchLabels": labels},
            "strategy": (
                {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
                }
                if shared
                else {"type": "Recreate"}
            ),
            "template": {"metadata": {"labels": labels}, "spec": pod},
        }
        scale = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": 1,
            "maxReplicas": self.replicas,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 75},
                    },
                }
            ],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
        }
        size = max(5, round(4 * living.store_gb + 2))
        claim: dict[str, Any] = {
            "accessModes": ["ReadWriteMany" if shared else "ReadWriteOnce"],
            "resources": {"requests": {"storage": f"{size}Gi"}},
        }
        if self.storage:
            claim["storageClassName"] = self.storage
        network = {
            "podSelector": {"matchLabels": labels},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {
                    "from": [
                        {"podSelector": {}},
                        {"namespaceSelector": {"matchLabels": {"mesocosm/may-call": "true"}}},
                    ],
                    "ports": [{"protocol": "TCP", "port": PORT}],
                }
            ],
            "egress": [
                {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
                {
                    "to": [
                        {"podSelector": {}},
                        {"namespaceSelector": {"matchLabels": {"mesocosm/source": "true"}}},
                    ]
                },
            ],
        }
        monitor = {
            "selector": {"matchLabels": labels},
            "jobLabel": "app.kubernetes.io/name",
            "endpoints": [
                {
                    "port": "http",
                    "path": "/metrics",
                    "interval": "15s",
                    "authorization": {"credentials": {"name": f"{name}-token", "key": "token"}},
                }
            ],
        }
        parts = {
            "namespace.yaml": [
                {
                    "apiVersion": "v1",
                    "kind": "Namespace",
                    "metadata": {
                        "name": space,
                        "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
                    },
                }
            ],
            "deployment.yaml": [thing("Deployment", "apps/v1", deployment)],
            "service.yaml": [
                thing(
                    "Service",
                    "v1",
                    {
                        "selector": labels,
                        "ports": [
                            {"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP"}
                        ],
                    },
                )
            ],
            "account.yaml": [
                {
                    "apiVersion": "v1",
                    "kind": "ServiceAccount",
                    "metadata": {"name": name, "labels": labels},
                    "automountServiceAccountToken": False,
                }
            ],
            "scale.yaml": [thing("HorizontalPodAutoscaler", "autoscaling/v2", scale)],
            "disruption.yaml": [
                thing(
                    "PodDisruptionBudget",
                    "policy/v1",
                    {"maxUnavailable": 1, "selector": {"matchLabels": labels}},
                )
            ],
            "network.yaml": [thing("NetworkPolicy", "networking.k8s.io/v1", network)],
            "store.yaml": [thing("PersistentVolumeClaim", "v1", claim)],
        }
        watched = {
            "monitor.yaml": [thing("ServiceMonitor", "monitoring.coreos.com/v1", monitor)],
            "rules.yaml": [
                thing("PrometheusRule", "monitoring.coreos.com/v1", rule_groups(self.runbook))
            ],
        }
        kserve = [
            thing(
                "InferenceService",
                "serving.kserve.io/v1beta1",
                {"predictor": pod | {"minReplicas": 1, "maxReplicas": self.replicas}},
            )
        ]
        base = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": space,
        }
        files = {f"base/{f}": documents(*things) for f, things in parts.items()}
        files |= {f"monitoring/{f}": documents(*things) for f, things in watched.items()} | {
            "kserve/inferenceservice.yaml": documents(*kserve)
        }
        files["base/kustomization.yaml"] = documents(base | {"resources": sorted(parts)})
        files["monitoring/kustomization.yaml"] = documents(base | {"resources": sorted(watched)})
        files["kustomization.yaml"] = documents(
            {k: v for k, v in base.items() if k != "namespace"}
            | {"resources": ["base", "monitoring"]}
        )
        return files

    def _pod(self, living: Living) -> dict[str, Any]:
        name = living.label
        token = {
            "name": "MESOCOSM_TOKEN",
            "valueFrom": {"secretKeyRef": {"name": f"{name}-token", "key": "token"}},
        }
        env = [
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            token,
            *(
                {"name": n, "valueFrom": {"secretKeyRef": {"name": f"{name}-sources", "key": n}}}
                for n in living.secrets
            ),
        ]
        if self.replicas > 1:
            env.append(
                {
                    "name": "MESOCOSM_CATALOG",
                    "valueFrom": {"secretKeyRef": {"name": f"{name}-catalog", "key": "url"}},
                }
            )
        closed = {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        mounts = [
            {"name": "store", "mountPath": "/project/.mesocosm"},
            {"name": "scratch", "mountPath": "/tmp"},
        ]
        image = self.image or f"{name}:{living.version}"
        names = [
            "$(POD_IP)",
            name,
            f"{name}.{self.namespace or name}",
            f"{name}.{self.namespace or name}.svc.cluster.local",
        ]

        def probe(path: str, **more: int) -> dict[str, Any]:
            return {
                "httpGet": {
                    "path": path,
                    "port": "http",
                    "httpHeaders": [{"name": "Host", "value": "localhost"}],
                },
                **more,
            }

        gateway = {
            "name": "gateway",
            "image": image,
            "args": [
                "up",
                "--no-build",
                "--host",
                "0.0.0.0",
                "--port",
                str(PORT),
                *(w for n in names for w in ("--allow-host", n)),
            ],
            "ports": [{"name": "http", "containerPort": PORT}],
            "env": env,
            "volumeMounts": mounts,
            "securityContext": closed,
            "startupProbe": probe("/readyz", periodSeconds=2, failureThreshold=90),
            "readinessProbe": probe("/readyz", periodSeconds=5, failureThreshold=2),
            "livenessProbe": probe(
                "/healthz", periodSeconds=10, timeoutSeconds=3, failureThreshold=3
            ),
            "resources": {
                "requests": {"cpu": "500m", "memory": f"{living.memory_mb // 2}Mi"},
                "limits": {"memory": f"{living.memory_mb}Mi"},
            },
        }
        build = {
            "name": "build",
            "image": image,
            "args": ["build"],
            "env": env,
            "volumeMounts": mounts,
            "securityContext": closed,
            "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "6Gi"}},
        }
        return {
            "serviceAccountName": name,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 60,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "initContainers": [build],
            "containers": [gateway],
            "volumes": [
                {"name": "store", "persistentVolumeClaim": {"claimName": name}},
                {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
            ],
        }

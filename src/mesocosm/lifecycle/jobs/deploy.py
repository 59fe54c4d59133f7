"""A version deployed as the service's settings ask: at once, or by a rollout. Knows settings and
the catalog.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from mesocosm.catalog import Catalog
from mesocosm.catalog.deployments import NewRollout
from mesocosm.core.messages import Message
from mesocosm.serving.settings import Service


@dataclass(frozen=True)
class Deployment:
    """What to deploy.

    Args:
        service: the service's name.
        settings: its settings.
        version: the model version; empty where the service only answers from texts.
        answers: the snapshot that it answers from; may be empty.
        who: what deploys it, for the audit.
        why: the reason, for the audit.
    """

    service: str
    settings: Service
    version: str
    answers: str
    who: str
    why: str


def deploy_version(catalog: Catalog, con: Connection, new: Deployment) -> Message:
    """Deploy a version, or start its rollout where another one serves already.

    Args:
        catalog: where deployments are listed.
        con: a transaction of the catalog.
        new: what to deploy.

    Returns:
        A sentence that says which.
    """
    now = catalog.deployment(new.service)
    method = new.settings.rollout.method
    if now is None or now["version"] in ("", None, new.version) or method == "direct":
        catalog.deploy(con, new.service, new.version, new.answers, new.who, new.why)
        return Message("progress.deployed", version=new.version or new.answers)
    rollout = NewRollout(new.service, new.version, new.answers, now["version"], method)
    catalog.open_rollout(con, rollout, new.who, new.why)
    return Message(
        "progress.rollout_starts", version=new.version, method=method, champion=now["version"]
    )

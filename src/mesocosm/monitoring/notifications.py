"""Alerts brought to people: by webhook and by mail, several of one monitor in one message, silenced
where somebody said so.

Knows the catalog, HTTP and SMTP. What was sent once is not sent again; what cannot be sent is tried
for an hour.
"""

from __future__ import annotations

import smtplib
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import model_validator

from mesocosm.core.confidential.row_values import withheld_all
from mesocosm.core.errors import Failure
from mesocosm.core.settings import Kind
from mesocosm.core.url_policy import check_url, transport

if TYPE_CHECKING:
    from mesocosm.catalog import Catalog

TRIED = 3600.0  # seconds
RUNBOOK = {
    "drift": "inputs-drift",
    "schema": "inputs-drift",
    "corrupt": "a-version-is-corrupt",
    "rollout": "a-rollout-went-back",
    "anomaly": "answers-are-slow",
}


class Notify(Kind):
    """Who is told of a monitor's alerts.

    Args:
        webhook: an address that is sent JSON; `${NAME}` takes it from the environment.
        mail: an address that is written to.
        smtp: host and port of the server that takes the mail.
        sender: the address the mail comes from.
        private_network: whether the webhook may stand at a private address.

    Source: RFC 5321
    """

    short: ClassVar[str] = "webhook"
    webhook: str | None = None
    mail: str | None = None
    smtp: str = "127.0.0.1:25"
    sender: str = "mesocosm@localhost"
    private_network: bool = False

    @model_validator(mode="after")
    def _somebody(self) -> Notify:
        if not self.webhook and not self.mail:
            raise ValueError("'webhook' with an address, 'mail' with one, or both")
        return self


class Notifier:
    """Sends what is new.

    Args:
        ecosystem: its name.
        settings: by monitor, who is told; alerts of no monitor in the file are told to all.
        runbook: where the on-call page is.
    """

    def __init__(
        self,
        ecosystem: str,
        settings: Mapping[str, Notify],
        catalog: Catalog,
        runbook: str = "docs/how-to/on-call.md",
    ) -> None:
        self.ecosystem, self.settings, self.catalog, self.runbook = (
            ecosystem,
            dict(settings),
            catalog,
            runbook,
        )
        self.since = catalog.clock()
        self.sent: set[str] = set()
        self.trouble = ""

    def look(self) -> int:
        """Send alerts that are new and not silenced; returns how many were sent."""
        if not self.settings:
            return 0
        now = self.catalog.clock()
        silenced = self.catalog.silenced(now)
        fresh = [
            a
            for a in self.catalog.alerts(open_only=True, marked=True)
            if a["at"] >= self.since and _key(a) not in self.sent and now - a["at"] < TRIED
        ]
        for monitor in dict.fromkeys(a["monitor"] for a in fresh):
            group = [a for a in fresh if a["monitor"] == monitor]
            if monitor in silenced or "*" in silenced:
                continue
            to = (
                [self.settings[monitor]]
                if monitor in self.settings
                else list(self.settings.values())
            )
            try:
                for one in to:
                    self._send(one, monitor, group)
                self.sent.update(_key(a) for a in group)
                self.trouble = ""
            except (
                Exception
            ) as error:  # whatever it is: the next look tries again, and nothing else waits for it
                self.trouble = f"alerts of {monitor} could not be sent ({type(error).__name__})"
        return len(self.sent)

    def message(self, monitor: str, alerts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What is sent: no value of a row is in it."""
        listed = [
            {
                "id": a["id"],
                "service": a["service"],
                "what": a["what"],
                "message": a["message"],
                "at": a["at"],
                "verdict": (a["detail"] or {}).get("verdict"),
                "runbook": f"{self.runbook}#{RUNBOOK.get(a['what'], 'where-to-look-first')}",
            }
            for a in alerts
        ]
        return {"ecosystem": self.ecosystem, "monitor": monitor, "alerts": withheld_all(listed)}

    def _send(self, to: Notify, monitor: str, alerts: Sequence[Mapping[str, Any]]) -> None:
        whole = self.message(monitor, alerts)
        if to.webhook:
            import httpx

            check_url(to.webhook, ("https", "http"), to.private_network, "notify.webhook")
            with httpx.Client(
                timeout=10, follow_redirects=False, transport=transport(to.private_network)
            ) as client:
                answer = client.post(to.webhook, json=whole)
            if answer.status_code >= 300:
                raise Failure(f"the webhook answered {answer.status_code}")
        if to.mail:
            mail = EmailMessage()
            mail["Subject"] = (
                f"[{self.ecosystem}] {monitor}: {len(alerts)}"
                f" {'alert' if len(alerts) == 1 else 'alerts'}"
            )
            mail["From"], mail["To"] = to.sender, to.mail
            mail.set_content(
                "\n\n".join(f"{a['message']}\n{a['runbook']}" for a in whole["alerts"])
            )
            host, _, port = to.smtp.rpartition(":")
            with smtplib.SMTP(host, int(port), timeout=10) as server:
                server.send_message(mail)


def _key(alert: Mapping[str, Any]) -> str:
    """What is sent once: an alert, and again where more rows changed its diagnosis."""
    return f"{alert['id']} {((alert['detail'] or {}).get('verdict') or {}).get('kind', '')}"

"""Notifications of alerts, by webhook and by mail, several of one monitor in one message; none
while a monitor is silenced.

Knows the catalog, HTTP and SMTP. What was sent once is not sent again; what cannot be sent is
retried for an hour.
"""

from __future__ import annotations

import smtplib
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import TYPE_CHECKING, ClassVar, NotRequired, TypedDict

from pydantic import model_validator

from mesocosm.core.confidential.row_values import withheld, withheld_all
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message, Text, render
from mesocosm.core.messages.language import SOURCE, current_language
from mesocosm.core.network.url_policy import check_url, transport
from mesocosm.core.settings import Settings
from mesocosm.monitoring.alert_message import render_alert

if TYPE_CHECKING:
    from mesocosm.catalog import Catalog
    from mesocosm.catalog.contents import DiagnosisData
    from mesocosm.catalog.rows import AlertRow

TRIED = 3600.0  # seconds for which a notification is retried
RUNBOOK = {
    "drift": "inputs-drift",
    "schema": "inputs-drift",
    "corrupt": "a-version-is-corrupt",
    "rollout": "a-rollout-went-back",
    "anomaly": "answers-are-slow",
}


class Notify(Settings):
    """Where a monitor's alerts are sent.

    Args:
        webhook: an address that is sent JSON; `${NAME}` takes it from the environment.
        mail: the address of the recipient.
        smtp: host and port of the mail server.
        sender: the address of the sender.
        private_network: whether the webhook may be at a private address.

    Source: RFC 5321
    """

    short: ClassVar[str] = "webhook"
    webhook: str | None = None
    mail: str | None = None
    smtp: str = "127.0.0.1:25"
    sender: str = "mesocosm@localhost"
    private_network: bool = False

    @model_validator(mode="after")
    def _require_recipient(self) -> Notify:
        if not self.webhook and not self.mail:
            raise ValueError(Message("config.webhook_or_mail"))
        return self


class ListedAlert(TypedDict):
    """An alert as a notification lists it; `text` is its message in the language of the process,
    where that is not English.
    """

    id: str
    service: str
    what: str
    message: str
    text: NotRequired[str]
    at: float
    verdict: DiagnosisData | None
    runbook: str


class Notification(TypedDict):
    """What a webhook is sent."""

    ecosystem: str
    monitor: str
    alerts: list[ListedAlert]


class Notifier:
    """Sends new alerts.

    Args:
        ecosystem: its name.
        settings: recipients by monitor; alerts of no monitor in the file are sent to all.
        runbook: where the on-call page is; without it, the page in the reader's language.
    """

    def __init__(
        self,
        ecosystem: str,
        settings: Mapping[str, Notify],
        catalog: Catalog,
        runbook: Text | None = None,
    ) -> None:
        self.ecosystem, self.settings = ecosystem, dict(settings)
        self.catalog = catalog
        self.runbook: Text = runbook or Message("monitoring.on_call_page")
        self.since = catalog.clock()
        self.sent: set[str] = set()
        self.trouble = ""

    def look(self) -> int:
        """Send alerts that are new and not silenced; returns how many were sent since the start."""
        if not self.settings:
            return 0
        now = self.catalog.clock()
        silenced = self.catalog.silenced(now)
        if "*" in silenced:
            return len(self.sent)
        for monitor, alerts in self._group_unsent(now).items():
            if monitor not in silenced:
                self._notify(monitor, alerts)
        return len(self.sent)

    def _group_unsent(self, now: float) -> dict[str, list[AlertRow]]:
        """New alerts that were not sent, by monitor; the old ones are not tried any more."""
        unsent: dict[str, list[AlertRow]] = {}
        for alert in self.catalog.alerts(open_only=True, marked=True):
            is_new = alert["at"] >= self.since and now - alert["at"] < TRIED
            if is_new and _key(alert) not in self.sent:
                unsent.setdefault(alert["monitor"], []).append(alert)
        return unsent

    def _notify(self, monitor: str, alerts: Sequence[AlertRow]) -> None:
        """Send a monitor's alerts to its recipients."""
        recipients = list(self.settings.values())
        if monitor in self.settings:
            recipients = [self.settings[monitor]]
        try:
            for recipient in recipients:
                self._send(recipient, monitor, alerts)
            self.sent.update(_key(a) for a in alerts)
            self.trouble = ""
        # whatever it is: the next look tries again, and nothing else waits for it
        except Exception as error:
            kind = type(error).__name__
            self.trouble = str(Message("monitoring.not_sent", monitor=monitor, kind=kind))

    def message(self, monitor: str, alerts: Sequence[AlertRow]) -> Notification:
        """The notification of a monitor's alerts, without values of rows."""
        listed = [self._list_alert(alert) for alert in alerts]
        return {"ecosystem": self.ecosystem, "monitor": monitor, "alerts": withheld_all(listed)}

    def _list_alert(self, alert: AlertRow) -> ListedAlert:
        listed: ListedAlert = {
            "id": alert["id"],
            "service": alert["service"],
            "what": alert["what"],
            "message": alert["message"],
            "at": alert["at"],
            "verdict": (alert["detail"] or {}).get("verdict"),
            "runbook": _link_heading(str(self.runbook), alert["what"]),
        }
        if current_language() != SOURCE:
            listed["text"] = render_alert(alert)
        return listed

    def _send(self, to: Notify, monitor: str, alerts: Sequence[AlertRow]) -> None:
        message = self.message(monitor, alerts)
        if to.webhook:
            _post(to.webhook, to.private_network, message)
        if to.mail:
            mail = EmailMessage()
            subject = Message(
                "monitoring.mail_subject",
                ecosystem=self.ecosystem,
                monitor=monitor,
                count=len(alerts),
            )
            mail["Subject"] = subject.render()
            mail["From"], mail["To"] = to.sender, to.mail
            page = render(self.runbook)
            paragraphs = [
                f"{withheld(render_alert(alert))}\n{_link_heading(page, alert['what'])}"
                for alert in alerts
            ]
            mail.set_content("\n\n".join(paragraphs))
            host, _, port = to.smtp.rpartition(":")
            with smtplib.SMTP(host, int(port), timeout=10) as server:
                server.send_message(mail)


def _link_heading(page: str, what: str) -> str:
    """The heading of the on-call page about a kind of alert; both languages have the same."""
    return f"{page}#{RUNBOOK.get(what, 'where-to-look-first')}"


def _post(url: str, private_network: bool, message: Notification) -> None:
    import httpx

    check_url(url, ("https", "http"), private_network, "notify.webhook")
    with httpx.Client(
        timeout=10, follow_redirects=False, transport=transport(private_network)
    ) as client:
        response = client.post(url, json=message)
    if response.status_code >= 300:
        raise MesocosmError(Message("monitoring.webhook_status", status=response.status_code))


def _key(alert: AlertRow) -> str:
    """What is sent once: an alert, and again where more rows changed its diagnosis."""
    diagnosis = (alert["detail"] or {}).get("verdict")
    kind = diagnosis.get("kind", "") if diagnosis else ""
    return f"{alert['id']} {kind}"

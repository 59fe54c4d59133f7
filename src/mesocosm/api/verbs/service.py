"""Verbs of a service: rollouts, alerts, feedback and access tokens."""

from __future__ import annotations

from typing import Literal

from mesocosm.api.results.service import (
    AccessToken,
    ClosedAlert,
    RecordedFeedback,
    RevokedTokens,
    ServiceChange,
    Silence,
)
from mesocosm.api.verbs.group import VerbGroup, require_name
from mesocosm.client.predictions import Prediction
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message

DAY = 86400  # seconds
Right = Literal["see", "ask", "change"]


class ServiceVerbs(VerbGroup):
    """`eco.service`: what is deployed, rollouts, alerts, feedback and access tokens."""

    def promote(self, service: str, why: str = "by hand") -> ServiceChange:
        """End the rollout of a service by promoting its new version; `rollback` ends it the other
        way.

        Args:
            service: the service's name.
            why: written into the history.

        Raises:
            ConfigValueError: there is no such service.
            MesocosmError: no rollout is in progress.
        """
        from mesocosm.serving.rollout.transitions import promote

        eco = self._eco
        require_name(
            Message("api.no_service", service=service[:60]), service, eco.spec.eco.services
        )
        return ServiceChange.from_json(promote(eco.catalog, service, eco.who, why))

    def rollback(self, service: str, why: str = "by hand") -> ServiceChange:
        """Roll a service back to the version that it ran before.

        Args:
            service: the service's name.
            why: written into the history.

        Raises:
            ConfigValueError: there is no such service.
            MesocosmError: there is no previous version.
        """
        from mesocosm.lifecycle.jobs.rollback import rollback

        eco = self._eco
        if service in eco.spec.eco.datasets:
            raise MesocosmError(Message("api.rollback_of_dataset", name=service))
        require_name(
            Message("api.no_service", service=service[:60]), service, eco.spec.eco.services
        )
        return ServiceChange.from_json(rollback(eco.catalog, service, eco.who, why))

    def feedback(self, prediction: str | Prediction, label: str) -> RecordedFeedback:
        """Record the true label of a prediction.

        Args:
            prediction: its id, or `last` for the newest.
            label: the true label.

        Raises:
            MesocosmError: there is no such prediction.
            ConfigValueError: there is no such label.
        """
        from mesocosm.api.service_calls import call, local
        from mesocosm.api.verbs.requests import find_prediction

        eco = self._eco
        ident = find_prediction(eco, prediction)
        row = eco.catalog.prediction(ident)
        if row is None:
            raise MesocosmError(Message("api.no_prediction", prediction=ident[:60]))
        body = {"id": ident, "label": label}
        if call(eco, "POST", f"/v1/services/{row['service']}/feedback", body) is None:
            local(eco, row["service"]).feedback(ident, label)
        return RecordedFeedback(True, ident, label)

    def silence(self, monitor: str, length: str = "2h", why: str = "by hand") -> Silence:
        """Send no notifications about a monitor's alerts for a while; they are raised and shown.

        Args:
            monitor: the monitor's name; `*` for all.
            length: how long, as `2h`; `0s` ends a silence.
            why: written into the audit.

        Raises:
            ConfigValueError: there is no such monitor, or the length cannot be read.
        """
        from mesocosm.core.values.durations import seconds

        eco = self._eco
        if monitor != "*":
            require_name(
                Message("api.no_monitor", monitor=monitor[:60]),
                monitor,
                ["*", *eco.spec.eco.monitors],
            )
        try:
            wait = seconds(length)
        except (ValueError, KeyError, IndexError) as error:
            raise ConfigValueError(
                "--for", Message("api.got", value=length[:40]), Message("api.length_of_time")
            ) from error
        return Silence(monitor, eco.catalog.silence(monitor, wait, eco.who, why), why)

    def close(self, alert: str, why: str) -> ClosedAlert:
        """Close an alert by hand. A fault that is still there raises another.

        Args:
            alert: the id of an open alert.
            why: the reason; written into the audit.

        Raises:
            ConfigValueError: no open alert has that id, or the reason is empty.
        """
        eco = self._eco
        if not why.strip():
            raise ConfigValueError("--why", Message("api.reason_empty"), Message("api.a_sentence"))
        found = {a["id"]: a["monitor"] for a in eco.catalog.alerts(open_only=True, most=1000)}
        if alert not in found:
            raise ConfigValueError(
                "",
                Message("api.no_open_alert", alert=alert[:60]),
                Message("api.an_open_alert"),
                list(found),
                alert,
            )
        eco.catalog.clear(found[alert], why, alert, who=eco.who)
        return ClosedAlert(alert, found[alert], why)

    def token(self, role: str, may: Right = "see", days: float = 30) -> AccessToken:
        """Issue an access token to a role; it is stored nowhere.

        Args:
            role: the role; datasets name the roles that may read their rows with `access`.
            may: `see` reads, `ask` uses services too, `change` does everything but being the
                owner.
            days: how long it is valid.

        Raises:
            ConfigValueError: the role is the owner's.
        """
        eco = self._eco
        _refuse_owner(role)
        readable = [name for name, data in eco.spec.eco.datasets.items() if role in data.access]
        token = eco.catalog.give_token(role, may, days * DAY, eco.who)
        return AccessToken(role, may, days, tuple(readable), token)

    def revoke_tokens(self, role: str) -> RevokedTokens:
        """Revoke all access tokens of a role.

        Raises:
            ConfigValueError: the role is the owner's.
        """
        _refuse_owner(role)
        return RevokedTokens(role, self._eco.catalog.revoke_tokens(role, self._eco.who))


def _refuse_owner(role: str) -> None:
    from mesocosm.core.permissions import OWNER

    if role == OWNER:
        raise ConfigValueError(
            "ROLE", Message("api.owner_role", role=OWNER), Message("api.another_name")
        )

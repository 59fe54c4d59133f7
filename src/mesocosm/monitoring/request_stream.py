"""How far a monitor has come with the requests of one mark."""

from __future__ import annotations

from mesocosm.core.messages import Message, Text


class RequestStream:
    """Requests of one mark at a monitor: traffic, or a drill.

    Attributes:
        since: the newest request that was tested.
        changed: rows before it belong to a change that an alert reported; no later test reads them.
        began: labels of predictions before it belong to an incident that is over.
        read: the newest request by which open alerts were reviewed.
        rests: the moment of the monotonic clock until which no alert is reviewed again.
    """

    def __init__(self, mark: str, now: float) -> None:
        self.mark = mark
        self.since = self.changed = self.began = now
        self.read = self.rests = 0.0

    @property
    def prefix(self) -> Text:
        """What the messages of a drill begin with; empty for traffic."""
        return Message("monitoring.drill_prefix") if self.mark else ""

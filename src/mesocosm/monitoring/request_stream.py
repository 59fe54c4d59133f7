"""How far a watch has come with the requests of one mark."""

from __future__ import annotations


class RequestStream:
    """Requests of one mark at a monitor: traffic, or a drill.

    `since` is the newest request that was tested. Rows before `changed` were changed, as an alert
    has said, and no look back takes them in again. `read` is the newest request by which open
    alerts were looked at again; that rests until `rests`, a moment of the monotonic clock.
    """

    def __init__(self, mark: str, now: float) -> None:
        self.mark = mark
        self.since = self.changed = self.began = now
        self.read = self.rests = 0.0

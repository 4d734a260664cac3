"""The dead-man check: a night that never ran raises no error, so somebody else must look at the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from crosscheck.settings import Settings
from flows.outbox import CRITICAL, Message, enqueue
from warehouse import ops
from warehouse.engine import Warehouse

TOPIC = "overdue night"


@dataclass(frozen=True)
class Overdue:
    """No night was published in time. `last` is the newest published run's instant, None when there is none."""

    last: datetime | None
    deadline_hours: int
    now: datetime

    @property
    def text(self) -> str:
        """One sentence for a person."""
        if self.last is None:
            return f"no night was ever published; the deadline is {self.deadline_hours} hours"
        hours = (self.now - self.last) / timedelta(hours=1)
        return (f"the last published night is that of {self.last:%Y-%m-%d %H:%M} UTC, {hours:.0f} hours ago; "
                f"the deadline is {self.deadline_hours} hours")


def overdue(wh: Warehouse, settings: Settings, now: datetime) -> Overdue | None:
    """What is late, or None when a night was published within `alerts.deadline_hours`."""
    published = ops.publication
    with wh.engine.connect() as conn:
        newest = conn.scalar(sa.select(sa.func.max(published.c.as_of)).where(published.c.state == "done"))
    last = None if newest is None else newest.replace(tzinfo=UTC)
    late = last is None or now - last > timedelta(hours=settings.alerts.deadline_hours)
    return Overdue(last, settings.alerts.deadline_hours, now) if late else None


def raise_alert(wh: Warehouse, settings: Settings, late: Overdue, now: datetime) -> int:
    """Put the alert into the outbox; how many rows are new (none within the cool-down of an earlier one).

    Unfenced: the watch owns no run, and a message is no data.
    """
    body = "\n".join((
        f"For: {settings.alerts.owner}", f"What: {late.text}.",
        "Published tables: unchanged, and older than they should be.",
        "Next: crosscheck status; then crosscheck run, and look at the scheduler (prefect deployment ls)."))
    message = Message(TOPIC, CRITICAL, f"{settings.project.name}: no night was published in time", body)
    with wh.engine.begin() as conn:
        return enqueue(conn, f"watch-{now:%Y%m%dT%H%M%S}", message, settings, now)

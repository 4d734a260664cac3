"""The dead-man check: a night that never ran raises no error, so somebody else must look at the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from crosscheck.settings import Settings
from flows import notify
from flows.outbox import enqueue
from report.notices import late as sentence
from report.phrases import Phrase
from report.words import Language
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
    def phrase(self) -> Phrase:
        """One sentence for a person."""
        hours = None if self.last is None else (self.now - self.last) / timedelta(hours=1)
        return sentence(self.last, hours, self.deadline_hours)

    @property
    def text(self) -> str:
        """The same in English."""
        return self.phrase.said(Language.EN)


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
    message = notify.overdue(TOPIC, late.phrase, settings)
    with wh.engine.begin() as conn:
        return enqueue(conn, f"watch-{now:%Y%m%dT%H%M%S}", message, settings, now)

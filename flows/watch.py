"""The dead-man's watch: a night that never ran raises no error by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crosscheck.settings import Settings
from flows.deadman import overdue, raise_alert
from flows.outbox import deliver
from warehouse import migrations, open_warehouse


@dataclass(frozen=True)
class Finding:
    """What the watch saw; `exit_code` 0 when a night was published in time."""

    exit_code: int
    text: str


def watch(settings: Settings, now: datetime) -> Finding:
    """Look at the newest publication; alert through the outbox when it is older than the deadline."""
    with open_warehouse(settings) as wh:
        migrations.migrate(wh)
        late = overdue(wh, settings, now)
        if late is None:
            return Finding(0, "a night was published within the deadline")
        raise_alert(wh, settings, late, now)
        delivery = deliver(wh, settings, now)
    return Finding(8 if delivery.failed else 5, late.text)

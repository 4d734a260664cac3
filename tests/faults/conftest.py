"""The clean nights that every killed night is held against, once per engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from crosscheck.errors import LockHeld
from sandbox.company import make_company
from sandbox.faults import Fault
from sandbox.model import Campaign, Company, Deal, Lead
from tests.support.nights import Playground, Rows, Theatre, theatre

#: The smallest company that holds every planted quarrel.
SCALE = 0.1
PUBLISHED, GATE_FAILED, LOCK_HELD = 0, 5, LockHeld.exit_code


@dataclass(frozen=True)
class Clean:
    """Nights 1 and 2 as they are when nobody kills them, and playgrounds that start before either."""

    theatre: Theatre
    first: Playground
    second: Playground
    after: dict[int, Rows]

    @contextmanager
    def before(self, number: int) -> Iterator[Playground]:
        """A playground as it is before a night: nothing at all, or what the night before left."""
        with self.theatre.trial(self.first if number == 2 else None) as ground:
            yield ground


def spoil(ground: Playground) -> None:
    """From now on Meta answers with a tenth of its rows: the gate must refuse the night."""
    ground.stage.server.inject(Fault("meta_ads", "volume_drop", path_contains="insights", times=10_000))


def well_remembered(company: Company) -> Company:
    """The company without what a vendor forgets between the first two nights, so that a later first load knows it all.

    Campaigns keep their names. Getfly, which shows only what there is and as it is now, overwrites, cancels and deletes
    nothing. What HubSpot merges away, with the form and the click it came by, is away before the first night.
    """
    first, second, _ = company.nights

    def named(campaign: Campaign) -> Campaign:
        return replace(campaign, names=tuple(name for name in campaign.names if not first < name.seen_from <= second))

    def kept(lead: Lead) -> Lead:
        if lead.merged_at is not None and lead.created <= first < lead.merged_at <= second:
            lead = replace(lead, merged_at=first)
        if lead.crm != "getfly" or lead.created > first:
            return lead
        statuses = tuple(change for change in lead.statuses if not first < change.at <= second)
        return replace(lead, statuses=statuses, archived_at=None)

    def standing(deal: Deal) -> Deal:
        if deal.crm != "getfly":
            return deal
        if deal.cancelled_at is None or not first < deal.cancelled_at <= second:
            return replace(deal, archived_at=None)
        stages = tuple(change for change in deal.stage_changes if change.at < deal.cancelled_at)
        return replace(deal, archived_at=None, cancelled_at=None, stage_changes=stages)

    return replace(company, campaigns=tuple(map(named, company.campaigns)), leads=tuple(map(kept, company.leads)),
                   deals=tuple(map(standing, company.deals)))


@pytest.fixture(scope="session")
def clean(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clean]:
    """Both clean nights on the engine that the test names."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgresql" else None
    company = well_remembered(make_company(scale=SCALE))
    with theatre(tmp_path_factory.mktemp(request.param), server, company) as opened:
        first = opened.playground()
        assert first.run(first.dawn(1)) == PUBLISHED
        second = opened.playground(first)
        assert second.run(second.dawn(2)) == PUBLISHED
        yield Clean(opened, first, second, {1: first.published(), 2: second.published()})

"""The company indexed as it can be seen at one instant; what a record shows then is `sandbox.view`'s to say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import TypeVar

from sandbox import view
from sandbox.model import Ad, AdAccount, AdDay, Campaign, Company, Deal, Lead, StatusChange

Item = TypeVar("Item")
Owner = tuple[str, str]


@dataclass(frozen=True)
class World:
    """What had happened by `now` (UTC). Build one per clock value: every index is computed once."""

    company: Company
    now: datetime

    def accounts(self, platform: str) -> list[AdAccount]:
        """The ad accounts of a platform, managers not included."""
        return [account for account in self.company.accounts if account.platform == platform]

    def account(self, platform: str, account_id: str) -> AdAccount | None:
        """The account with that id, if the platform has it."""
        return next((one for one in self.accounts(platform) if one.account_id == account_id), None)

    @cached_property
    def campaigns(self) -> dict[Owner, list[Campaign]]:
        """Campaigns by (platform, account) that bear a name by now, deleted ones included."""
        born = (one for one in self.company.campaigns if any(name.seen_from <= self.now for name in one.names))
        return _group(born, lambda one: (one.platform, one.account_id))

    @cached_property
    def ads(self) -> dict[Owner, list[Ad]]:
        """Ads by (platform, account) of the visible campaigns."""
        known = {(*owner, one.campaign_id) for owner, found in self.campaigns.items() for one in found}
        visible = (ad for ad in self.company.ads if (ad.platform, ad.account_id, ad.campaign_id) in known)
        return _group(visible, lambda ad: (ad.platform, ad.account_id))

    @cached_property
    def spend(self) -> dict[Owner, list[AdDay]]:
        """The newest version of every ad day by (platform, account), oldest day first, without vanished ones."""
        newest: dict[tuple[str, str, str, str, str, date], AdDay] = {}
        for row in self.company.ad_days:
            key = (row.platform, row.account_id, row.campaign_id, row.ad_group_id, row.ad_id, row.day)
            if row.visible_from <= self.now and (
                    key not in newest or newest[key].visible_from <= row.visible_from):
                newest[key] = row
        shown = (newest[key] for key in sorted(newest, key=lambda key: (key[5], key)) if not newest[key].vanished)
        return _group(shown, lambda row: (row.platform, row.account_id))

    @cached_property
    def absorbed(self) -> dict[Owner, list[Lead]]:
        """Leads merged away so far by (CRM, survivor)."""
        born = {(one.crm, one.lead_id): one for one in self.company.leads if one.created <= self.now}
        gone = (one for one in born.values() if not view.exists(one, self.now))
        return _group(gone, lambda one: (one.crm, view.survivor(born, one, self.now).lead_id))

    @cached_property
    def leads(self) -> dict[str, dict[str, Lead]]:
        """Leads by CRM and id that exist now. A survivor has its own status, and all that was done."""
        shown: dict[str, dict[str, Lead]] = defaultdict(dict)
        for lead in self.company.leads:
            if view.exists(lead, self.now):
                shown[lead.crm][lead.lead_id] = self._lead_now(lead)
        return shown

    @cached_property
    def deals(self) -> dict[str, dict[str, Deal]]:
        """Deals by CRM and id, with the changes and outcomes known by now; their lead is the surviving one."""
        kept = {(crm, gone.lead_id): lead_id for (crm, lead_id), found in self.absorbed.items() for gone in found}
        shown: dict[str, dict[str, Deal]] = defaultdict(dict)
        for deal in self.company.deals:
            if deal.created <= self.now:
                lead_id = kept.get((deal.crm, deal.lead_id or ""), deal.lead_id)
                shown[deal.crm][deal.deal_id] = self._deal_now(deal, lead_id)
        return shown

    @cached_property
    def updated_at(self) -> dict[Owner, datetime]:
        """Last change of every visible lead by (CRM, id)."""
        merges = view.merge_times(self.company)
        return {(one.crm, one.lead_id): view.updated_at(one, self.now, merges) for one in self.company.leads
                if view.exists(one, self.now)}

    def name(self, campaign: Campaign) -> str:
        """The campaign's name now."""
        return view.name_of(campaign, self.now)

    def is_deleted(self, campaign: Campaign) -> bool:
        """Whether the platform has deleted it by now."""
        return campaign.deleted_at is not None and campaign.deleted_at <= self.now

    def is_hidden(self, campaign: Campaign) -> bool:
        """Whether even its rows are gone from every level below the account."""
        return campaign.rows_hidden_when_deleted and self.is_deleted(campaign)

    def _lead_now(self, lead: Lead) -> Lead:
        family = [lead, *self.absorbed.get((lead.crm, lead.lead_id), [])]
        return replace(
            lead, statuses=_until(self.now, lead.statuses),
            calls=tuple(call for one in family for call in one.calls if call.at <= self.now),
            notes=tuple(note for one in family for note in one.notes if note.at <= self.now),
            meetings=tuple(met for one in family for met in one.meetings if view.ended(met) <= self.now),
            answers=_until(self.now, lead.answers), archived_at=_past(lead.archived_at, self.now))

    def _deal_now(self, deal: Deal, lead_id: str | None) -> Deal:
        return replace(
            deal, lead_id=lead_id, stage_changes=_until(self.now, deal.stage_changes),
            won_at=_past(deal.won_at, self.now), lost_at=_past(deal.lost_at, self.now),
            cancelled_at=_past(deal.cancelled_at, self.now), archived_at=_past(deal.archived_at, self.now),
            returned=deal.returned if _past(deal.returned_at, self.now) else None,
            returned_at=_past(deal.returned_at, self.now))


def is_won(deal: Deal) -> bool:
    """Whether a deal of a World stands as won: a cancelled one lost its win."""
    return deal.won_at is not None and deal.cancelled_at is None


def _until(now: datetime, changes: tuple[StatusChange, ...]) -> tuple[StatusChange, ...]:
    return tuple(sorted((one for one in changes if one.at <= now), key=lambda one: one.at))


def _past(instant: datetime | None, now: datetime) -> datetime | None:
    return instant if instant is not None and instant <= now else None


def _group(items: Iterable[Item], key: Callable[[Item], Owner]) -> dict[Owner, list[Item]]:
    groups: dict[Owner, list[Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups

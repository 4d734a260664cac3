"""Truth, second part: which campaign a lead or deal belongs to, by what its record says and not by what is true."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from sandbox.model import Company, Lead
from sandbox.view import name_of

CampaignKey = tuple[str, str, str]
UNMATCHED: CampaignKey = ("(none)", "", "(unmatched)")

_PLATFORM = {"google": "google_ads", "adwords": "google_ads",
             **dict.fromkeys(("facebook", "fb", "ig", "instagram", "meta"), "meta_ads")}


def folded(text: str) -> str:
    """A name as people mean it: one form of each accent, no case, single spaces."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())


def query(url: str | None) -> Mapping[str, str]:
    """The parameters of a landing URL, names in lower case, the first of each name."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(urlsplit(url or "").query):
        found.setdefault(name.lower(), value)
    return found


@dataclass(frozen=True)
class Directory:
    """What the platforms had told by a night: ids and names of listed campaigns, and the click ids."""

    ids: Mapping[str, CampaignKey]
    names: Mapping[str, frozenset[CampaignKey]]
    touches: Mapping[tuple[str, str], CampaignKey]

    @classmethod
    def of(cls, company: Company, nights: Sequence[datetime]) -> Directory:
        """The directory after these nights: a name counts once a night has seen it."""
        ids: dict[str, CampaignKey] = {}
        names: dict[str, set[CampaignKey]] = {}
        for campaign in company.campaigns:
            key = (campaign.platform, campaign.account_id, campaign.campaign_id)
            for night in nights:
                is_listed = campaign.deleted_at is None or campaign.deleted_at > night
                if is_listed and campaign.names[0].seen_from <= night:
                    ids[campaign.campaign_id] = key
                    names.setdefault(folded(name_of(campaign, night)), set()).add(key)
        touches = {(touch.kind, touch.touch_id): (touch.platform, touch.account_id, touch.campaign_id)
                   for touch in company.touches if touch.at <= nights[-1]}
        return cls(ids, {name: frozenset(keys) for name, keys in names.items()}, touches)

    def named(self, text: str | None, platform: str | None = None) -> frozenset[CampaignKey]:
        """The campaigns that this text may mean: the one with this id, else all that ever bore this name."""
        if not text:
            return frozenset()
        if text in self.ids and platform in (None, self.ids[text][0]):
            return frozenset((self.ids[text],))
        return frozenset(key for key in self.names.get(folded(text), ()) if platform in (None, key[0]))

    def of_lead(self, lead: Lead) -> tuple[CampaignKey, str]:
        """The lead's campaign and an empty reason, or `UNMATCHED` and why."""
        said = query(lead.url)
        clicks = [said[name] for name in ("gclid", "gbraid", "wbraid") if said.get(name)]
        ids = [("vendor_lead_id", lead.vendor_lead_id or ""), *(("gclid", click) for click in clicks)]
        for touch in ids:
            if touch in self.touches:
                return self.touches[touch], ""
        utm = self.named(said.get("utm_campaign"), _PLATFORM.get(said.get("utm_source", "").lower()))
        crm = self.named(lead.crm_campaign)
        for candidates in (utm, crm):
            if len(candidates) == 1:
                return next(iter(candidates)), ""
        reasons = {
            "ambiguous_name": len(utm) > 1 or len(crm) > 1,
            "unknown_click_id": bool(clicks or lead.vendor_lead_id),
            "unknown_campaign": bool(said.get("utm_campaign") or lead.crm_campaign),
            "fbclid_only": bool(said.get("fbclid") or said.get("ttclid")),
            "self_declared_only": bool(lead.declared_origin),
        }
        return UNMATCHED, next((reason for reason, holds in reasons.items() if holds), "no_tracking")

    def of_orphan(self, crm_campaign: str | None) -> CampaignKey:
        """The campaign of a deal without a lead: the one it names, if it names exactly one."""
        candidates = self.named(crm_campaign)
        return next(iter(candidates)) if len(candidates) == 1 else UNMATCHED

"""What is asked of Meta: streams, their fields, and the parameters of reports and lists."""

from __future__ import annotations

import json

from connectors.base import LoadMode, Output, Slice, Stream, StreamKind
from crosscheck.canonical import AD, AD_DAILY, AD_GROUP, AD_TOUCH, CAMPAIGN, ENGAGEMENT_DAILY
from crosscheck.windows import Window

#: Meta answers reports for 37 months, and refuses anything older with error 3018.
HISTORY_DAYS = 1123
_STATUSES = ("ACTIVE", "PAUSED", "DELETED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES")
_SET_STATUSES = (*_STATUSES, "CAMPAIGN_PAUSED")
_AD_STATUSES = (*_SET_STATUSES, "ADSET_PAUSED", "PENDING_REVIEW", "DISAPPROVED", "PREAPPROVED", "PENDING_BILLING_INFO")
#: Edge or level of a report → every status that its entities can have.
STATUSES = {"campaigns": _STATUSES, "campaign": _STATUSES, "adsets": _SET_STATUSES, "ads": _AD_STATUSES,
            "ad": _AD_STATUSES}

_SPEND = "account_currency spend impressions clicks actions action_values attribution_setting"
#: Stream → level of the report; the other streams are plain edges.
LEVELS = {"account_daily": "account", "campaign_daily": "campaign", "ad_daily": "ad"}
FIELDS: dict[str, tuple[str, ...]] = {name: tuple(text.split()) for name, text in {
    "account_daily": _SPEND,
    "campaign_daily": f"campaign_id {_SPEND}",
    "ad_daily": f"campaign_id adset_id ad_id {_SPEND}",
    "campaigns": "id name effective_status objective",
    "adsets": "id name effective_status campaign_id",
    "ads": "id name effective_status campaign_id adset_id",
    "lead_forms": "id created_time ad_id adset_id campaign_id form_id",
}.items()}

STREAMS = (
    Stream("account_daily", StreamKind.WINDOW, "account and account-local day; a control total",
           (Output(AD_DAILY, LoadMode.WINDOW),), max_history_days=HISTORY_DAYS),
    Stream("campaign_daily", StreamKind.WINDOW, "campaign and account-local day, deleted ones too",
           (Output(AD_DAILY, LoadMode.WINDOW), Output(ENGAGEMENT_DAILY, LoadMode.WINDOW)),
           max_history_days=HISTORY_DAYS),
    Stream("ad_daily", StreamKind.WINDOW, "ad and account-local day, deleted ones too",
           (Output(AD_DAILY, LoadMode.WINDOW),), max_history_days=HISTORY_DAYS, empty_is_normal=True),
    Stream("campaigns", StreamKind.SNAPSHOT, "campaign, deleted and archived ones too",
           (Output(CAMPAIGN, LoadMode.HISTORY),)),
    Stream("adsets", StreamKind.SNAPSHOT, "ad set, deleted and archived ones too",
           (Output(AD_GROUP, LoadMode.HISTORY),), empty_is_normal=True),
    Stream("ads", StreamKind.SNAPSHOT, "ad, deleted and archived ones too", (Output(AD, LoadMode.HISTORY),),
           empty_is_normal=True),
    Stream("lead_forms", StreamKind.WINDOW, "submitted lead form and account-local day",
           (Output(AD_TOUCH, LoadMode.UPSERT),), lookback_days=7, chunk_days=HISTORY_DAYS,
           max_history_days=HISTORY_DAYS, empty_is_normal=True),
)


def list_params(edge: str) -> dict[str, str]:
    """The parameters of a plain list: deleted and archived entities must be asked for by status."""
    return {"fields": ",".join(FIELDS[edge]), "effective_status": json.dumps(STATUSES[edge])}


def report_params(job: Slice, window: Window) -> dict[str, str]:
    """The parameters of a report: by day, by the accounts' own attribution setting, deleted entities included."""
    level = LEVELS[job.stream.name]
    asked = {"level": level, "time_increment": "1", "fields": ",".join(FIELDS[job.stream.name]),
             "time_range": json.dumps({"since": str(window.first), "until": str(window.last)}),
             "use_unified_attribution_setting": "true"}
    if level != "account":
        wanted = {"field": f"{level}.effective_status", "operator": "IN", "value": STATUSES[level]}
        asked["filtering"] = json.dumps([wanted])
    return asked

"""Gate 2: what staging must agree with itself about: references, currencies, totals, rates, and the accounting."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ACCOUNT, AD_DAILY, DEAL, FX_RATE, LEAD, LEAD_STATUS
from crosscheck.rules import LeadStates
from crosscheck.rules.lead_states import ORIGINS
from crosscheck.settings import Settings
from crosscheck.windows import local_day
from expectations.rules import Fact, Severity, flag
from expectations.volume import FLOOR, TRACKING
from warehouse import ddl, ops
from warehouse.shims import day_plus
from warehouse.staging.states import is_won

_ACCOUNT, _DAILY, _DEAL, _FX = ddl.table(ACCOUNT), ddl.table(AD_DAILY), ddl.table(DEAL), ddl.table(FX_RATE)
_LEAD, _STATUS = ddl.table(LEAD), ddl.table(LEAD_STATUS)
#: Spend that no campaign carries, above which a campaign table says too little to be read without the warning.
_UNALLOCATED = 0.2
_LOST_TRACKING = 0.5


def facts(run_id: str, settings: Settings, as_of: datetime, states: LeadStates | None) -> list[Fact]:
    """The facts of staging. Spend is judged on the days that this run may have changed, rates on every day."""
    return [
        accounting(run_id), *_references(run_id), *_totals(run_id, settings.gates.reconcile_tolerance),
        *_rates(settings), *_statuses(states, settings), *_origins(states, settings),
        _tracking(local_day(as_of, settings.project.time_zone))]


def accounting(run_id: str) -> Fact:
    """Received = staged + quarantined + deduplicated, for every slice that this run staged."""
    slice_ = ops.slice_
    tonight = sa.and_(slice_.c.run_id == run_id, slice_.c.status == "staged")
    parts = slice_.c.staged_rows + slice_.c.quarantined_rows + slice_.c.deduplicated_rows
    query = sa.select(slice_.c.stream_key, slice_.c.first_day, slice_.c.last_day, slice_.c.received_rows,
                      slice_.c.staged_rows, slice_.c.quarantined_rows, slice_.c.deduplicated_rows)
    return Fact("slice", "every row is accounted for", Severity.FAIL,
                query.where(tonight, slice_.c.received_rows.is_distinct_from(parts)),
                sa.select(sa.func.count()).select_from(slice_).where(tonight),
                "received differs from staged + quarantined + deduplicated", must_apply=True)


def _touched(run_id: str) -> sa.ColumnElement[bool]:
    """Ad rows of the days that this run read."""
    slice_ = ops.slice_
    first = sa.select(sa.func.min(slice_.c.first_day)).where(slice_.c.run_id == run_id).scalar_subquery()
    return _DAILY.c.day >= first


def _references(run_id: str) -> list[Fact]:
    same = sa.and_(_ACCOUNT.c.platform == _DAILY.c.platform, _ACCOUNT.c.account_id == _DAILY.c.account_id)
    pairs = sa.select(_DAILY.c.platform, _DAILY.c.account_id).where(_touched(run_id)).distinct()
    described = _DAILY.c.platform.in_(sa.select(_ACCOUNT.c.platform))  # a file may bring spend without accounts
    evaluated = sa.select(sa.func.count()).select_from(pairs.subquery())
    brought = sa.select(ops.slice_.c.slice_id).where(ops.slice_.c.run_id == run_id)
    other = (sa.select(_DAILY.c.platform, _DAILY.c.account_id, _DAILY.c.currency_code,
                       _ACCOUNT.c.currency_code.label("account_currency"), sa.func.count().label("rows_wrong"))
             .select_from(_DAILY.join(_ACCOUNT, same))
             .where(_DAILY.c.slice_id.in_(brought), _DAILY.c.currency_code != _ACCOUNT.c.currency_code)
             .group_by(_DAILY.c.platform, _DAILY.c.account_id, _DAILY.c.currency_code, _ACCOUNT.c.currency_code))
    return [
        Fact("ad_daily", "every account is known", Severity.FAIL,
             pairs.where(described, ~sa.exists().where(same).correlate(_DAILY)), evaluated,
             "spend of an account that the platform did not list"),
        Fact("ad_daily", "the currency is the account's", Severity.FAIL, other, evaluated,
             "rows read tonight are in another currency than their account"),
    ]


def _totals(run_id: str, tolerance: float) -> list[Fact]:
    """Finer levels may stay below the account's control total (unallocated), never exceed it."""
    place = (_DAILY.c.platform, _DAILY.c.account_id, _DAILY.c.day)
    by_level = (sa.select(*place, _DAILY.c.level, sa.func.sum(_DAILY.c.spend_amount).label("spend"))
                .where(_touched(run_id)).group_by(*place, _DAILY.c.level).cte("by_level"))
    control, finer = by_level.alias("control"), by_level.alias("finer")
    both = control.join(finer, sa.and_(
        *(control.c[name] == finer.c[name] for name in ("platform", "account_id", "day")), finer.c.level != "account",
        control.c.level == "account"))
    query = sa.select(finer.c.platform, finer.c.account_id, finer.c.day, finer.c.level, finer.c.spend,
                      control.c.spend.label("control_total")).select_from(both)
    evaluated = sa.select(sa.func.count()).select_from(both)
    excess = finer.c.spend - control.c.spend
    missing = sa.and_(control.c.spend > 0, -excess > control.c.spend * _UNALLOCATED)
    return [
        Fact("ad_daily", "finer levels do not exceed the control total", Severity.FAIL,
             query.where(excess > sa.func.abs(control.c.spend) * tolerance), evaluated,
             f"more than {tolerance:.1%} above what the platform reports for the account"),
        Fact("ad_daily", "most spend belongs to a campaign", Severity.WARN,
             query.where(missing, finer.c.level == "campaign"), evaluated,
             f"more than {_UNALLOCATED:.0%} of the day's spend is unallocated"),
    ]


def _rates(settings: Settings) -> list[Fact]:
    """Every amount that a mart converts has a rate young enough; every deal's amount has a currency."""
    to, age = settings.project.reporting_currency, settings.gates.fx_max_age_days
    spend = sa.select(_DAILY.c.currency_code, _DAILY.c.day.label("day")).where(_DAILY.c.spend_amount != 0)
    deals = sa.select(_DEAL.c.currency_code, _DEAL.c.closed_day.label("day")).where(
        is_won(_DEAL), _DEAL.c.deal_amount != 0)
    needed = sa.union(spend, deals).subquery("needed")
    young = sa.exists().where(
        _FX.c.from_currency == needed.c.currency_code, _FX.c.to_currency == to,
        _FX.c.day <= needed.c.day, _FX.c.day > day_plus(needed.c.day, -age - 1)).correlate(needed)
    foreign = sa.and_(needed.c.currency_code.is_not(None), needed.c.currency_code != to)
    newest = sa.select(sa.func.max(_FX.c.day)).where(
        _FX.c.from_currency == needed.c.currency_code, _FX.c.to_currency == to,
        _FX.c.day <= needed.c.day).correlate(needed).scalar_subquery()
    bare = sa.and_(_DEAL.c.is_won, _DEAL.c.deal_amount != 0, _DEAL.c.currency_code.is_(None))
    won = sa.select(sa.func.count()).select_from(_DEAL).where(_DEAL.c.is_won)
    return [
        Fact("fx_rate", "every amount has a rate", Severity.FAIL,
             sa.select(needed.c.currency_code, needed.c.day, newest.label("newest_rate")).where(foreign, ~young),
             sa.select(sa.func.count()).select_from(needed).where(foreign),
             f"no rate into {to} of that day or of the {age} days before it"),
        Fact("deal", "every won amount has a currency", Severity.FAIL,
             sa.select(_DEAL.c.source, sa.func.count().label("deals")).where(bare).group_by(_DEAL.c.source), won,
             "won deals with an amount and no currency"),
    ]


def _statuses(states: LeadStates | None, settings: Settings) -> list[Fact]:
    """A status that no rule file knows means nothing to the marts until somebody says what it means."""
    if states is None:
        return []
    known = sa.or_(*(_known(states, source.name, source.connector) for source in settings.sources), sa.false())
    fields = sorted({field for file in states.files.values() for field, _ in file.statuses})
    ruled = _STATUS.c.status_field.in_(fields)
    query = (sa.select(_STATUS.c.source, _STATUS.c.status_field, _STATUS.c.status, sa.func.count().label("times"))
             .where(ruled, ~known).group_by(_STATUS.c.source, _STATUS.c.status_field, _STATUS.c.status))
    return [Fact("lead_status", "every status has a rule", Severity.WARN, query,
                 sa.select(sa.func.count()).select_from(_STATUS).where(ruled),
                 "statuses that no file in rules/lead_states knows")]


def _origins(states: LeadStates | None, settings: Settings) -> list[Fact]:
    """Words of origin that a source's rules do not know credit nobody. They are counted, not told: a person wrote them.

    A field of which the rules know no word is not asked.
    """
    unknown = [
        sa.select(_LEAD.c.source, sa.literal(field).label("field"), sa.func.count().label("leads"))
        .where(_LEAD.c.source == source.name, _LEAD.c[field].is_not(None), _LEAD.c[field].not_in(words))
        .group_by(_LEAD.c.source)
        for source in settings.sources for field in ORIGINS
        if (words := _words(states, field, source.name, source.connector))]
    if not unknown:
        return []
    said = sa.or_(*(_LEAD.c[field].is_not(None) for field in ORIGINS))
    return [Fact("lead", "every word of origin has a rule", Severity.WARN,
                 sa.select(sa.union_all(*unknown).subquery("unknown")),
                 sa.select(sa.func.count()).select_from(_LEAD).where(said),
                 "lead sources and declared origins that no file in rules/lead_states knows")]


def _words(states: LeadStates | None, field: str, *names: str) -> list[str]:
    return sorted(word for where, word in (states.states_for(*names) if states else {}) if where == field)


def _known(states: LeadStates, source: str, connector: str) -> sa.ColumnElement[bool]:
    by_field: dict[str, list[str]] = {}
    for field, status in states.states_for(source, connector):
        by_field.setdefault(field, []).append(status)
    agreed = [sa.and_(_STATUS.c.status_field == field, _STATUS.c.status.in_(sorted(values)))
              for field, values in sorted(by_field.items())]
    return sa.and_(_STATUS.c.source == source, sa.or_(*agreed, sa.false()))


def _tracking(today: date) -> Fact:
    """The share of leads without any tracking, yesterday against the four weeks before, per source."""
    bare = sa.and_(*(_LEAD.c[name].is_(None) for name in sorted(TRACKING - {"form_id", "landing_page"})))
    yesterday = today - timedelta(days=1)
    late, early = _LEAD.c.created_day == yesterday, _LEAD.c.created_day < yesterday
    columns: list[Any] = [sa.func.sum(flag(late)).label("leads"), sa.func.sum(flag(sa.and_(late, bare))).label("bare"),
                          sa.func.sum(flag(early)).label("leads_before"),
                          sa.func.sum(flag(sa.and_(early, bare))).label("bare_before")]
    per = (sa.select(_LEAD.c.source, *columns)
           .where(_LEAD.c.created_day.between(yesterday - timedelta(days=28), yesterday))
           .group_by(_LEAD.c.source).subquery("per_source"))
    enough = sa.and_(per.c.leads >= FLOOR, per.c.leads_before >= FLOOR)
    jump = (sa.cast(per.c.bare, sa.Double()) / sa.func.nullif(per.c.leads, 0)
            - sa.cast(per.c.bare_before, sa.Double()) / sa.func.nullif(per.c.leads_before, 0))
    return Fact("lead", "tracking is not lost", Severity.WARN, sa.select(per).where(enough, jump > _LOST_TRACKING),
                sa.select(sa.func.count()).select_from(per).where(enough),
                "leads without any tracking yesterday, far more than in the weeks before")

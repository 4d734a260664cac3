"""What differs from the publication before, record by record, and the first cause that holds of each difference.

The order of causes, and what each means: docs/decisions/0017-belief-over-time.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crosscheck.tables import Kind, Table
from warehouse import ddl, ops
from warehouse.engine import naive_utc
from warehouse.marts.campaign_roi_daily import RECORD as DAILY
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.returns import KEY, QUALIFIED_STATES
from warehouse.shims import Expression
from warehouse.staging.appeals import is_appealed
from warehouse.staging.base import Context, Selectable, netted
from warehouse.staging.heads import merged_lead

_STATES = tuple(f"{state}_at" for state in QUALIFIED_STATES)
_HEAD = ("head_source", "head_lead_id")
_LEAD = ("cohort_month", "created_day", *_HEAD, "is_unique", *_STATES, "rule_version", "appeals")
_DEAL = ("lead_id", "closed_day", "is_won", "is_first_win", "is_archived", *_HEAD, "deal_amount", "currency_code",
         "deal_reporting_amount")
_SPEND = ("spend_amount", "currency_code", "spend_reporting_amount")


def publication_before(ctx: Context) -> sa.Select[Any]:
    """One row: the newest publication under an earlier clock than this build's, nulls when there is none; and the
    number of the newest of all.

    Of an earlier clock, so that a night that is built again still explains what changed since the night before.
    """
    p = ops.publication.c
    earlier = sa.and_(p.publication_no.is_not(None), p.as_of < sa.literal(naive_utc(ctx.as_of), sa.DateTime()))
    newest = (sa.func.max(sa.case((earlier, p[name]))).label(name)
              for name in ("publication_no", "as_of", "business_day"))
    return sa.select(*newest, sa.func.max(p.publication_no).label("newest_no"))


def paired(ctx: Context, record: Table, key: Sequence[str], names: Sequence[str]) -> sa.Subquery:
    """One row per key whose row differs from the publication before: `was` and `comes`, and both values of each name,
    `old_…` and `new_…`, null on a side on which there is no row.
    """
    row = netted(*_states(ctx, record, [*key, *names])).subquery("row")
    old, new = row.c.side < 0, row.c.side > 0
    firsts = [_any(old).label("was"), _any(new).label("comes")]
    for name in names:
        single = _any if record.by_name[name].field.kind is Kind.FLAG else sa.func.max
        firsts += [single(sa.case((side, row.c[name]))).label(f"{word}_{name}")
                   for word, side in (("old", old), ("new", new))]
    by = [row.c[name] for name in key]
    return sa.select(*by, *firsts).group_by(*by).subquery(f"changed_{record.name}")


def _any(condition: Expression) -> Expression:
    return sa.func.bool_or(condition, type_=sa.Boolean())


def _states(ctx: Context, record: Table, names: Sequence[str]) -> list[tuple[sa.Select[Any], int]]:
    """What is now and what was then, as far as it may differ: what was rebuilt, and what was published meanwhile."""
    before = ctx.step(publication_before)
    no: Expression = sa.select(before.c.publication_no).scalar_subquery()
    log = ddl.log(record)
    first = (_of(ctx.current(record), names).where(no.is_(None)), 1)
    since = [(_of(log, names).where(log.c.publication_no > no, log.c.side == side), side) for side in (1, -1)]
    if ctx.conn is None:  # printed: nothing is being built
        return [first, *since]
    known = ctx.conn.execute(sa.select(before)).one()
    if known.publication_no is None:
        return [first]
    return _rebuilt(ctx, record, names) + (since if known.newest_no > known.publication_no else [])


def _rebuilt(ctx: Context, record: Table, names: Sequence[str]) -> list[tuple[sa.Select[Any], int]]:
    fresh, shown, scope = ddl.table(record, "mart_next"), ddl.table(record, "mart"), ctx.scopes.get(record.name)
    replaced = sa.true() if scope is None else ctx.within(record.name, shown.c[scope.info["column"]])
    return [(_of(fresh, names), 1), (_of(shown, names).where(replaced), -1)]


def _of(rows: Selectable, names: Sequence[str]) -> sa.Select[Any]:
    return sa.select(*(rows.c[name] for name in names))


def lead_pair(ctx: Context) -> sa.Select[Any]:
    """One row per lead that differs, and the lead into which it was merged away, if it was."""
    pair, gone = paired(ctx, LEAD_FACT, LEAD_FACT.key, (*KEY, *_LEAD)), ctx.step(merged_lead)
    whose = sa.and_(gone.c.source == pair.c.source, gone.c.lead_id == pair.c.lead_id)
    return sa.select(pair, gone.c.root_id).select_from(pair.outerjoin(gone, whose))


def fresh_merge(ctx: Context) -> sa.Select[Any]:
    """One row per lead that was merged away since the publication before, with the head lead that it belongs to now."""
    pair, fact = ctx.step(lead_pair), ctx.current(LEAD_FACT).alias("into")
    into = sa.and_(fact.c.source == pair.c.source, fact.c.lead_id == pair.c.root_id)
    return (sa.select(pair.c.source, pair.c.lead_id, *(fact.c[name] for name in _HEAD))
            .select_from(pair.join(fact, into)).where(~pair.c.comes))


def lead_change(ctx: Context) -> sa.Select[Any]:
    """One row per lead that differs, with its cause."""
    pair, before = ctx.step(lead_pair), ctx.step(publication_before)
    told = [sa.case((pair.c[f"old_{name}"].is_(None), pair.c[f"new_{name}"])) for name in _STATES]
    since = sa.func.greatest(*told, type_=sa.DateTime())  # the newest of what is told now and was not then
    cause = sa.case(
        (~pair.c.was, _when(pair.c.new_created_day, before)),
        (sa.and_(~pair.c.comes, pair.c.root_id.is_not(None)), "merged"), (~pair.c.comes, "vanished"),
        (_merges(ctx, pair), "merged"), (_differs(pair, *_HEAD), "same_person"), (_differs(pair, *KEY), "recredited"),
        (_differs(pair, "cohort_month"), "restated"), (_appealed(pair), "appeal"), (since > before.c.as_of, "new"),
        (_differs(pair, "rule_version"), "re_ruled"), (since.is_not(None), "late"), else_="restated")
    return _caused(pair, before, cause=cause)


def deal_change(ctx: Context) -> sa.Select[Any]:
    """One row per deal that differs, with the cause of a different win and that of different revenue."""
    pair, before = paired(ctx, DEAL_FACT, DEAL_FACT.key, (*KEY, *_DEAL)), ctx.step(publication_before)
    won, wins = (sa.func.coalesce(pair.c[f"{side}_is_won"], sa.false()) for side in ("old", "new"))
    common = [
        (sa.and_(~won, wins), _when(pair.c.new_closed_day, before)),
        (sa.or_(~pair.c.comes, sa.func.coalesce(pair.c.new_is_archived, sa.false())), "vanished"),
        (~wins, "restated"), (_merges(ctx, pair), "merged"), (_differs(pair, "lead_id"), "recredited"),
        (_differs(pair, *_HEAD), "same_person"), (_differs(pair, *KEY), "recredited"),
        (_differs(pair, "closed_day"), "restated")]
    revenue = sa.case(*common, (_differs(pair, "deal_amount", "currency_code"), "restated"), else_="rate")
    return _caused(pair, before, cause=sa.case(*common, else_="same_person"), revenue_cause=revenue)


def spend_change(ctx: Context) -> sa.Select[Any]:
    """One row per campaign and day whose spend differs, with its cause."""
    pair, before = paired(ctx, DAILY, DAILY.key, _SPEND), ctx.step(publication_before)
    same = sa.and_(pair.c.new_spend_amount.is_not(None), ~_differs(pair, "spend_amount", "currency_code"))
    cause = sa.case((pair.c.old_spend_reporting_amount.is_(None), _when(pair.c.day, before)),
                    (pair.c.new_spend_reporting_amount.is_(None), "vanished"), (same, "rate"), else_="restated")
    return _caused(pair, before, cause=cause)


def _caused(pair: Selectable, before: Selectable, **causes: Expression) -> sa.Select[Any]:
    return sa.select(pair, *(cause.label(name) for name, cause in causes.items())).join_from(pair, before, sa.true())


def _when(day: Expression, before: Selectable) -> Expression:
    """`late` for a day that was over when the publication before was made; `new` for a later one."""
    return sa.case((day < before.c.business_day, "late"), else_="new")


def _differs(pair: Selectable, *names: str) -> Expression:
    return sa.or_(*(pair.c[f"old_{name}"].is_distinct_from(pair.c[f"new_{name}"]) for name in names))


def _appealed(pair: Selectable) -> Expression:
    """Whether a state differs that rests on an appeal, now or before."""
    return sa.or_(*(sa.and_(_differs(pair, f"{state}_at"), sa.or_(
        *(is_appealed(pair.c[f"{side}_appeals"], state) for side in ("old", "new"))))
        for state in QUALIFIED_STATES))


def _merges(ctx: Context, pair: Selectable) -> Expression:
    """Whether the head that a record had was merged away, or the one that it has took another lead in."""
    merge = ctx.step(fresh_merge)
    return sa.or_(
        sa.tuple_(*(pair.c[f"old_{name}"] for name in _HEAD)).in_(sa.select(merge.c.source, merge.c.lead_id)),
        sa.tuple_(*(pair.c[f"new_{name}"] for name in _HEAD)).in_(sa.select(*(merge.c[name] for name in _HEAD))))


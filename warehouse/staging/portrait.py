"""What a person's answers say by the agreed portrait, and whose verdict that bears out: the one definition of both.

Answers have no hour, for not every CRM keeps one: they count as they stand now, whenever the verdict was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD, PORTRAIT_ANSWER
from crosscheck.rules import Portrait, PortraitRule
from warehouse import ddl
from warehouse.shims import Expression, binary_order, count_if
from warehouse.staging.base import Context, Selectable
from warehouse.staging.heads import lead_head


def head_answer(ctx: Context) -> sa.Select[Any]:
    """One row per head lead judged with answers: how many, and what the hard rules make of them."""
    told, hard = _told(ctx).subquery("told"), ctx.rules.portrait.hard
    fails = [count_if(sa.and_(told.c.portrait_field == rule.field, _fails(told, rule))) > 0 for rule in hard]
    unread = [count_if(sa.and_(told.c.portrait_field == rule.field, _is_unreadable(told, rule))) for rule in hard]
    first: Expression = sa.case(*((failed, sa.literal(str(rule))) for failed, rule in zip(fails, hard, strict=True)),
                                else_=sa.null()) if hard else sa.null()
    return (sa.select(told.c.head_source, told.c.head_lead_id, sa.func.count().label("answer_count"),
                      sum(unread, sa.literal_column("0", sa.BigInteger())).label("unreadable_count"),
                      sa.cast(first, sa.Text()).label("failed_rule"))
            .where(told.c.place == 1).group_by(told.c.head_source, told.c.head_lead_id))


def _told(ctx: Context) -> sa.Select[Any]:
    """Answers with the question that they answer; of several the head lead's own comes first, then by source and id."""
    answer, head = ddl.table(PORTRAIT_ANSWER), ctx.step(lead_head)
    field = _field(ctx.rules.portrait, answer)
    same = sa.and_(head.c.source == answer.c.source, head.c.lead_id == answer.c.lead_id)
    is_own = sa.and_(head.c.head_source == answer.c.source, head.c.head_lead_id == answer.c.lead_id)
    row = (sa.select(head.c.head_source, head.c.head_lead_id, field.label("portrait_field"), answer.c.answer,
                     answer.c.answer_number, sa.case((is_own, 0), else_=1).label("is_other"), answer.c.source,
                     answer.c.lead_id)
           .join_from(answer, head, same)
           .where(answer.c.answer.is_not(None), ctx.judges(LEAD, answer)).subquery("answer"))
    place = sa.func.row_number().over(
        partition_by=(row.c.head_source, row.c.head_lead_id, row.c.portrait_field),
        order_by=(row.c.is_other, binary_order(row.c.source), binary_order(row.c.lead_id)))
    return sa.select(row, place.label("place")).where(_is_asked(ctx.rules.portrait, row))


def _is_asked(portrait: Portrait, row: Selectable) -> Expression:
    """Whether the head lead's own source asks the question: what another one asks beyond is not missed of it."""
    return sa.or_(sa.false(), *(sa.and_(row.c.head_source == source, row.c.portrait_field.in_(portrait.asked(source)))
                                for source in portrait.sources))


def _field(portrait: Portrait, answer: Selectable) -> Expression:
    """The question that a property answers; null where it answers none, any more or at all."""
    kept = [(sa.and_(answer.c.source == source, answer.c.portrait_property == word), sa.literal(field))
            for source in portrait.sources for field, word in portrait.asked(source).items()]
    return sa.cast(sa.case(*kept) if kept else sa.null(), sa.Text())


def _fails(told: Selectable, rule: PortraitRule) -> Expression:
    """Whether an answer fails a rule; one that cannot be read does not."""
    tests: Mapping[str, Any] = {
        "any_of": told.c.answer.not_in, "none_of": told.c.answer.in_,
        "at_least": told.c.answer_number.__lt__, "at_most": told.c.answer_number.__gt__}
    return sa.func.coalesce(tests[rule.test](rule.values), sa.false())


def _is_unreadable(told: Selectable, rule: PortraitRule) -> Expression:
    """Whether a number is asked for and something else was answered."""
    return sa.false() if isinstance(rule.values, tuple) else told.c.answer_number.is_(None)


def by_rules(ctx: Context, source: Expression, answered: Selectable, is_unique: Expression) -> dict[str, Expression]:
    """The four columns of a lead that its answers decide; null on repeats. `answered` is an outer-joined row."""
    portrait = ctx.rules.portrait
    asked = {each: len(portrait.asked(each)) for each in portrait.sources}
    number: Expression = sa.cast(sa.case(asked, value=source, else_=0) if asked else sa.literal_column("0"),
                                 sa.BigInteger())
    count = sa.func.coalesce(answered.c.answer_count, sa.literal_column("0", sa.BigInteger()))
    deciding = [each for each in portrait.sources if portrait.decides(each)]
    verdict = sa.case(
        (source.not_in(deciding), "not_collected"),
        (sa.or_(count < number, answered.c.unreadable_count > 0), "incomplete"),
        (answered.c.failed_rule.is_not(None), "fails"), else_="fits")
    values: dict[str, Expression] = {"asked_count": number, "answer_count": count,
                                     "portrait_verdict": verdict, "failed_rule": answered.c.failed_rule}
    return {name: sa.case((is_unique, value)) for name, value in values.items()}


def support(is_wrong: Expression, verdict: Expression) -> Expression:
    """What the answers make of a verdict of sales, wrong target or right: the one definition of all tables."""
    return sa.case(
        (sa.func.coalesce(verdict.not_in(("fits", "fails")), sa.true()), "unsupported"),
        (is_wrong == (verdict == "fails"), "supported"), else_="contradicted")
